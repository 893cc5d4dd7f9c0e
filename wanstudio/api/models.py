"""An `Idempotency-Key` that made a job: the same request again gets the same answer, and makes nothing."""

from typing import Any
from uuid import UUID, uuid5

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone

from wanstudio.models.api_token import ApiToken

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
