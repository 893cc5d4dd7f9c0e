"""Collections of a team: the list, and the forms of one. Opened, a collection is the wall with it as a filter."""

from collections import defaultdict
from collections.abc import Sequence

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, F, Q, Window
from django.db.models.functions import RowNumber
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from wanstudio.teams import access
from wanstudio.teams.roles import Act
from wanstudio.videos import words
from wanstudio.videos.models import CollectedVideo, Collection, Video
from wanstudio.videos.queries import visible_collections
from wanstudio.videos.verbs import filing
from wanstudio.web.way_back import back

COVERS = 4
SHOWN = Q(collected__video__binned_at=None)


@login_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All that this person may see, each with up to four covers; three queries however many there are."""
    team = access.current_team(request)
    found = list(visible_collections(request, team).annotate(count=Count("collected", filter=SHOWN)))
    covers = _covers(found)
    return render(request, "videos/collections.html", {"rows": [(one, covers[one.pk]) for one in found]})


def _covers(rows: Sequence[Collection]) -> dict[int, list[Video]]:
    """The four videos laid in last, by collection."""
    rank = Window(RowNumber(), partition_by=F("collection"), order_by=F("pk").desc())
    laid = CollectedVideo.objects.filter(collection__in=rows, video__binned_at=None, video__job__state="done")
    covers = defaultdict(list)
    for one in laid.annotate(rank=rank).filter(rank__lte=COVERS).select_related("video").order_by("-pk"):
        covers[one.collection_id].append(one.video)
    return covers


@login_required
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """A new one, empty: `name`, and `visibility` team or private."""
    team = access.team_in(request, Act.ORGANISE)
    visibility = _visibility(request)
    made = filing.collection_named(team, access.person(request), request.POST.get("name", ""), visibility)
    if made is None:
        messages.info(request, words.NAME_MISSING)
        return redirect("collections.index")
    return redirect(f"{reverse('videos.index')}?collection={made.pk}")


@login_required
@require_POST
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Its `name`; its `visibility` too, by who made it: nobody else may take it from the team."""
    collection, person = _collection(request, pk), access.person(request)
    is_own = "visibility" in request.POST and collection.person_id == person.pk
    visibility = _visibility(request) if is_own else collection.visibility
    filing.change_collection(collection, request.POST.get("name", ""), visibility, person)
    return back(request, "collections.index")


@login_required
@require_POST
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """One position earlier or later in the list."""
    collection = _collection(request, pk)
    step = -1 if request.POST.get("to") == "earlier" else 1
    filing.move_collection(collection, step, visible_collections(request, collection.team))
    return redirect("collections.index")


@login_required
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """The collection alone: its videos stay."""
    collection = _collection(request, pk)
    filing.delete_collection(collection, access.person(request))
    messages.success(request, words.COLLECTION_DELETED.format(collection=collection))
    return redirect("collections.index")


def _collection(request: HttpRequest, pk: int) -> Collection:
    return access.mine_to(request, Act.ORGANISE, visible_collections(request), pk)


def _visibility(request: HttpRequest) -> str:
    given = request.POST.get("visibility", Collection.Visibility.TEAM)
    if given not in Collection.Visibility.values:
        raise Http404("no such visibility")
    return given
