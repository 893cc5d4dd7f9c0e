"""Attempts: one row per POST, written before the first byte is sent, with the answer to it."""

from decimal import Decimal
from typing import TYPE_CHECKING, TypedDict

from django.core import signing
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from wanstudio.money.models import Money
from wanstudio.work.leases import Leased
from wanstudio.work.prepared import Prepared

if TYPE_CHECKING:
    from wanstudio.teams.models import Team

_SALT = "wanstudio.callback"

# Attempts that their job's page has something to say about: they might have been charged, or turned out to be.
NOTEWORTHY = Q(money=Money.UNKNOWN) | Q(recovered__isnull=False)


class Hint(TypedDict):
    """`at`: when it was named (ISO 8601). `asked`: the provider was asked, and did not know it."""

    task: str
    by_hand: bool
    at: str
    asked: bool


class Attempt(Leased):
    """An attempt to submit a job. `outcome` empty: the POST can be on its way, or its worker died.

    Its price is kept on the job until the job continues without it (a person sends again), then here, in `money`. Due
    for the worker when a task was named that its job does not follow: see steps/uncertain.py.
    """

    job = models.ForeignKey("Job", on_delete=models.PROTECT, related_name="submissions")
    provider = models.CharField(max_length=20)
    callback = models.BooleanField(default=False)
    key_mark = models.CharField(max_length=32, blank=True, help_text="Of the key it was sent with; empty: not noted.")
    outcome = models.CharField(max_length=20, blank=True)
    http_status = models.PositiveIntegerField(null=True)
    error = models.CharField(max_length=40, blank=True)
    message = models.TextField(blank=True)
    task_id = models.CharField(max_length=200, blank=True)
    hinted_task_id = models.CharField(
        max_length=200, blank=True, help_text="The first of the hints; believed once statusTask confirms it."
    )
    hints = models.JSONField(
        default=list, blank=True, help_text="Every id that was named and is not yet settled, the next one first."
    )
    money = models.CharField(
        max_length=10, choices=Money.choices, blank=True, help_text="Superseded: what became of its price."
    )
    problem = models.CharField(max_length=300, blank=True, help_text="What came of the task that a person named.")
    created_at = models.DateTimeField(default=timezone.now)
    answered_at = models.DateTimeField(null=True)

    class Meta(Leased.Meta):
        ordering = ["pk"]
        indexes = [
            *Leased.Meta.indexes,
            models.Index(fields=["money", "job"], name="attempt_unsettled", condition=Q(money=Money.UNKNOWN)),
        ]

    def __str__(self) -> str:
        return f"attempt {self.pk} of {self.job_id}"

    @property
    def callback_token(self) -> str:
        """The attempt's id and an HMAC of it: nothing to store, nothing to guess."""
        return f"{self.pk}.{_mac(self.pk)}"

    @property
    def price(self) -> Decimal:
        """What it might have cost, in dollars."""
        return self.job.price

    @property
    def number(self) -> int:
        """Which of its job's attempts it is, from 1."""
        return Attempt.objects.filter(job_id=self.job_id, pk__lte=self.pk).count()

    @property
    def is_unsettled(self) -> bool:
        """Superseded, and it might have been charged."""
        return self.money == Money.UNKNOWN

    @classmethod
    def by_token(cls, token: str) -> "Attempt | None":
        """The attempt a callback names, or None for any token that is not ours."""
        number, _, mac = token.partition(".")
        if not number.isdecimal() or len(number) > 18 or not number.isascii():
            return None
        if not constant_time_compare(mac, _mac(int(number))):
            return None
        return cls.objects.select_related("job").filter(pk=int(number)).first()


def unsettled_attempts(team: "Team") -> list[Attempt]:
    """Superseded attempts that might have been charged, oldest first; no unconfirmed jobs, none of the sandbox."""
    found = _UNSETTLED.all(team.pk)
    models.prefetch_related_objects(found, "job")
    return found


# From the few attempts, never from the team's many jobs.
_UNSETTLED = Prepared(
    lambda team: (
        Attempt.objects.filter(money=Money.UNKNOWN, job__team__id__unindexed=team)
        .exclude(provider="sandbox")
        .order_by("pk")
    )
)


def _mac(pk: int) -> str:
    return signing.b64_encode(salted_hmac(_SALT, str(pk), algorithm="sha256").digest()).decode()
