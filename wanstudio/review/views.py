"""Review of a video: its panel, and the forms of comments and decisions. Each answers with the panel."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from wanstudio.review import markers as files
from wanstudio.review import verbs
from wanstudio.review.forms import CommentForm, VerdictForm
from wanstudio.review.queries import review_of, review_state, threads_of, visible_comments
from wanstudio.review.words import NOT_DECIDED
from wanstudio.teams import access
from wanstudio.teams.roles import Act
from wanstudio.videos.frame_measuring import measure_missing
from wanstudio.videos.models import Video
from wanstudio.videos.queries import StoredVideo, visible_videos
from wanstudio.web.csv_answers import csv_file
from wanstudio.web.lookups import form_view, page_view
from wanstudio.web.way_back import back


@page_view
def show(request: HttpRequest, pk: int) -> HttpResponse:
    video = access.mine_to(request, Act.VIEW, visible_videos(request), pk)
    return unchanged(request, video) or fragment(request, video)


def unchanged(request: HttpRequest, video: Video, *, for_guests: bool = False) -> HttpResponse | None:
    """204 for a page that has `seen` this state already."""
    state = review_state(video, for_guests=for_guests)
    return HttpResponse(status=204) if request.GET.get("seen") == state else None


@page_view
def markers(request: HttpRequest, pk: int, kind: str) -> HttpResponseBase:
    """The comments, internal ones too, as a `kind` of file that editing programs take: csv, edl or fcpxml."""
    video = access.mine_to(request, Act.VIEW, visible_videos(request), pk)
    measure_missing([video])
    clock, file = files.Clock.of(video), StoredVideo.of(video).download_name
    found = list(files.markers_of(threads_of(video), clock))
    name = f"{file.removesuffix('.mp4')}.{kind}"
    if kind == "csv":
        return csv_file(name, files.CSV_COLUMNS, files.csv_rows(found, clock))
    if kind == "fcpxml":
        response = HttpResponse(files.fcpxml(video, file, found, clock), content_type="application/xml")
    else:
        response = HttpResponse(files.edl(video.job.title, found, clock), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@form_view
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """`decision` is `approved`, `needs_work`, or `open` to revoke it; `note` says why."""
    video = access.mine_to(request, Act.APPROVE, visible_videos(request), pk)
    form = VerdictForm(request.POST)
    if form.is_valid():
        verbs.decide(video, access.person(request), form.cleaned_data["decision"], form.cleaned_data["note"])
    else:
        messages.error(request, NOT_DECIDED)
    return answer(request, video)


def answer(request: HttpRequest, video: Video) -> HttpResponse:
    """After something was posted: the fragment for the page's script, the page for everyone else."""
    if not request.htmx:  # type: ignore[attr-defined]
        return back(request, "videos.show", video.pk)
    return fragment(request, video)


def fragment(request: HttpRequest, video: Video) -> HttpResponse:
    return render(request, "review/_review.html", {"video": video, "job": video.job, "review": review_of(video)})


@form_view
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """`text`, and for where `at` and `until` (`0:03.4`) or the id of the comment it answers (`parent`)."""
    video = access.mine_to(request, Act.COMMENT, visible_videos(request), pk)
    parent = None
    if named := request.POST.get("parent"):
        parent = access.one(visible_comments(request).filter(video=video), access.number(named) or 0)
    form = CommentForm(request.POST)
    if not form.is_valid():
        return refused(request, form.wrong) or answer(request, video)
    verbs.add_comment(video, form.said(parent), access.person(request))
    return answer(request, video)


@form_view
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    comment = access.mine_to(request, Act.COMMENT, visible_comments(request), pk)
    if comment.author_id != access.person(request).pk:
        raise Http404("not theirs")
    form = CommentForm(request.POST)
    if not form.is_valid():
        return refused(request, form.wrong) or answer(request, comment.video)
    verbs.edit_comment(comment, form.said())
    return answer(request, comment.video)


@form_view
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    comment = access.mine_to(request, Act.COMMENT, visible_comments(request), pk)
    if comment.author_id != access.person(request).pk:
        access.require(request, comment.team, Act.APPROVE)
    verbs.delete_comment(comment, access.person(request))
    return answer(request, comment.video)


@form_view
def resolve(request: HttpRequest, pk: int) -> HttpResponse:
    """`resolved=1` says that it is done, anything else reopens it. Set, not toggled, so that it is idempotent."""
    comment = access.mine_to(request, Act.COMMENT, visible_comments(request), pk)
    if comment.parent_id:
        raise Http404("an answer is done with what it answers")
    verbs.resolve_comment(comment, access.person(request), done=request.POST.get("resolved") == "1")
    return answer(request, comment.video)


def refused(request: HttpRequest, sentence: str, status: int = 422) -> HttpResponse | None:
    """The sentence alone for the page's script, which keeps the typed words; otherwise a message."""
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(sentence, status=status, content_type="text/plain")
    messages.error(request, sentence)
    return None
