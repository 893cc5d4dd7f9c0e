"""What the provider said the key's balance was, and when: the other side of the ledger, appended and never changed."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import models
from django.db.models.functions import Now

from wanstudio.jobs.states import State
from wanstudio.money.models import NOTHING, Entry

if TYPE_CHECKING:
    from wanstudio.jobs.models.attempt import Attempt

TEN_THOUSANDTH = Decimal("0.0001")


class BalanceNote(models.Model):
    """One row a balance that was told, and one a POST and an ended task, with the balance as last told before it.

    The balance after either is the first one told after it: `after`. A told row carries our own sums at that moment.
    """

    class Moment(models.TextChoices):
        TOLD = "told", "Told"
        SENT = "sent", "A POST went out"
        ENDED = "ended", "A task ended"
        KEY = "key", "Another key"

    provider = models.CharField(max_length=20)
    moment = models.CharField(max_length=10, choices=Moment.choices)
    balance = models.DecimalField(max_digits=14, decimal_places=4, null=True, help_text="Dollars; null: never told.")
    told_at = models.DateTimeField(null=True, help_text="When the provider said so.")
    at = models.DateTimeField(db_default=Now())
    job = models.ForeignKey("Job", null=True, on_delete=models.PROTECT, related_name="+")
    attempt = models.ForeignKey("Attempt", null=True, on_delete=models.PROTECT, related_name="+")
    settled = models.DecimalField(max_digits=14, decimal_places=2, default=NOTHING, help_text="Ours, of all teams.")
    pending = models.DecimalField(
        max_digits=14, decimal_places=2, default=NOTHING, help_text="Handed over and not settled, or unknown."
    )

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["provider", "moment", "id"], name="balance_note")]

    def __str__(self) -> str:
        return f"{self.moment} {self.balance} at {self.provider}"

    @classmethod
    def told(cls, provider: str, balance: Decimal) -> None:
        """Append it, unless nothing has changed since the last one: neither the balance nor what we have in hand."""
        entries = Entry.objects.filter(provider=provider)
        handed_over = entries.filter(job__state__in=(State.SUBMITTING, State.RUNNING)).balance().reserved
        sums = entries.balance()
        balance = balance.quantize(TEN_THOUSANDTH)
        settled, pending = sums.settled, handed_over + sums.unknown
        last = cls.objects.filter(provider=provider, moment__in=(cls.Moment.TOLD, cls.Moment.KEY)).last()
        if (
            last is None
            or last.moment == cls.Moment.KEY
            or (last.balance, last.settled, last.pending) != (balance, settled, pending)
        ):
            cls.objects.create(
                provider=provider,
                moment=cls.Moment.TOLD,
                balance=balance,
                told_at=Now(),
                settled=settled,
                pending=pending,
            )

    @classmethod
    def key_changed(cls, provider: str) -> None:
        """From here on it is another key's balance: nothing before it can be compared."""
        cls.objects.create(provider=provider, moment=cls.Moment.KEY)

    @classmethod
    def before(
        cls, moment: "BalanceNote.Moment", provider: str, job_id: int, attempt_id: int | None, last: "Told"
    ) -> None:
        """Append the balance as last told before this POST, or this end of a task."""
        balance, told_at = last
        cls.objects.create(
            provider=provider, moment=moment, job_id=job_id, attempt_id=attempt_id, balance=balance, told_at=told_at
        )

    @classmethod
    def around(cls, attempt: "Attempt") -> "tuple[BalanceNote, BalanceNote] | None":
        """The balance before this attempt's POST and the first one told after it, if both are known."""
        before = cls.objects.filter(moment=cls.Moment.SENT, attempt=attempt, balance__isnull=False).first()
        if before is None:
            return None
        told = cls.objects.filter(provider=before.provider, pk__gt=before.pk)
        after = told.filter(moment__in=(cls.Moment.TOLD, cls.Moment.KEY)).first()
        return (before, after) if after and after.moment == cls.Moment.TOLD else None


Told = tuple[Decimal | None, datetime | None]
