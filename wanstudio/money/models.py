"""The money ledger: what was reserved, settled, released or is unknown, one row a change, never changed again.

Each entry names the columns it moves: the sum of a column over any set of entries is what stands there. An entry is
written in the transaction of the move it belongs to, so that a crash leaves both or neither.
"""

from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

from django.db import models
from django.db.models import Sum
from django.db.models.functions import Now

from wanstudio.accounts.models import User
from wanstudio.append_only import AppendOnlyModel, AppendOnlyRows
from wanstudio.teams.models import Team

CENT = Decimal("0.01")
NOTHING = Decimal("0.00")
COLUMNS = ("reserved", "settled", "unknown")


class Money(models.TextChoices):
    """`ASSUMED`: released because the provider said failed, which it does not promise to be unbilled."""

    RESERVED = "reserved", "Reserved"
    SETTLED = "settled", "Charged"
    RELEASED = "released", "Released"
    ASSUMED = "assumed", "Released, assumed"
    UNKNOWN = "unknown", "Unknown"


class Balance(NamedTuple):
    """What stands in the three columns, in dollars and whole cents."""

    reserved: Decimal = NOTHING
    settled: Decimal = NOTHING
    unknown: Decimal = NOTHING


class Entries(AppendOnlyRows["Entry"]):
    def billed(self) -> "Entries":
        """Without the sandbox, which bills nothing."""
        return self.exclude(provider="sandbox")

    def balance(self) -> Balance:
        """The sums of the columns over these entries."""
        sums = self.aggregate(**{name: Sum(name, default=NOTHING) for name in COLUMNS})
        return Balance(*(cents(sums[name]) for name in COLUMNS))


class Entry(AppendOnlyModel):
    """One change of the money of a job, or of one of its attempts. `amount` is the price it is about, in dollars."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="entries")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="entries")
    job = models.ForeignKey("Job", on_delete=models.PROTECT, related_name="entries")
    attempt = models.ForeignKey("Attempt", null=True, on_delete=models.PROTECT, related_name="entries")
    provider = models.CharField(max_length=20)
    kind = models.CharField(max_length=10, choices=Money.choices)
    amount = models.DecimalField(max_digits=8, decimal_places=2)
    reserved = models.DecimalField(max_digits=8, decimal_places=2, default=NOTHING, help_text="Change of the column.")
    settled = models.DecimalField(max_digits=8, decimal_places=2, default=NOTHING)
    unknown = models.DecimalField(max_digits=8, decimal_places=2, default=NOTHING)
    at = models.DateTimeField(db_default=Now())
    why = models.CharField(max_length=300, blank=True)
    origin = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="The entry that reserved the money this one moves; none for that one itself, and of before this.",
    )

    objects: ClassVar[Entries] = Entries.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["team", "-id"], name="entry_newest"),
            models.Index(fields=["team", "at"], name="entry_month"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ${self.amount} of job {self.job_id}"


def write(
    job: Any, after: Money | str, *, before: Money | str | None, attempt_id: int | None = None, why: str = ""
) -> None:
    """One entry: the job's price leaves the column of `before` (None: it was in none) and enters that of `after`.

    Only the verbs that move a job or an attempt call this, within their transaction.
    """
    change = dict.fromkeys(COLUMNS, NOTHING)
    if before in COLUMNS:
        change[before] -= job.price
    if after in COLUMNS:
        change[after] += job.price
    Entry.objects.create(
        team_id=job.team_id,
        person_id=job.person_id,
        job_id=job.pk,
        attempt_id=attempt_id,
        provider=job.provider,
        kind=after,
        amount=job.price,
        why=why[:300],
        origin=_origin(job.pk, before, attempt_id) if before in COLUMNS else None,
        **change,
    )


def _origin(job_id: int, column: Money | str, attempt_id: int | None) -> Entry | None:
    """Which reservation the price in this column goes back to; None if an entry of then does not say.

    A job has one price reserved or settled at a time, but one unknown for each of its tries.
    """
    into = Entry.objects.filter(job=job_id, **{f"{column}__gt": 0}).select_related("origin")
    if column == Money.UNKNOWN:
        into = into.filter(attempt=attempt_id)
    came = into.order_by("pk").last()
    if came is None:
        return None
    opened_it = came.reserved + came.settled + came.unknown > 0
    return came if opened_it else came.origin


def cents(amount: Any) -> Decimal:
    """A sum as the database adds it up (SQLite in floating point), in whole cents."""
    return Decimal(str(amount or 0)).quantize(CENT)
