"""Notifications, who gets which of them by mail and when, and the outgoing webhooks of teams."""

from datetime import datetime, time, timedelta
from typing import ClassVar, NotRequired, TypedDict
from urllib.parse import urlsplit
from uuid import uuid4

from django.core import signing
from django.db import models
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.encryption.encrypted_fields import SecretField
from wanstudio.teams.models import Team
from wanstudio.work.leases import Leased

SALT = "wanstudio.unsubscribe"
# In place of a kind: the daily mail as a whole.
DAILY = "daily"


class Kind(models.TextChoices):
    """What a notification is about; the label is how the settings say it."""

    READY = "ready", "Your video is ready"
    FAILED = "failed", "Your video failed"
    UNCONFIRMED = "unconfirmed", "Your video might have been charged"
    MENTIONED = "mentioned", "Someone mentioned you"
    COMMENT = "comment", "Someone commented on your video"
    VERDICT = "verdict", "Your video is approved or needs work"
    SPEND = "spend", "Someone asks to spend"
    DECIDED = "decided", "Your spend request is answered"
    WEBHOOK = "webhook", "The webhook is disabled after days of failures"
    ALERT = "alarm", "A result is at risk, or sending is paused"


class When(models.TextChoices):
    NOW = "now", "Immediately"
    DAILY = "daily", "Once a day"
    OFF = "off", "No mail"


# The owner's alerts have a separate mail, which money at stake does not let anyone switch off.
USUAL = {
    **dict.fromkeys(Kind, When.NOW),
    **dict.fromkeys((Kind.READY, Kind.COMMENT, Kind.VERDICT), When.DAILY),
    Kind.ALERT: When.OFF,
}
# What is sent to phones: little enough that no one switches it off.
PUSHED = (Kind.READY, Kind.MENTIONED)
CHOOSABLE = [kind for kind in Kind if kind != Kind.ALERT]


class MailChoice(models.Model):
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="mail_choices")
    kind = models.CharField(max_length=15, choices=Kind.choices)
    when = models.CharField(max_length=5, choices=When.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "kind"], name="one_mail_choice_a_kind")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.when}"

    @classmethod
    def of(cls, person: User) -> dict[Kind, When]:
        chosen = cls.objects.filter(person=person).values_list("kind", "when")
        return USUAL | {Kind(kind): When(when) for kind, when in chosen if kind in Kind.values}


def unsubscribe_token(person: User, what: str) -> str:
    """The token of a link in a mail: valid for this person and this kind of mail, without a sign-in, without expiry."""
    return signing.dumps([person.pk, what], salt=SALT)


def read_unsubscribe_token(token: str) -> tuple[User, str] | None:
    """The person and the kind of mails that the link stops; None if it is not one of ours."""
    try:
        pk, what = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    person = User.objects.filter(pk=pk).first()
    return (person, what) if person else None


class Notifications(models.QuerySet["Notification"]):
    def for_person(self, person: User) -> "Notifications":
        """Theirs, of the teams they are in now."""
        return self.filter(person=person, team__memberships__user=person)

    def unread(self) -> "Notifications":
        return self.filter(read_at=None)


class Notification(models.Model):
    """`event` names what happened, for good ("job 12 ready"). `path` is where a click leads."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notifications")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=15, choices=Kind.choices)
    event = models.CharField(max_length=100)
    title = models.CharField(max_length=300, help_text="What happened, in a sentence.")
    detail = models.CharField(max_length=600, blank=True, help_text="What it means, and for the money.")
    path = models.CharField(max_length=300)
    at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True)
    in_next_digest = models.BooleanField(default=False)

    objects: ClassVar[Notifications] = Notifications.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "event"], name="one_notification_an_event")]
        indexes = [
            models.Index(fields=["person", "-id"], name="notification_newest"),
            # With the column of its condition every planner takes it before the index of the person alone.
            models.Index(
                fields=["person", "read_at", "-id"], name="unread_of_person", condition=models.Q(read_at=None)
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_pushed(self) -> bool:
        return self.kind in PUSHED


AT = time(8)


class Digest(Leased):
    person = models.OneToOneField(User, on_delete=models.CASCADE, related_name="digest")

    def __str__(self) -> str:
        return f"digest {self.pk}"


def next_morning(team: Team, now: datetime) -> datetime:
    here = now.astimezone(team.zone)
    today = datetime.combine(here.date(), AT, here.tzinfo)
    return today if today > here else datetime.combine(here.date() + timedelta(days=1), AT, here.tzinfo)


class Webhook(models.Model):
    """One a team. `failing_since`: when a delivery first failed with none arriving since."""

    team = models.OneToOneField(Team, on_delete=models.CASCADE, related_name="webhook")
    url = models.CharField(max_length=1000)
    secret = SecretField()
    old_secret = SecretField(blank=True)
    old_secret_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    failing_since = models.DateTimeField(null=True)
    disabled_at = models.DateTimeField(null=True)
    disabled_why = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return self.url

    @property
    def host(self) -> str:
        """All that others than the owner can read of it: such an address is often a secret itself."""
        return urlsplit(self.url).hostname or ""


class Answer(TypedDict):
    """How one post was answered: `code` is null without an answer; `at` (ISO) is added when it is kept."""

    at: NotRequired[str]
    code: int | None
    ms: int
    problem: str


class Delivery(Leased):
    """An event to a webhook: `body` is posted byte for byte, under one `message`; `posts` holds each answer."""

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=100)
    message = models.UUIDField(default=uuid4, unique=True)
    kind = models.CharField(max_length=40)
    body = models.TextField()
    posts = models.JSONField(default=list)
    posts_before = models.PositiveIntegerField(default=0, help_text="Of them, before it was sent again by hand.")
    created_at = models.DateTimeField(default=timezone.now)
    arrived_at = models.DateTimeField(null=True)
    gave_up_at = models.DateTimeField(null=True)

    class Meta(Leased.Meta):
        constraints = [models.UniqueConstraint(fields=["webhook", "event"], name="one_delivery_an_event")]
        indexes = [*Leased.Meta.indexes, models.Index(fields=["webhook", "-id"], name="delivery_newest")]

    def __str__(self) -> str:
        return f"delivery {self.pk}"

    @property
    def last(self) -> Answer | None:
        posts: list[Answer] = self.posts
        return posts[-1] if posts else None
