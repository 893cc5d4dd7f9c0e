"""The page of a video: player, versions, tags and collections; and its files, with ranges."""

from collections.abc import Sequence

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from wanstudio.jobs.words import describe
from wanstudio.teams import access
from wanstudio.teams.roles import Act
from wanstudio.videos import queries, verbs, words
from wanstudio.videos.frame_measuring import measure_missing
from wanstudio.videos.models import Video, key_of, seconds_of
from wanstudio.web.file_answers import hand_out, send
from wanstudio.web.lookups import file_view, form_view, page_view
from wanstudio.web.way_back import back
from wanstudio.work.compiled import moment


@page_view
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """With its versions, and the video it is compared `with`; without one it is its motion clip, if that is ours."""
    found = queries.starred_video(request, pk)
    if found is None:
        raise Http404("no such video")
    video = access.shown_to(request, Act.VIEW, found)
    measure_missing([video])
    job, versions = video.job, queries.versions_of(video)
    other = _compared(request, video, versions)
    if other and other.pk > video.pk:
        # Of two the older is on the left, and the page is the newer one's.
        return redirect(_comparison(other, video))
    video.version, video.versions = next((one.version, one.versions) for one in versions if one.pk == video.pk)
    context: dict[str, object] = {
        "video": video,
        "job": job,
        "words": describe(job),
        "results": job.videos.filter(binned_at=None).order_by("position"),
        "versions": versions,
        "other": other,
        "is_other_version": other in versions,
        "older": next((one for one in versions if one.version < video.version), None),
        "newer": next((one for one in reversed(versions) if one.version > video.version), None),
        "comparable": other is not None or bool(job.motion.player_url),
        "at": seconds_of(request.GET.get("t", "")),
        "people": job.team.members.order_by("name"),
    }
    context |= filed(request, video) | {name: panel(video) for name, panel in queries.panels.items()}
    return render(request, "videos/show.html", context)


def _compared(request: HttpRequest, video: Video, versions: Sequence[Video]) -> Video | None:
    """Another video of the team: a version of this one, with its number, or any."""
    chosen = access.number(request.GET.get("with"))
    if not chosen or chosen == video.pk:
        return None
    version = next((one for one in versions if one.pk == chosen), None)
    return version or queries.visible_videos(request).filter(team=video.team_id, pk=chosen).first()


def _comparison(newer: Video, older: Video) -> str:
    return f"{reverse('videos.show', args=[newer.pk])}?with={older.pk}"


@form_view
def compare(request: HttpRequest) -> HttpResponse:
    """Two `video`s that were ticked on the wall, each as it is seen there."""
    team = access.team_in(request, Act.VIEW)
    ids = [access.number(text) or 0 for text in request.POST.getlist("video")[:3]]
    chosen = list(queries.visible_videos(request).filter(team=team, pk__in=ids).order_by("-pk"))
    if len(ids) != 2 or len(chosen) != 2:
        messages.info(request, words.TWO_TO_COMPARE)
        return back(request, "videos.index")
    return redirect(_comparison(*chosen))


def filed(request: HttpRequest, video: Video) -> dict[str, object]:
    team = video.team
    collections = list(queries.visible_collections(request, team))
    within = set(video.collected.values_list("collection_id", flat=True))
    return {
        "tags": list(video.tags.all()),
        "all_tags": queries.visible_tags(request, team)[: queries.MAX_SUGGESTED],
        "within": [one for one in collections if one.pk in within],
        "without": [one for one in collections if one.pk not in within],
    }


@form_view
def favourite(request: HttpRequest, pk: int) -> HttpResponse:
    """`favourite=1` gives this person's star, anything else removes it. Set, not toggled, so that it is idempotent."""
    video = access.one(queries.visible_videos(request), pk)
    verbs.star(access.person(request), video, on=request.POST.get("favourite") == "1")
    if not request.htmx:  # type: ignore[attr-defined]
        return back(request, "videos.show", pk)
    starred, on_tile = queries.starred_videos(request).get(pk=pk), request.POST.get("on") == "tile"
    return render(request, "videos/_star.html", {"video": starred, "on_tile": on_tile})


@form_view
def tag(request: HttpRequest, pk: int) -> HttpResponse:
    """`tag` puts one on, or several with commas between; `remove` removes one. Set, not toggled: idempotent."""
    video = access.mine_to(request, Act.ORGANISE, queries.visible_videos(request), pk)
    if gone := request.POST.get("remove", ""):
        for found in queries.visible_tags(request, video.team).filter(key=key_of(gone)):
            verbs.take_tag_off(found, [video], access.person(request))
    else:
        for name in request.POST.get("tag", "").split(",")[:20]:
            if named := verbs.tag_named(video.team, name):
                verbs.put_tag_on(named, [video], access.person(request))
    return _answer(request, video)


@form_view
def collect(request: HttpRequest, pk: int) -> HttpResponse:
    """`collection` adds it to one, `name` to a new one; `remove` removes it."""
    video = access.mine_to(request, Act.ORGANISE, queries.visible_videos(request), pk)
    person, post = access.person(request), request.POST
    mine = queries.visible_collections(request, video.team)
    if gone := post.get("remove"):
        verbs.take_out(access.one(mine, access.number(gone) or 0), [video])
    elif chosen := post.get("collection"):
        verbs.collect(access.one(mine, access.number(chosen) or 0), [video], person)
    elif made := verbs.collection_named(video.team, person, post.get("name", "")):
        verbs.collect(made, [video], person)
    return _answer(request, video)


def _answer(request: HttpRequest, video: Video) -> HttpResponse:
    if not request.htmx:  # type: ignore[attr-defined]
        return back(request, "videos.show", video.pk)
    return render(request, "videos/_filed.html", {"video": video, **filed(request, video)})


@file_view
def file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The archived result; `?download` saves it under a name that says what it is."""
    found = queries.stored_video(request, pk)
    return send_video(request, found, attachment="download" in request.GET, by_link=True)


def send_video(
    request: HttpRequest, found: queries.StoredVideo, *, attachment: bool, by_link: bool = False
) -> HttpResponseBase:
    """A video that this person, or this guest, can see: looked up by who calls."""
    answer = hand_out if by_link else send
    return answer(request, found.file, moment(found.archived_at), found.download_name, attachment=attachment)


@file_view
def poster(request: HttpRequest, pk: int) -> HttpResponseBase:
    found = queries.stored_video(request, pk)
    return send(request, found.poster, moment(found.archived_at), "poster.jpg")
