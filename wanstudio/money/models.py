"""The money ledger, one row a change, never changed again; and the balances that the provider reported, beside it.

Each entry names the columns it moves: the sum of a column over any set of entries is its balance. An entry is written
in the transaction of the move it belongs to, so that a crash leaves both or neither.
"""

from decimal import Decimal
from typing import ClassVar, NamedTuple

from django.db import models
from django.db.models import Sum
from django.db.models.functions import Now

from wanstudio.accounts.models import User
from wanstudio.append_only import AppendOnlyModel, AppendOnlyRows
from wanstudio.teams.models import Team

CENT = Decimal("0.01")
NOTHING = Decimal("0.00")
COLUMNS = ("reserved", "settled", "unknown")


def cents(amount: Decimal | float | None) -> Decimal:
    """A sum as the database adds it up (SQLite in floating point), in whole cents. Zero has no sign."""
    return Decimal(str(amount or 0)).quantize(CENT) + 0


class Money(models.TextChoices):
    """`ASSUMED`: released because the provider said failed, which it does not promise to be unbilled."""

    RESERVED = "reserved", "Reserved"
    SETTLED = "settled", "Charged"
    RELEASED = "released", "Released"
    ASSUMED = "assumed", "Released, we assume"
    UNKNOWN = "unknown", "May have been charged"


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


class BalanceReading(models.Model):
    """One row a balance that was read, and one a POST and an ended task, with the balance as last read before it.

    The balance after either is the first one read after it. A reading carries our own sums at that moment.
    """

    class Moment(models.TextChoices):
        READ = "told", "Read"
        SENT = "sent", "A POST went out"
        ENDED = "ended", "A task ended"
        KEY = "key", "Another key"

    provider = models.CharField(max_length=20)
    moment = models.CharField(max_length=10, choices=Moment.choices)
    balance = models.DecimalField(max_digits=14, decimal_places=4, null=True, help_text="Dollars; null: never read.")
    read_at = models.DateTimeField(null=True, help_text="When the provider said so.")
    at = models.DateTimeField(db_default=Now())
    job = models.ForeignKey("Job", null=True, on_delete=models.PROTECT, related_name="+")
    attempt = models.ForeignKey("Attempt", null=True, on_delete=models.PROTECT, related_name="+")
    settled = models.DecimalField(max_digits=14, decimal_places=2, default=NOTHING, help_text="Ours, of all teams.")
    pending = models.DecimalField(
        max_digits=14, decimal_places=2, default=NOTHING, help_text="Handed over and not settled, or unknown."
    )

    class Meta:
        db_table = "wanstudio_balancenote"
        ordering = ["pk"]
        indexes = [models.Index(fields=["provider", "moment", "id"], name="balance_note")]

    def __str__(self) -> str:
        return f"{self.moment} {self.balance} at {self.provider}"
