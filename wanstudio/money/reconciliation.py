"""Reconciliation: the provider's balance against what our ledger says was charged, as far as they can be compared."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from django.db.models.functions import Now

from wanstudio.money.models import NOTHING, BalanceReading, cents

LOOKS_BACK = timedelta(days=30)


@dataclass(frozen=True)
class Reconciliation:
    """From one balance to another. `fell` is what the balance lost, `settled` what our sums say was charged.

    What was under way at either end may or may not be in the balance already: `lowest` and `highest` are the bounds
    of what our sums allow. All in dollars.
    """

    since: datetime
    topped_up: bool
    fell: Decimal
    settled: Decimal
    lowest: Decimal
    highest: Decimal

    @property
    def more(self) -> Decimal:
        """What the balance lost beyond our settled sums; negative if it lost less."""
        return self.fell - self.settled

    @property
    def less(self) -> Decimal:
        return -self.more

    @property
    def agrees(self) -> bool:
        """Whether our sums, with what is or was under way, explain it."""
        return self.lowest <= self.fell <= self.highest

    @property
    def certain_more(self) -> Decimal:
        """What is lost for certain, whatever becomes of all that is under way."""
        return max(self.fell - self.highest, NOTHING)

    @property
    def certain_less(self) -> Decimal:
        """What our sums have too much for certain."""
        return max(self.lowest - self.fell, NOTHING)

    @property
    def max_more(self) -> Decimal:
        """What may be lost, if nothing of what is under way is charged yet."""
        return self.fell - self.lowest

    @property
    def max_less(self) -> Decimal:
        return self.highest - self.fell

    @property
    def explained(self) -> Decimal:
        """How far what is, or was, under way can explain a difference."""
        return self.highest - self.settled if self.more > 0 else self.settled - self.lowest


def reconcile(provider: str) -> Reconciliation | None:
    """Since the last top-up, or over the last 30 days; None before two balances are known."""
    moment = BalanceReading.Moment
    read = BalanceReading.objects.filter(provider=provider, moment=moment.READ, at__gt=Now() - LOOKS_BACK)
    another = BalanceReading.objects.filter(provider=provider, moment=moment.KEY).last()
    readings = list(read.filter(pk__gt=another.pk if another else 0).order_by("pk"))
    if len(readings) < 2:
        return None
    start, topped_up = readings[0], False
    for earlier, later in pairwise(readings):
        # A rise beyond what a refund of all that was under way could be.
        if _balance(later) - _balance(earlier) > earlier.pending:
            start, topped_up = later, True
    end = readings[-1]
    settled = end.settled - start.settled
    return Reconciliation(
        since=start.read_at or start.at,
        topped_up=topped_up,
        fell=cents(_balance(start) - _balance(end)),
        settled=cents(settled),
        lowest=cents(settled - start.pending),
        highest=cents(settled + end.pending),
    )


def _balance(reading: BalanceReading) -> Decimal:
    return reading.balance or NOTHING
