"""What the team says about a video: how it stands, and the comments. One fragment, on its page and by its poll."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from wanstudio.review.forms import VerdictForm
from wanstudio.review.models.approvals import Verdict
from wanstudio.review.models.comments import Comment
from wanstudio.teams import access
from wanstudio.teams.roles import Act
from wanstudio.videos.models.video import Video
from wanstudio.videos.queries import visible_videos
from wanstudio.web.way_back import back


@login_required
@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """The fragment; 204 if nothing has changed since the state that the page has `seen`."""
    video: Video = access.mine_to(request, Act.VIEW, visible_videos(request), pk)
    return answers_only_news(request, video) or fragment(request, video)


def answers_only_news(request: HttpRequest, video: Video) -> HttpResponse | None:
    """204 for a page that has `seen` this state already."""
    return HttpResponse(status=204) if request.GET.get("seen") == _state(video) else None


@login_required
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """`decision` is `approved`, `needs_work`, or `open` to take it back; `note` says why."""
    video: Video = access.mine_to(request, Act.APPROVE, visible_videos(request), pk)
    form = VerdictForm(request.POST)
    if form.is_valid():
        Verdict.give(video, access.person(request), form.cleaned_data["decision"], form.cleaned_data["note"])
    else:
        messages.error(request, "Nothing was decided: choose Approve or Needs work, with a note of at most 500 signs.")
    return answer(request, video)


def answer(request: HttpRequest, video: Video) -> HttpResponse:
    """After something was posted: the fragment for the page's script, the page for everybody else."""
    if not request.htmx:  # type: ignore[attr-defined]
        return back(request, "videos.show", video.pk)
    return fragment(request, video)


def fragment(request: HttpRequest, video: Video) -> HttpResponse:
    return render(request, "review/_review.html", {"video": video, "job": video.job, **reviewed(video)})


def reviewed(video: Video) -> dict[str, Any]:
    """Threads in the order of the video: those about all of it first. Six queries, however many there are."""
    # Before the rows: what comes in between is brought by the next poll, rather than by none.
    state = _state(video)
    threads = threads_of(video)
    said = [each for thread in threads for each in (thread, *thread.answers) if each.deleted_at is None]  # type: ignore[attr-defined]
    return {
        "state": state,
        "verdict": Verdict.of(video),
        "threads": threads,
        "comment_count": len(said),
        "open_count": sum(thread.resolved_at is None and thread.deleted_at is None for thread in threads),
        "done_count": sum(thread.resolved_at is not None for thread in threads),
    }


def threads_of(video: Video) -> list[Comment]:
    """Each comment with its `answers`; deleted ones only while somebody's answer stands beneath."""
    rows = video.comments.select_related("author", "resolved_by").prefetch_related("mentions").order_by("created_at")
    everything = list(rows)
    for comment in everything:
        comment.answers = [  # type: ignore[attr-defined]
            each for each in everything if each.parent_id == comment.pk and each.deleted_at is None
        ]
    threads = [each for each in everything if each.parent_id is None and (each.deleted_at is None or each.answers)]  # type: ignore[attr-defined]
    return sorted(threads, key=lambda comment: (-1.0 if comment.at_s is None else comment.at_s, comment.pk))


def _state(video: Video) -> str:
    """Differs whenever the fragment would: rows of comments and verdicts are added or marked, never taken away."""
    said = video.comments.aggregate(count=Count("pk"), changed=Max("changed_at"))
    decided = video.verdicts.aggregate(newest=Max("pk"))["newest"]
    changed = f"{said['changed']:%H%M%S%f}" if said["changed"] else ""
    return f"{said['count']}.{changed}.{decided or 0}"
