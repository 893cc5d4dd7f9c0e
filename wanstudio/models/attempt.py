"""One row a POST: what was about to be sent, written before the first byte, and what came of it."""

from typing import Any

from django.core import signing
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

_SALT = "wanstudio.callback"


class Attempt(models.Model):
    """An attempt to submit a job. `outcome` empty: the POST may be on its way, or its worker died."""

    job = models.ForeignKey("Job", on_delete=models.PROTECT, related_name="submissions")
    provider = models.CharField(max_length=20)
    callback = models.BooleanField(default=False)
    outcome = models.CharField(max_length=20, blank=True)
    http_status = models.PositiveIntegerField(null=True)
    error = models.CharField(max_length=40, blank=True)
    message = models.TextField(blank=True)
    task_id = models.CharField(max_length=200, blank=True)
    hinted_task_id = models.CharField(
        max_length=200, blank=True, help_text="Named by a callback or a person; believed once statusTask confirms it."
    )
    created_at = models.DateTimeField(default=timezone.now)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"attempt {self.pk} of {self.job_id}"

    @property
    def callback_token(self) -> str:
        """The attempt's id and an HMAC of it: nothing to store, nothing to guess."""
        return f"{self.pk}.{_mac(self.pk)}"

    def record(self, **answer: Any) -> None:
        """What came back, kept whether or not the lease still is ours: a task id must never be lost."""
        Attempt.objects.filter(pk=self.pk).update(answered_at=Now(), **answer)

    def hint(self, task_id: str) -> None:
        """A task id somebody named. Written once: a later word does not overwrite one that is not yet looked at."""
        Attempt.objects.filter(pk=self.pk, hinted_task_id="").update(hinted_task_id=task_id[:200])

    def forget(self, task_id: str) -> None:
        """The provider knows no such task, or another job has it. Another id, named in the meantime, stays."""
        Attempt.objects.filter(pk=self.pk, task_id=task_id).update(task_id="")
        Attempt.objects.filter(pk=self.pk, hinted_task_id=task_id).update(hinted_task_id="")

    @classmethod
    def by_token(cls, token: str) -> "Attempt | None":
        """The attempt a callback names, or None for any token that is not ours."""
        number, _, mac = token.partition(".")
        if not number.isdecimal() or len(number) > 18 or not number.isascii():
            return None
        if not constant_time_compare(mac, _mac(int(number))):
            return None
        return cls.objects.select_related("job").filter(pk=int(number)).first()


def _mac(pk: int) -> str:
    return signing.b64_encode(salted_hmac(_SALT, str(pk), algorithm="sha256").digest()).decode()
