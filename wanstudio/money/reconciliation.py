"""Whether the provider's balance fell by what our ledger says was charged, as far as that can be told."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from django.db.models.functions import Now

from wanstudio.keys.models.balance_readings import BalanceNote
from wanstudio.money.models import NOTHING, cents

LOOKS_BACK = timedelta(days=30)


@dataclass(frozen=True)
class Drift:
    """From one balance to another. `fell` is what the balance lost, `settled` what our sums say was charged.

    What was under way at either end may or may not be in the balance already: `least` and `most` are the bounds of
    what our sums allow. All in dollars.
    """

    since: datetime
    until: datetime
    topped_up: bool
    fell: Decimal
    settled: Decimal
    least: Decimal
    most: Decimal

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
        return self.least <= self.fell <= self.most

    @property
    def certain_more(self) -> Decimal:
        """What is lost for certain, whatever becomes of all that is under way."""
        return max(self.fell - self.most, NOTHING)

    @property
    def certain_less(self) -> Decimal:
        """What our sums have too much for certain."""
        return max(self.least - self.fell, NOTHING)

    @property
    def most_more(self) -> Decimal:
        """What may be lost, if nothing of what is under way is charged yet."""
        return self.fell - self.least

    @property
    def most_less(self) -> Decimal:
        return self.most - self.fell

    @property
    def explained(self) -> Decimal:
        """How far what is, or was, under way can explain a difference."""
        return self.most - self.settled if self.more > 0 else self.settled - self.least


def drift(provider: str) -> Drift | None:
    """Since the last top-up, or over the last 30 days; None before two balances are known."""
    told = BalanceNote.objects.filter(provider=provider, moment=BalanceNote.Moment.TOLD, at__gt=Now() - LOOKS_BACK)
    another = BalanceNote.objects.filter(provider=provider, moment=BalanceNote.Moment.KEY).last()
    notes = list(told.filter(pk__gt=another.pk if another else 0).order_by("pk"))
    if len(notes) < 2:
        return None
    start, topped_up = notes[0], False
    for earlier, later in pairwise(notes):
        # A rise beyond what a refund of all that was under way could be.
        if _balance(later) - _balance(earlier) > earlier.pending:
            start, topped_up = later, True
    end = notes[-1]
    settled = end.settled - start.settled
    return Drift(
        since=start.told_at or start.at,
        until=end.told_at or end.at,
        topped_up=topped_up,
        fell=cents(_balance(start) - _balance(end)),
        settled=cents(settled),
        least=cents(settled - start.pending),
        most=cents(settled + end.pending),
    )


def _balance(note: BalanceNote) -> Decimal:
    return note.balance or NOTHING
