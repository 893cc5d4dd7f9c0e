"""Videos: what came out."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from wanstudio.models import Job, Team, Video
from wanstudio.views import access
from wanstudio.views.job_words import describe

PAGE = 60


@login_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The wall, newest first. `q` searches titles and prompts; `person` and `behaviour` filter; `before` pages.

    A scrolled-to page asks with htmx and gets the next tiles alone.
    """
    asked = _asked(request)
    team = access.current_team(request)
    rows = _filtered(access.videos(request).filter(job__team=team), asked)
    before = request.GET.get("before", "")
    page, following = access.page(rows, before, PAGE)
    context: dict[str, Any] = {
        "videos": page,
        "next_query": urlencode({**asked, "before": following}) if following else "",
    }
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "videos/_tiles.html", context)
    context |= {"asked": asked, "before": before, "filters": _menus(team, asked)}
    context["count"] = None if before else rows.count()
    return render(request, "videos/index.html", context)


def _asked(request: HttpRequest) -> dict[str, str]:
    """The filters in the address that make sense."""
    asked = {name: request.GET.get(name, "").strip()[:200] for name in ("q", "person", "behaviour")}
    if access.number(asked["person"]) is None:
        asked["person"] = ""
    if asked["behaviour"] not in Job.Behaviour.values:
        asked["behaviour"] = ""
    return {name: value for name, value in asked.items() if value}


def _filtered(rows: QuerySet[Video], asked: dict[str, str]) -> QuerySet[Video]:
    for word in asked.get("q", "").split():
        rows = rows.filter(Q(job__title__icontains=word) | Q(job__prompt__icontains=word))
    if person := asked.get("person"):
        rows = rows.filter(job__person_id=int(person))
    if behaviour := asked.get("behaviour"):
        rows = rows.filter(job__behaviour=behaviour)
    return rows


def _menus(team: Team, asked: dict[str, str]) -> list[dict[str, Any]]:
    people = [(str(member.pk), str(member)) for member in team.members.order_by("name")]
    return [
        _menu(asked, "person", "Person", people),
        _menu(asked, "behaviour", "Animate or Replace", Job.Behaviour.choices),
    ]


def _menu(asked: dict[str, str], name: str, label: str, choices: list[tuple[str, str]]) -> dict[str, Any]:
    """A filter as a menu of links, each to the address that it leads to."""
    others = {key: value for key, value in asked.items() if key != name}
    chosen = asked.get(name, "")
    return {
        "label": dict(choices).get(chosen, label),
        "is_set": bool(chosen),
        "clear": urlencode(others),
        "rows": [(text, urlencode({**others, name: value}), value == chosen) for value, text in choices],
    }


@login_required
@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    video: Video = access.one(access.videos(request), pk)
    job = video.job
    context = {"video": video, "job": job, "words": describe(job), "results": job.videos.order_by("position")}
    return render(request, "videos/show.html", context)
