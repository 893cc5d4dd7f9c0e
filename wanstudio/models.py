"""Every noun's models, imported here so that Django finds them under the one app label."""

from wanstudio.accounts.models import User
from wanstudio.activity.models import Activity
from wanstudio.api.models import ApiPost, ApiToken
from wanstudio.jobs.models.alerts import Alert
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.history import FairShare, Transition
from wanstudio.jobs.models.job import Job
from wanstudio.keys.models import ProviderKey, StudioKey
from wanstudio.money.models import BalanceReading, Entry
from wanstudio.notifications.models.digest import Digest
from wanstudio.notifications.models.mail_choices import MailChoice
from wanstudio.notifications.models.notification import Notification
from wanstudio.notifications.models.webhooks import Delivery, Webhook
from wanstudio.requests.models import SpendRequest
from wanstudio.review.models import Comment, Mention, Verdict
from wanstudio.sharing.models import ShareLink
from wanstudio.teams.models import FormerMember, Invitation, Membership, Team
from wanstudio.uploads.models import Source
from wanstudio.videos.models import CollectedVideo, Collection, Favourite, Tag, Video
from wanstudio.work.mails import Mail
from wanstudio.work.models import Chore, Heartbeat

__all__ = [
    "Activity",
    "Alert",
    "ApiPost",
    "ApiToken",
    "Attempt",
    "BalanceReading",
    "Chore",
    "CollectedVideo",
    "Collection",
    "Comment",
    "Delivery",
    "Digest",
    "Entry",
    "FairShare",
    "Favourite",
    "FormerMember",
    "Heartbeat",
    "Invitation",
    "Job",
    "Mail",
    "MailChoice",
    "Membership",
    "Mention",
    "Notification",
    "ProviderKey",
    "ShareLink",
    "Source",
    "SpendRequest",
    "StudioKey",
    "Tag",
    "Team",
    "Transition",
    "User",
    "Verdict",
    "Video",
    "Webhook",
]
