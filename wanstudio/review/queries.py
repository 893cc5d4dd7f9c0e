"""Comments that a person may see."""

from django.db.models import QuerySet
from django.http import HttpRequest

from wanstudio.review.models.comments import Comment
from wanstudio.videos.queries import visible_videos


def visible_comments(request: HttpRequest) -> QuerySet[Comment]:
    """What was said about the videos this person may see, and not deleted."""
    mine = Comment.objects.filter(video__in=visible_videos(request), deleted_at=None)
    return mine.select_related("author", "parent", "team", "video__job__team")
