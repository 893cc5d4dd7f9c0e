"""Review panel of a video: how it stands, and the comments. One fragment, on the video's page and by its poll."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from wanstudio.review import verbs
from wanstudio.review.forms import VerdictForm
from wanstudio.review.queries import review_of, review_state
from wanstudio.review.words import NOT_DECIDED
from wanstudio.teams import access
from wanstudio.teams.roles import Act
from wanstudio.videos.models import Video
from wanstudio.videos.queries import visible_videos
from wanstudio.web.way_back import back


@login_required
@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """The fragment; 204 if nothing has changed since the state that the page has `seen`."""
    video: Video = access.mine_to(request, Act.VIEW, visible_videos(request), pk)
    return unchanged(request, video) or fragment(request, video)


def unchanged(request: HttpRequest, video: Video) -> HttpResponse | None:
    """204 for a page that has `seen` this state already."""
    return HttpResponse(status=204) if request.GET.get("seen") == review_state(video) else None


@login_required
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """`decision` is `approved`, `needs_work`, or `open` to take it back; `note` says why."""
    video: Video = access.mine_to(request, Act.APPROVE, visible_videos(request), pk)
    form = VerdictForm(request.POST)
    if form.is_valid():
        verbs.decide(video, access.person(request), form.cleaned_data["decision"], form.cleaned_data["note"])
    else:
        messages.error(request, NOT_DECIDED)
    return answer(request, video)


def answer(request: HttpRequest, video: Video) -> HttpResponse:
    """After something was posted: the fragment for the page's script, the page for everybody else."""
    if not request.htmx:  # type: ignore[attr-defined]
        return back(request, "videos.show", video.pk)
    return fragment(request, video)


def fragment(request: HttpRequest, video: Video) -> HttpResponse:
    return render(request, "review/_review.html", {"video": video, "job": video.job, "review": review_of(video)})
