"""Parts of the pages of videos that are the review's: the panel beside a video, and the wall's filter by approval."""

from django.db.models import QuerySet

from wanstudio.review.models import Verdict
from wanstudio.review.queries import newest_decision, review_of, stands
from wanstudio.videos.extensions import WallFilter, register_filter, register_panel
from wanstudio.videos.models import Video


def _with_approval(videos: QuerySet[Video]) -> QuerySet[Video]:
    return videos.annotate(approval=newest_decision())


register_panel("review", review_of)
register_filter(WallFilter("approval", "Approval", Verdict.Decision.choices, _with_approval, stands))
