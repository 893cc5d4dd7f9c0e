"""Webhooks of teams, and their deliveries: each event on its way to the address that the team named."""

from typing import NotRequired, TypedDict
from urllib.parse import urlsplit
from uuid import uuid4

from django.db import models
from django.utils import timezone

from wanstudio.encryption.encrypted_fields import SecretField
from wanstudio.teams.models import Team
from wanstudio.work.leases import Leased


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
        """All that others than the owner may read of it: such an address often is the secret that opens it."""
        return urlsplit(self.url).hostname or ""


class Answer(TypedDict):
    """How one post was answered: `code` is null without an answer; `at` (ISO) is added when it is kept."""

    at: NotRequired[str]
    code: int | None
    ms: int
    problem: str


class Delivery(Leased):
    """One event to one webhook. `body` is posted byte for byte each time, under the same `message`.

    `posts` holds the answer to each.
    """

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

    class Meta:
        constraints = [models.UniqueConstraint(fields=["webhook", "event"], name="one_delivery_an_event")]
        indexes = [
            models.Index(fields=["due_at"], name="delivery_due"),
            models.Index(fields=["webhook", "-id"], name="delivery_newest"),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk}"

    @property
    def last(self) -> Answer | None:
        """How the last post was answered, if there was one."""
        posts: list[Answer] = self.posts
        return posts[-1] if posts else None
