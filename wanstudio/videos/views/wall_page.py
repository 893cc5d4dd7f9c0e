"""The wall of videos: its tiles, and what stands around them."""

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe
from django_htmx.middleware import HtmxDetails

from wanstudio.teams import access
from wanstudio.teams.models import Team
from wanstudio.videos import wall
from wanstudio.videos.models import Video
from wanstudio.videos.queries import MAX_SUGGESTED, visible_collections, visible_tags
from wanstudio.videos.versions import number

PAGE = 60
# How much a page that was scrolled far brings back at once.
MAX_AT_ONCE = 600


@login_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The wall, newest first; `wall.py` says what filters it.

    `before` pages; a scrolled-to page asks with htmx and gets the next tiles alone. The address then becomes
    `through`: all tiles down to that id, so that a reload, or the way back, finds as much as there was.
    """
    asked = wall.asked_of(request.GET)
    team = access.current_team(request)
    rows = wall.found(request, team, asked)
    before, through = request.GET.get("before", ""), access.number(request.GET.get("through"))
    size = PAGE
    if through is not None and not before:
        size = min(max(rows.filter(pk__gte=through).count(), PAGE), MAX_AT_ONCE)
    page, following = access.page(rows, before, size)
    # An address that names its team goes on with that team's tiles.
    here = {**asked, access.TEAM: team.pk} if access.TEAM in request.GET else asked
    context: dict[str, object] = {
        "videos": number(page),
        "next_query": urlencode({**here, "before": following}) if following else "",
    }
    if _wants_tiles(request):
        answer = render(request, "videos/_tiles.html", context)
        if page:
            answer["HX-Replace-Url"] = f"?{urlencode({**here, 'through': page[-1].pk})}"
    else:
        context |= _around(request, team, asked, rows) | {"before": before}
        answer = render(request, "videos/index.html", context)
    # One address, two answers: the browser must not show the tiles alone when somebody comes back.
    patch_vary_headers(answer, ["HX-Request", "HX-Boosted"])
    return answer


def _wants_tiles(request: HttpRequest) -> bool:
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request and "before" in request.GET


def _around(request: HttpRequest, team: Team, asked: wall.Asked, rows: QuerySet[Video]) -> dict[str, object]:
    """What stands around the tiles: filters, sums, and what the selection may be put into."""
    collections, tags = list(visible_collections(request, team)), list(visible_tags(request, team))
    opened = next((one for one in collections if str(one.pk) == asked.get("collection")), None)
    totals = wall.totals(rows)
    return {
        "asked": asked,
        "filters": wall.menus(team, asked, tags, collections),
        "dates": wall.dates(team, asked),
        "favourites": wall.favourites(asked),
        "totals": totals,
        "count": totals.count,
        "collections": collections,
        "collection": opened,
        "is_mine": opened is not None and opened.person_id == access.person(request).pk,
        "tags": tags[:MAX_SUGGESTED],
        "here": request.get_full_path(),
        "selecting": request.GET.get("select") == "1",
        "query": urlencode(asked),
    }
