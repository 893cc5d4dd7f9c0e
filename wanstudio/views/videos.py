"""Videos: what came out."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from wanstudio.models import Favourite, Job, Team, User, Video
from wanstudio.roles import Act
from wanstudio.views import access
from wanstudio.views.back import back
from wanstudio.views.job_words import describe

PAGE = 60


@login_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The wall, newest first. `q` searches titles and prompts; `person`, `behaviour` and `favourite` filter.

    `before` pages; a scrolled-to page asks with htmx and gets the next tiles alone.
    """
    asked = _asked(request)
    team = access.current_team(request)
    rows = _filtered(_starred(request).filter(job__team=team), asked, access.person(request))
    before = request.GET.get("before", "")
    page, following = access.page(rows, before, PAGE)
    context: dict[str, Any] = {
        "videos": page,
        "next_query": urlencode({**asked, "before": following}) if following else "",
    }
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "videos/_tiles.html", context)
    context |= {"asked": asked, "before": before, "filters": _menus(team, asked), "favourites": _favourites(asked)}
    context["count"] = None if before else rows.count()
    return render(request, "videos/index.html", context)


def _starred(request: HttpRequest) -> QuerySet[Video]:
    """The videos this person may see, each with whether it has their star."""
    return access.videos(request).annotate(is_favourite=Favourite.of(access.person(request)))


def _asked(request: HttpRequest) -> dict[str, str]:
    """The filters in the address that make sense."""
    asked = {name: request.GET.get(name, "").strip()[:200] for name in ("q", "person", "behaviour", "favourite")}
    if access.number(asked["person"]) is None:
        asked["person"] = ""
    if asked["behaviour"] not in Job.Behaviour.values:
        asked["behaviour"] = ""
    if asked["favourite"] != "1":
        asked["favourite"] = ""
    return {name: value for name, value in asked.items() if value}


def _filtered(rows: QuerySet[Video], asked: dict[str, str], user: User) -> QuerySet[Video]:
    for word in asked.get("q", "").split():
        rows = rows.filter(Q(job__title__icontains=word) | Q(job__prompt__icontains=word))
    if person := asked.get("person"):
        rows = rows.filter(job__person_id=int(person))
    if behaviour := asked.get("behaviour"):
        rows = rows.filter(job__behaviour=behaviour)
    if asked.get("favourite"):
        rows = rows.filter(Favourite.of(user))
    return rows


def _menus(team: Team, asked: dict[str, str]) -> list[dict[str, Any]]:
    people = [(str(member.pk), str(member)) for member in team.members.order_by("name")]
    return [
        _menu(asked, "person", "Person", people),
        _menu(asked, "behaviour", "Animate or Replace", Job.Behaviour.choices),
    ]


def _favourites(asked: dict[str, str]) -> str:
    """Where the switch of the favourites leads: to them alone, or back to all."""
    others = {key: value for key, value in asked.items() if key != "favourite"}
    return urlencode(others if "favourite" in asked else {**others, "favourite": "1"})


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
    video: Video = access.mine_to(request, Act.VIEW, _starred(request), pk)
    job = video.job
    context = {"video": video, "job": job, "words": describe(job), "results": job.videos.order_by("position")}
    return render(request, "videos/show.html", context)


@login_required
@require_POST
def favourite(request: HttpRequest, pk: int) -> HttpResponse:
    """`favourite=1` gives this person's star, anything else takes it back; said, not toggled, so that twice is once."""
    video: Video = access.one(access.videos(request), pk)
    wanted = request.POST.get("favourite") == "1"
    (Favourite.star if wanted else Favourite.unstar)(access.person(request), video)
    if not request.htmx:  # type: ignore[attr-defined]
        return back(request, "videos.show", pk)
    on_tile = request.POST.get("on") == "tile"
    return render(request, "videos/_star.html", {"video": _starred(request).get(pk=pk), "on_tile": on_tile})
