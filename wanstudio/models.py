"""The domain: rows and the verbs that move them, a noun a file."""

from wanstudio.models.activity import Activity
from wanstudio.models.alarm import Alarm
from wanstudio.models.api_post import ApiPost
from wanstudio.models.api_token import ApiToken
from wanstudio.models.attempt import Attempt, unsettled_attempts
from wanstudio.models.balance_note import BalanceNote
from wanstudio.models.budget import OverCap
from wanstudio.models.chore import Chore
from wanstudio.models.collection import CollectedVideo, Collection
from wanstudio.models.comment import Comment, Mention
from wanstudio.models.digest import Digest
from wanstudio.models.favourite import Favourite
from wanstudio.models.former import FormerMember
from wanstudio.models.heartbeat import Heartbeat
from wanstudio.models.invitation import Invitation
from wanstudio.models.job import Job
from wanstudio.models.job_states import Money, State
from wanstudio.models.leased import Leased, Stale
from wanstudio.models.ledger import Entry
from wanstudio.models.line import OutOfTurn
from wanstudio.models.mail import Mail
from wanstudio.models.mail_choice import MailChoice
from wanstudio.models.notification import Notification
from wanstudio.models.people import Membership, Team, User
from wanstudio.models.provider_key import ProviderKey
from wanstudio.models.share import ShareLink
from wanstudio.models.source import Source
from wanstudio.models.spend_request import SpendRequest
from wanstudio.models.stored_key import StoredKey
from wanstudio.models.tag import Tag
from wanstudio.models.transition import Transition
from wanstudio.models.turn import Turn
from wanstudio.models.verdict import Verdict
from wanstudio.models.video import Video
from wanstudio.models.webhook import Delivery, Webhook

__all__ = [
    "Activity",
    "Alarm",
    "ApiPost",
    "ApiToken",
    "Attempt",
    "BalanceNote",
    "Chore",
    "CollectedVideo",
    "Collection",
    "Comment",
    "Delivery",
    "Digest",
    "Entry",
    "Favourite",
    "FormerMember",
    "Heartbeat",
    "Invitation",
    "Job",
    "Leased",
    "Mail",
    "MailChoice",
    "Membership",
    "Mention",
    "Money",
    "Notification",
    "OutOfTurn",
    "OverCap",
    "ProviderKey",
    "ShareLink",
    "Source",
    "SpendRequest",
    "Stale",
    "State",
    "StoredKey",
    "Tag",
    "Team",
    "Transition",
    "Turn",
    "User",
    "Verdict",
    "Video",
    "Webhook",
    "unsettled_attempts",
]
