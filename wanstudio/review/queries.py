"""Reviews as pages show them: comments that a person can see, their threads, and the approval of a video."""

from django.db.models import Count, Exists, Max, OuterRef, QuerySet
from django.http import HttpRequest

from wanstudio.review.models import Comment, Verdict
from wanstudio.videos.models import Video
from wanstudio.videos.queries import WallFilter, panels, visible_videos, wall_filters


def visible_comments(request: HttpRequest) -> QuerySet[Comment]:
    """Those on the videos that this person can see, without deleted ones."""
    seen = visible_videos(request).filter(pk=OuterRef("video"))
    mine = Comment.objects.filter(Exists(seen), deleted_at=None)
    return mine.select_related("author", "parent", "team", "video__team")


def comments_of(video: Video, *, for_guests: bool = False) -> QuerySet[Comment]:
    """All comments on it; guests get no internal ones, and do not learn whether there are any."""
    return video.comments.filter(is_internal=False) if for_guests else video.comments.all()


def threads_of(video: Video, *, for_guests: bool = False) -> list[tuple[Comment, list[Comment]]]:
    """Each comment with its answers, in the order of the video; of deleted ones only those that have answers."""
    said = comments_of(video, for_guests=for_guests).select_related("author", "resolved_by")
    rows = said.prefetch_related("mentions").order_by("created_at")
    answers: dict[int | None, list[Comment]] = {}
    for comment in rows:
        if comment.deleted_at is None:
            answers.setdefault(comment.parent_id, []).append(comment)
    tops = [one for one in rows if one.parent_id is None and (one.deleted_at is None or one.pk in answers)]
    tops.sort(key=lambda one: (-1.0 if one.at_s is None else one.at_s, one.pk))
    return [(one, answers.get(one.pk, [])) for one in tops]


def review_of(video: Video, *, for_guests: bool = False) -> dict[str, object]:
    """Threads (a comment, its answers) in the order of the video, those about all of it first.

    `state` differs whenever the page would. Six queries, however many comments there are. Deleted comments only if they
    have answers.
    """
    # Before the rows: what comes in between is brought by the next poll, rather than by none.
    state = review_state(video, for_guests=for_guests)
    threads = threads_of(video, for_guests=for_guests)
    tops = [one for one, _ in threads]
    alive = [one for top, answers in threads for one in (top, *answers) if one.deleted_at is None]
    return {
        "state": state,
        "verdict": standing_verdict(video),
        "threads": threads,
        "comment_count": len(alive),
        "open_count": sum(not one.resolved_at and not one.deleted_at for one in tops),
        "done_count": sum(one.resolved_at is not None for one in tops),
    }


def review_state(video: Video, *, for_guests: bool = False) -> str:
    """Rows of comments and verdicts are added or marked, never taken away."""
    comments = comments_of(video, for_guests=for_guests).aggregate(count=Count("pk"), changed=Max("changed_at"))
    newest = video.verdicts.aggregate(newest=Max("pk"))["newest"]
    changed = f"{comments['changed']:%H%M%S%f}" if comments["changed"] else ""
    return f"{comments['count']}.{changed}.{newest or 0}"


def standing_verdict(video: Video) -> Verdict | None:
    """The decision in force; None before the first one, and after `open`."""
    newest = Verdict.objects.filter(video=video).select_related("person").order_by("-pk").first()
    return newest if newest and newest.decision != Verdict.Decision.OPEN else None


def approval_of(decision: str) -> str | None:
    """As the video's row has it: `open` is no decision."""
    return None if decision == Verdict.Decision.OPEN else decision


panels["review"] = review_of
wall_filters.append(WallFilter("approval", "Approval", Verdict.Decision.choices, approval_of))
