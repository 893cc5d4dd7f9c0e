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
    """From one balance to another. `fell` is what the balance lost, `settled` what our total is was charged.

    What was in progress at either end might or might not be in the balance already: `lowest` and `highest` are the
    bounds of what our sums allow. All in dollars.
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
    def differs_by(self) -> tuple[Decimal, Decimal] | None:
        """How much too much or, where `more` is negative, too little is lost: for certain, and at most.

        None if our sums, with what is or was in progress, explain it.
        """
        if self.lowest <= self.fell <= self.highest:
            return None
        bounds = abs(self.fell - self.highest), abs(self.fell - self.lowest)
        return min(bounds), abs(self.more) if min(bounds) == abs(self.more) else max(bounds)

    @property
    def explained(self) -> Decimal:
        """How far what is, or was, in progress can explain a difference."""
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
        # A rise beyond what a refund of all that was in progress could be.
        if (later.balance or NOTHING) - (earlier.balance or NOTHING) > earlier.pending:
            start, topped_up = later, True
    end = readings[-1]
    settled = end.settled - start.settled
    return Reconciliation(
        since=start.read_at or start.at,
        topped_up=topped_up,
        fell=cents((start.balance or NOTHING) - (end.balance or NOTHING)),
        settled=cents(settled),
        lowest=cents(settled - start.pending),
        highest=cents(settled + end.pending),
    )
