"""Tokens for the API: what a script shows instead of signing in. The secret itself is stored nowhere."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from wanstudio.activity.verbs import record
from wanstudio.teams.models import Membership

PREFIX = "wan_"
# Characters that its page shows, to tell one from another.
SHOWN = 10
MINUTE = timedelta(minutes=1)


class ApiToken(models.Model):
    """It acts as one person in one team, and goes with the membership: at once and for good."""

    class Scope(models.TextChoices):
        READ = "read", "Read"
        MAKE = "make", "Read and make videos"

    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=60)
    scope = models.CharField(max_length=10, choices=Scope.choices, default=Scope.READ)
    prefix = models.CharField(max_length=20, help_text="Its first characters, for its page.")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the whole token.")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    minute_at = models.DateTimeField(null=True, blank=True, help_text="When the minute began whose calls are counted.")
    minute_calls = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"token {self.prefix}…"

    @classmethod
    def draw(cls, membership: Membership, name: str, scope: str, expires_at: datetime | None) -> tuple["ApiToken", str]:
        """A new one and its secret (256 bits), which nobody can read again."""
        secret = PREFIX + secrets.token_urlsafe(32)
        with transaction.atomic():
            made = cls.objects.create(
                membership=membership,
                name=name,
                scope=scope,
                prefix=secret[:SHOWN],
                digest=digest_of(secret),
                expires_at=expires_at,
            )
            made.note("token.made")
        return made, secret

    @classmethod
    def living(cls) -> models.QuerySet["ApiToken"]:
        """Those that open the API now."""
        unexpired = Q(expires_at=None) | Q(expires_at__gt=Now())
        return cls.objects.filter(unexpired, revoked_at=None, membership__user__is_active=True)

    @classmethod
    def by_secret(cls, secret: str) -> "ApiToken | None":
        """The living one with this secret. Looked up by its hash: how long that takes tells nothing of the secret."""
        found = cls.living().filter(digest=digest_of(secret))
        return found.select_related("membership__team", "membership__user").first()

    def count_call(self, most: int) -> float | None:
        """One more call in this minute; None, or the seconds to wait if there were `most` already."""
        me = ApiToken.objects.filter(pk=self.pk)
        over = Q(minute_at=None) | Q(minute_at__lte=Now() - MINUTE)
        if me.filter(over).update(minute_at=Now(), minute_calls=1, last_used_at=Now()):
            return None
        if me.filter(minute_calls__lt=most).update(minute_calls=F("minute_calls") + 1, last_used_at=Now()):
            return None
        began = me.values_list("minute_at", flat=True).first() or timezone.now()
        return max((began + MINUTE - timezone.now()).total_seconds(), 1.0)

    def revoke(self) -> None:
        """Dead from the next call on. A crash leaves it revoked, or living."""
        with transaction.atomic():
            if ApiToken.objects.filter(pk=self.pk, revoked_at=None).update(revoked_at=Now()):
                self.note("token.revoked")

    def note(self, act: str) -> None:
        record(act=act, team=self.membership.team, person=self.membership.user, about=self.name, on=self)

    @property
    def may_make(self) -> bool:
        return self.scope == self.Scope.MAKE

    @property
    def is_over(self) -> bool:
        return self.revoked_at is not None or (self.expires_at is not None and self.expires_at <= timezone.now())


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


_NAMESPACE = UUID("6f1d7b0e-8f43-4a53-9b0e-2d5e5c1f7a10")


class KeyReused(Exception):
    """This key was used for another request. Nothing was made."""


class ApiPost(models.Model):
    """Kept for good: a key that was forgotten would make the job again, at its price."""

    token = models.ForeignKey(ApiToken, on_delete=models.CASCADE, related_name="posts")
    key = models.CharField(max_length=255)
    body = models.CharField(max_length=64, help_text="SHA-256 of what was asked.")
    job = models.ForeignKey("Job", null=True, on_delete=models.PROTECT, related_name="+")
    answer = models.JSONField(default=dict, encoder=DjangoJSONEncoder, help_text="As it was given the first time.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token", "key"], name="one_post_a_key")]

    def __str__(self) -> str:
        return f"key of job {self.job_id}"

    @classmethod
    def earlier(cls, token: ApiToken, key: str, body: str) -> dict[str, Any] | None:
        """What this very request was answered, or None: it is new. Raises KeyReused if it was another one."""
        found = cls.objects.filter(token=token, key=key, job__isnull=False).first()
        return found.answer_to(body) if found else None

    def answer_to(self, body: str) -> dict[str, Any]:
        if self.body != body:
            raise KeyReused
        answer: dict[str, Any] = self.answer
        return answer

    @classmethod
    def begin(cls, token: ApiToken, key: str, body: str) -> "tuple[ApiPost, bool]":
        """The row of this key, and whether it is ours to fill. Inside the transaction that makes the job.

        Of many at once one makes the row; the others wait for its transaction, and find the answer or nothing.
        """
        return cls.objects.get_or_create(token=token, key=key, defaults={"body": body})

    def finish(self, job_id: int, answer: dict[str, Any]) -> None:
        ApiPost.objects.filter(pk=self.pk).update(job=job_id, answer=answer)

    @staticmethod
    def nonce(token: ApiToken, key: str) -> UUID:
        """The nonce of the one job that this key may make."""
        return uuid5(_NAMESPACE, f"{token.pk}:{key}")
