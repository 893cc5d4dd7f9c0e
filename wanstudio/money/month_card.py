"""The rest of the month on the price card: the cap that leaves least, and its bar."""

from dataclasses import dataclass
from decimal import Decimal

from wanstudio.accounts.models import User
from wanstudio.keys import in_force
from wanstudio.money.pricing import Quote
from wanstudio.money.queries import Room, percent, rooms, tightest
from wanstudio.teams.models import Team

# The part of this video in the bar is seen even where its share is tiny: per cent.
MIN_SHOWN = Decimal("1.5")


@dataclass(frozen=True)
class MonthBar:
    """Per cent of the bar: `spent`, `this` job, and what is `beyond` the cap; together 100 at most."""

    spent: Decimal
    this: Decimal
    this_at: Decimal
    beyond: Decimal

    @property
    def beyond_at(self) -> Decimal:
        return 100 - self.beyond


def month_context(team: Team, person: User, quote: Quote | None, *, note: str = "") -> dict[str, object]:
    """`room`: the cap that leaves this person least, or None; `over`: dollars of the quote beyond it."""
    room = tightest(rooms(team, person, in_force.provider_in_use()))
    over = room.over(quote.price) if room and quote else Decimal(0)
    bar = month_bar(room, quote.price if quote else Decimal(0)) if room else None
    return {"room": room, "over": over, "month_bar": bar, "note": note[:300]}


def month_bar(room: Room, price: Decimal) -> MonthBar:
    whole = max(room.cap, room.spent + price) or Decimal(1)
    fits = min(price, room.left)
    beyond = percent(max(room.spent + price - room.cap, Decimal(0)), whole)
    this = max(percent(fits, whole), MIN_SHOWN) if fits else Decimal(0)
    spent = min(percent(min(room.spent, room.cap), whole), 100 - this - beyond)
    return MonthBar(spent=max(spent, Decimal(0)), this=this, this_at=spent, beyond=beyond)
