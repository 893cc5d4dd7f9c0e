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

# Sizes of a kept sum's time, in quarters of an hour.
EVER, QUARTER, DAY = 0, 1, 96
# In the place of such a size: of all time, made from the character, or the motion, whose id `begins` then is.
OF_CHARACTER, OF_MOTION = -1, -2
CENT = Decimal("0.01")
NOTHING = Decimal("0.00")
COLUMNS = ("reserved", "settled", "unknown")
# Without the sandbox, which bills nothing.
BILLED = ~models.Q(provider="sandbox")


def cents(amount: Decimal | float | None) -> Decimal:
    """A sum as the database adds it up (SQLite in floating point), in whole cents. Zero has no sign."""
    return Decimal(str(amount or 0)).quantize(CENT) + 0


def dollars(whole_cents: int | Decimal | None) -> Decimal:
    """A kept sum in dollars, exactly."""
    return Decimal(int(whole_cents or 0)).scaleb(-2)


class Money(models.TextChoices):
    """`ASSUMED`: released because the provider said failed, which it does not promise to be unbilled."""

    RESERVED = "reserved", "Reserved"
    SETTLED = "settled", "Charged"
    RELEASED = "released", "Released"
    ASSUMED = "assumed", "Released (assumed)"
    UNKNOWN = "unknown", "Possibly charged"


class Balance(NamedTuple):
    """The amounts of the three columns, in dollars and whole cents."""

    reserved: Decimal = NOTHING
    settled: Decimal = NOTHING
    unknown: Decimal = NOTHING


class Entries(AppendOnlyRows["Entry"]):
    def billed(self) -> "Entries":
        return self.filter(BILLED)

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
            models.Index(fields=["team", "at", "job"], name="entry_months_jobs"),
            models.Index(fields=["team", "-id"], name="entry_billed", condition=BILLED),
            models.Index(fields=["team", "person", "-id"], name="entry_billed_person", condition=BILLED),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ${self.amount} of job {self.job_id}"


class KeptSum(models.Model):
    """What entries of a time add up to, in cents. Written by triggers only: see `kept_sums.py`.

    `size` and `begins`: in quarters of an hour since 1970. An entry counts when its money was reserved; its job, and
    the seconds of its job's approved videos, when the money of the job's first entry was.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+", db_index=False)
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    provider = models.CharField(max_length=20)
    behaviour = models.CharField(max_length=10)
    resolution = models.CharField(max_length=10)
    size = models.SmallIntegerField(help_text="In quarters of an hour; 0: of all time; -1, -2: of a source.")
    begins = models.IntegerField()
    writer = models.IntegerField(default=0, help_text="On PostgreSQL writers at once have a row each.")
    reserved = models.BigIntegerField(default=0)
    settled = models.BigIntegerField(default=0)
    unknown = models.BigIntegerField(default=0)
    released = models.BigIntegerField(default=0, help_text="Given back; a part of what the columns before lost.")
    assumed = models.BigIntegerField(default=0)
    jobs = models.BigIntegerField(default=0)
    videos = models.BigIntegerField(default=0, help_text="Jobs that are done.")
    approved = models.BigIntegerField(default=0, help_text="Microseconds.")
    approvals = models.BigIntegerField(default=0, help_text="Approved videos.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "size", "begins", "person", "provider", "behaviour", "resolution", "writer"],
                name="kept_once",
            )
        ]
        indexes = [models.Index(fields=["provider"], name="kept_ever", condition=models.Q(size=EVER))]

    def __str__(self) -> str:
        return f"sums of team {self.team_id}, {self.size} from {self.begins}"


class ReservedAgain(models.Model):
    """A job in a quarter of an hour (`begins`) that is not its first: rare, and it counts once in a longer time."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+", db_index=False)
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    job = models.ForeignKey("Job", on_delete=models.CASCADE, related_name="+", db_index=False)
    provider = models.CharField(max_length=20)
    begins = models.IntegerField()
    first = models.IntegerField()

    class Meta:
        indexes = [models.Index(fields=["team", "begins"], name="reserved_again")]

    def __str__(self) -> str:
        return f"job {self.job_id} again from {self.begins}"


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
