"""Lists beside the wall: collections, each opened as a filter of the wall, and the bin of the last 30 days."""

from datetime import datetime

from django.contrib import messages
from django.db.models import Exists, OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from wanstudio.jobs.models import Job
from wanstudio.teams import access
from wanstudio.teams.roles import Act
from wanstudio.uploads import verbs as upload_verbs
from wanstudio.uploads.models import Source
from wanstudio.uploads.queries import binned_sources
from wanstudio.videos import verbs, words
from wanstudio.videos.models import CollectedVideo, Collection, Video
from wanstudio.videos.queries import binned_videos, link_counters, visible_collections, visible_videos
from wanstudio.web.lookups import CountUpTo, form_view, page_view, up_to
from wanstudio.web.way_back import back

COVERS = 4
# Of more than these videos it says "100+".
MAX_COUNTED = 100
PAGE = 30


@page_view
def collections(request: HttpRequest) -> HttpResponse:
    """All that this person can see, each with up to four covers; two queries however many there are."""
    team = access.current_team(request)
    collected = CollectedVideo.objects.filter(collection=OuterRef("pk"), video__binned_at=None).order_by()
    done = Exists(Job.objects.filter(pk=OuterRef("video__job"), state__unindexed="done"))
    newest = collected.filter(done).order_by("-pk").values("video")
    covers = {f"cover_{place}": Subquery(newest[place : place + 1]) for place in range(COVERS)}
    count = CountUpTo(collected.values("pk")[: MAX_COUNTED + 1])
    found = list(visible_collections(request, team).annotate(count=count, **covers))
    # Of each the newest, in their order.
    shown = {one.pk: [pk for name in covers if (pk := getattr(one, name))] for one in found}
    videos = Video.objects.in_bulk([pk for pks in shown.values() for pk in pks])
    rows = [(one, up_to(one.count, MAX_COUNTED), [videos[pk] for pk in shown[one.pk]]) for one in found]
    return render(request, "videos/collections.html", {"rows": rows})


@form_view
def add_collection(request: HttpRequest) -> HttpResponse:
    """A new one, empty: `name`, and `visibility` team or private."""
    team = access.team_in(request, Act.ORGANISE)
    name, visibility = request.POST.get("name", ""), _visibility(request)
    if (made := verbs.collection_named(team, access.person(request), name, visibility)) is None:
        messages.info(request, words.NAME_MISSING)
        return redirect("collections.index")
    return redirect(f"{reverse('videos.index')}?collection={made.pk}")


@form_view
def edit_collection(request: HttpRequest, pk: int) -> HttpResponse:
    """Its `name`; its `visibility` too, by who made it: no one else can take it from the team."""
    collection = access.mine_to(request, Act.ORGANISE, visible_collections(request), pk)
    person = access.person(request)
    is_own = "visibility" in request.POST and collection.person_id == person.pk
    visibility = _visibility(request) if is_own else collection.visibility
    verbs.change_collection(collection, request.POST.get("name", ""), visibility, person)
    return back(request, "collections.index")


@form_view
def move_collection(request: HttpRequest, pk: int) -> HttpResponse:
    collection = access.mine_to(request, Act.ORGANISE, visible_collections(request), pk)
    step = -1 if request.POST.get("to") == "earlier" else 1
    verbs.move_collection(collection, step, visible_collections(request, collection.team))
    return redirect("collections.index")


@form_view
def delete_collection(request: HttpRequest, pk: int) -> HttpResponse:
    """The collection alone: its videos stay."""
    collection = access.mine_to(request, Act.ORGANISE, visible_collections(request), pk)
    verbs.delete_collection(collection, access.person(request))
    messages.success(request, words.COLLECTION_DELETED.format(collection=collection))
    return redirect("collections.index")


def _visibility(request: HttpRequest) -> str:
    given = request.POST.get("visibility", Collection.Visibility.TEAM)
    if given not in Collection.Visibility.values:
        raise Http404("no such visibility")
    return given


@page_view
def bin_page(request: HttpRequest) -> HttpResponse:
    """Of the team whose pages are shown: `kind=uploads` or videos, what was made last first, paged by `before`."""
    team = access.current_team(request)
    access.require(request, team, Act.ORGANISE)
    uploads = request.GET.get("kind") == "uploads"
    before = request.GET.get("before", "")
    if uploads:
        sources, following = access.page(binned_sources(request).filter(team=team), before, PAGE)
        rows: list[tuple[Video | Source, datetime | None, int]]
        rows = [(source, source.deleted_at, 0) for source in sources]
    else:
        videos, following = access.page(binned_videos(request).filter(team=team), before, PAGE)
        ids = [video.pk for video in videos]
        links = {pk: count for counter in link_counters for pk, count in counter(request, ids).items()}
        rows = [(video, video.binned_at, links.get(video.pk, 0)) for video in videos]
    binned = [{"thing": thing, "goes_at": since and since + verbs.KEPT, "links": count} for thing, since, count in rows]
    context = {"rows": binned, "next": following, "before": before, "uploads": uploads}
    return render(request, "videos/bin.html", context)


@form_view
def put_into_bin(request: HttpRequest, pk: int) -> HttpResponse:
    video = access.mine_to(request, Act.ORGANISE, visible_videos(request), pk)
    verbs.bin_videos([video], access.person(request))
    messages.success(request, words.BINNED.format(name=video.job.title))
    return back(request, "binned.index")


@form_view
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    video = access.mine_to(request, Act.ORGANISE, binned_videos(request), pk)
    if verbs.restore_videos([video], access.person(request)):
        messages.success(request, words.RESTORED.format(name=video.job.title))
    return back(request, "binned.index")


@form_view
def erase(request: HttpRequest, pk: int) -> HttpResponse:
    """Permanently: the file and everything about it. Its job, its price and the ledger stay."""
    video = access.mine_to(request, Act.ORGANISE, binned_videos(request), pk)
    if not verbs.erase_video(video.pk, access.person(request)):
        raise Http404("someone has restored it")
    messages.success(request, words.ERASED.format(name=video.job.title))
    return back(request, "binned.index")


@form_view
def restore_upload(request: HttpRequest, pk: int) -> HttpResponse:
    source = access.mine_to(request, Act.ORGANISE, binned_sources(request), pk)
    if upload_verbs.restore(source, by=access.person(request)):
        messages.success(request, words.RESTORED.format(name=source.name))
    return redirect(f"{reverse('binned.index')}?kind=uploads")


@form_view
def erase_upload(request: HttpRequest, pk: int) -> HttpResponse:
    """Permanently, unless a running job still needs it."""
    source = access.mine_to(request, Act.ORGANISE, binned_sources(request), pk)
    if verbs.erase_source(source.pk, access.person(request)):
        messages.success(request, words.ERASED.format(name=source.name))
    else:
        messages.info(request, words.STILL_NEEDED.format(name=source.name))
    return redirect(f"{reverse('binned.index')}?kind=uploads")
