"""The outgoing webhook of a team: where its news is posted to, and each piece of news on its way there."""

import base64
import json
import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from django.db import models, transaction
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.encryption.encrypted_fields import SecretField, seal
from wanstudio.teams.models import Team
from wanstudio.work.leases import Leased

# After a rotation the old secret still signs, beside the new one.
OLD_SECRET_SIGNS_FOR = timedelta(hours=24)
SECRET_BYTES = 32


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
        """What others than the owner may read of it: the rest of such an address often is the secret that opens it."""
        return urlsplit(self.url).hostname or ""

    @classmethod
    def set_up(cls, team: Team, url: str, *, by: User) -> str:
        """To this address from now on, and switched on. Returns the secret if it is a new one, else nothing."""
        secret = _new_secret()
        with transaction.atomic():
            hook, is_new = cls.objects.get_or_create(team=team, defaults={"url": url, "secret": seal(secret)})
            again = {"url": url, "disabled_at": None, "disabled_why": "", "failing_since": None}
            cls.objects.filter(pk=hook.pk).update(**again)
            hook.url = url
            record(team=team, person=by, act="webhook.set", about=hook.host, on=hook)
        return secret if is_new else ""

    def rotate(self, *, by: User) -> str:
        """A new secret, returned this once; the old one signs too for a day, so that the receiver can change over."""
        secret = _new_secret()
        with transaction.atomic():
            held = Webhook.objects.select_for_update().get(pk=self.pk)
            Webhook.objects.filter(pk=self.pk).update(
                secret=seal(secret), old_secret=held.secret, old_secret_until=Now() + OLD_SECRET_SIGNS_FOR
            )
            record(team=self.team_id, person=by, act="webhook.rotated", about=self.host, on=self)
        return secret

    def remove(self, *, by: User) -> None:
        with transaction.atomic():
            record(team=self.team_id, person=by, act="webhook.removed", about=self.host)
            self.delete()

    @classmethod
    def tell(
        cls, team: Team | int, kind: str, *, event: str, text: str, data: dict[str, Any] | None = None
    ) -> "Delivery | None":
        """Post this news to the team's webhook, if it has one. The same `event` again: nothing happens.

        In the caller's transaction. `text` is a sentence; `data` must be JSON.
        """
        hook = cls.objects.filter(team=team, disabled_at=None).first()
        if hook is None:
            return None
        now = timezone.now()
        body = {"type": kind, "timestamp": now.isoformat(), "text": slack(text), "data": data or {}}
        facts = {"kind": kind, "body": json.dumps(body, ensure_ascii=False), "due_at": now}
        delivery, is_new = Delivery.objects.get_or_create(webhook=hook, event=event[:100], defaults=facts)
        if is_new:
            delivery.wake()
        return delivery

    def arrived(self) -> None:
        Webhook.objects.filter(pk=self.pk, failing_since__isnull=False).update(failing_since=None)

    def failed(self) -> None:
        Webhook.objects.filter(pk=self.pk).update(failing_since=Coalesce("failing_since", Now()))

    def disable(self, why: str) -> bool:
        """Switched off; whether it was on until now."""
        on = Webhook.objects.filter(pk=self.pk, disabled_at=None)
        return bool(on.update(disabled_at=Now(), disabled_why=why[:300]))


class Delivery(Leased):
    """One piece of news to one webhook. `body` is posted byte for byte at every try, under the same `message`.

    `tries` holds each: when (ISO), how it was answered (`code`, null if not at all), how long it took and what broke.
    """

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=100)
    message = models.UUIDField(default=uuid4, unique=True)
    kind = models.CharField(max_length=40)
    body = models.TextField()
    tries = models.JSONField(default=list)
    tries_before = models.PositiveIntegerField(default=0, help_text="Of them, before it was sent again by hand.")
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
    def last(self) -> dict[str, Any] | None:
        """The last try, if there was one."""
        return self.tries[-1] if self.tries else None

    def again(self, *, by: User) -> None:
        """Once more from the start, by hand, whether it arrived or not. The receiver knows it by its id."""
        with transaction.atomic():
            rows = Delivery.objects.filter(pk=self.pk)
            rows.update(due_at=Now(), arrived_at=None, gave_up_at=None, tries_before=len(self.tries))
            record(team=self.webhook.team_id, person=by, act="webhook.redelivered", about=self.kind, on=self.webhook)
            self.wake()


def slack(text: str) -> str:
    """As Slack wants its text: a name with `<!channel>` in it must call nobody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
