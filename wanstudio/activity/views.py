"""The activity of a team: who did what, newest first, filtered by what the address says, and as a file."""

import csv
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_safe

from wanstudio.activity.models import OWNERS_ONLY, Activity
from wanstudio.activity.queries import visible_activities
from wanstudio.activity.words import GROUPS, words
from wanstudio.teams import access
from wanstudio.teams.models import Team
from wanstudio.teams.roles import Act
from wanstudio.usage.views import Echo
from wanstudio.web.csv_cells import safe
from wanstudio.web.row_links import path_of

PAGE = 50
COLUMNS = ("at", "person", "act", "about", "thing", "id", "ip")


@login_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """`person`, `group`, `from` and `to` (days, both included) narrow it."""
    team = _team(request)
    before = request.GET.get("before", "")
    page, following = access.page(_chosen(request, team), before, PAGE)
    rows = [{"row": row, "words": words(row.act), "path": path_of(row.thing, row.thing_id)} for row in page]
    context = {
        "rows": rows,
        "people": team.memberships.select_related("user").order_by("user__name", "pk"),
        "groups": [(act, name) for act, name in GROUPS.items() if _is_owner(request, team) or act not in OWNERS_ONLY],
        "chosen": {name: request.GET.get(name, "") for name in ("person", "group", "from", "to")},
        "query": _query(request),
        "before": before,
        "next": following,
    }
    return render(request, "activity/show.html", context)


@login_required
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The same rows, oldest first, as they are read: any number of them. Times are UTC."""
    rows = _chosen(request, _team(request)).order_by("pk").iterator(chunk_size=500)
    response = StreamingHttpResponse(_lines(rows), content_type="text/csv; charset=utf-8")
    name = f"wan-studio-activity-{timezone.now():%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _team(request: HttpRequest) -> Team:
    team = access.current_team(request)
    access.require(request, team, Act.ACTIVITY)
    return team


def _is_owner(request: HttpRequest, team: Team) -> bool:
    return access.may(request, team, Act.KEY)


def _chosen(request: HttpRequest, team: Team) -> QuerySet[Activity]:
    rows = visible_activities(request, team)
    if (person := access.number(request.GET.get("person"))) is not None:
        rows = rows.filter(person=person)
    if (group := request.GET.get("group", "")) in GROUPS:
        rows = rows.filter(Q(act=group) | Q(act__startswith=f"{group}."))
    if since := _day(request, "from"):
        rows = rows.filter(at__gte=_start(since, team))
    if until := _day(request, "to"):
        rows = rows.filter(at__lt=_start(until + timedelta(days=1), team))
    return rows


def _day(request: HttpRequest, name: str) -> date | None:
    try:
        day = parse_date(request.GET.get(name, ""))
    except ValueError:
        return None
    # The first and the last days of the calendar have no day before or after them.
    return day if day and 1 < day.year < 9999 else None


def _start(day: date, team: Team) -> datetime:
    return datetime.combine(day, time(), team.zone)


def _query(request: HttpRequest) -> str:
    """The filters as the address holds them, to go on from."""
    kept = request.GET.copy()
    kept.pop("before", None)
    return kept.urlencode()


def _lines(rows: Iterator[Activity]) -> Iterator[str]:
    writer: Any = csv.writer(Echo())
    yield writer.writerow(COLUMNS)
    for row in rows:
        texts = (row.who, row.act, row.about, row.thing)
        cells = [
            row.at.isoformat(timespec="seconds"),
            *(safe(text) for text in texts),
            row.thing_id or "",
            row.ip or "",
        ]
        yield writer.writerow(cells)
