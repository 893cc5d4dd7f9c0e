"""Reviews as pages show them: comments that a person may see, their threads, and the approval of a video."""

from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest

from wanstudio.review.models import Comment, Verdict
from wanstudio.videos.models import Video
from wanstudio.videos.queries import WallFilter, panels, visible_videos, wall_filters


def visible_comments(request: HttpRequest) -> QuerySet[Comment]:
    """Those on the videos that this person may see, without deleted ones."""
    mine = Comment.objects.filter(video__in=visible_videos(request), deleted_at=None)
    return mine.select_related("author", "parent", "team", "video__job__team")


def review_of(video: Video) -> dict[str, object]:
    """Threads (a comment, its answers) in the order of the video, those about all of it first.

    `state` differs whenever the page would. Six queries, however many comments there are. Of deleted comments only
    those beneath which somebody's answer stands.
    """
    # Before the rows: what comes in between is brought by the next poll, rather than by none.
    state = review_state(video)
    rows = video.comments.select_related("author", "resolved_by").prefetch_related("mentions").order_by("created_at")
    alive = [comment for comment in rows if comment.deleted_at is None]
    answers: dict[int | None, list[Comment]] = {}
    for comment in alive:
        answers.setdefault(comment.parent_id, []).append(comment)
    tops = [one for one in rows if one.parent_id is None and (one.deleted_at is None or one.pk in answers)]
    tops.sort(key=lambda one: (-1.0 if one.at_s is None else one.at_s, one.pk))
    return {
        "state": state,
        "verdict": standing_verdict(video),
        "threads": [(one, answers.get(one.pk, [])) for one in tops],
        "comment_count": len(alive),
        "open_count": sum(not one.resolved_at and not one.deleted_at for one in tops),
        "done_count": sum(one.resolved_at is not None for one in tops),
    }


def review_state(video: Video) -> str:
    """Rows of comments and verdicts are added or marked, never taken away."""
    comments = video.comments.aggregate(count=Count("pk"), changed=Max("changed_at"))
    newest = video.verdicts.aggregate(newest=Max("pk"))["newest"]
    changed = f"{comments['changed']:%H%M%S%f}" if comments["changed"] else ""
    return f"{comments['count']}.{changed}.{newest or 0}"


def standing_verdict(video: Video) -> Verdict | None:
    """The one that counts; None if nobody has decided, or the last one was taken back."""
    newest = Verdict.objects.filter(video=video).select_related("person").order_by("-pk").first()
    return newest if newest and newest.decision != Verdict.Decision.OPEN else None


def with_approval(videos: QuerySet[Video]) -> QuerySet[Video]:
    """Each with `approval`, the newest decision about it, or null."""
    newest = Verdict.objects.filter(video=OuterRef("pk")).order_by("-pk")
    return videos.annotate(approval=Subquery(newest.values("decision")[:1]))


def stands(decision: str) -> Q:
    """For videos `with_approval`: whether they stand so; `open` is no decision."""
    either = Q(approval=decision)
    return either | Q(approval=None) if decision == Verdict.Decision.OPEN else either


panels["review"] = review_of
wall_filters.append(WallFilter("approval", "Approval", Verdict.Decision.choices, with_approval, stands))
