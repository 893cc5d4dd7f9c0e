"""The activity of a team, newest first, filtered by the address: as a page and as a CSV file."""

from datetime import date, datetime, time, timedelta

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date

from wanstudio.activity.models import Activity, Group
from wanstudio.activity.queries import ReadableActivity, newest, oldest_first, readers
from wanstudio.activity.words import GROUPS, words
from wanstudio.web.addresses import path_of
from wanstudio.web.csv_answers import csv_file
from wanstudio.web.lookups import number, page_view

PAGE = 50
COLUMNS = ("at", "person", "act", "about", "thing", "id", "ip")


@page_view
def show(request: HttpRequest) -> HttpResponse:
    """`person`, `group`, `from` and `to` (days, both included) narrow it."""
    readable = readers[0](request)
    before = request.GET.get("before", "")
    rows, following = newest(_chosen(request, readable), number(before), PAGE)
    query = request.GET.copy()
    query.pop("before", None)
    context = {
        "rows": [{"row": row, "words": words(row.act), "path": path_of(row.thing, row.thing_id)} for row in rows],
        "people": readable.people,
        "groups": list(readable.groups.items()),
        "chosen": {name: request.GET.get(name, "") for name in ("person", "group", "from", "to")},
        "query": query.urlencode(),
        "before": before,
        "next": following,
    }
    return render(request, "activity/show.html", context)


@page_view
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The same rows, oldest first, as they are read: any number of them. Times are UTC."""
    rows = oldest_first(_chosen(request, readers[0](request)))
    return csv_file(f"wan-studio-activity-{timezone.now():%Y-%m-%d}.csv", COLUMNS, map(_cells, rows))


def _chosen(request: HttpRequest, readable: ReadableActivity) -> list[QuerySet[Activity]]:
    chosen = Q()
    if (person := number(request.GET.get("person"))) is not None:
        chosen &= Q(person=person)
    if (group := request.GET.get("group", "")) in GROUPS:
        chosen &= Q(group=group)
    if since := _day(request, "from"):
        chosen &= Q(at__gte=datetime.combine(since, time(), readable.zone))
    if until := _day(request, "to"):
        chosen &= Q(at__lt=datetime.combine(until + timedelta(days=1), time(), readable.zone))
    return [rows.alias(group=Group("act")).filter(chosen) for rows in readable.rows]


def _day(request: HttpRequest, name: str) -> date | None:
    try:
        day = parse_date(request.GET.get(name, ""))
    except ValueError:
        return None
    # The first and the last days of the calendar have no day before or after them.
    return day if day and 1 < day.year < 9999 else None


def _cells(row: Activity) -> list[object]:
    at = row.at.isoformat(timespec="seconds")
    return [at, row.who, row.act, row.about, row.thing, row.thing_id, row.ip]
