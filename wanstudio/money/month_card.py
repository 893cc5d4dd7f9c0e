"""What is left of the month: the bar of the price card, and the sentence when a price does not fit."""

from decimal import ROUND_FLOOR, Decimal
from typing import Any

from wanstudio.accounts.models import User
from wanstudio.keys import in_force as keyring
from wanstudio.money.budgets import OverCap, Room, rooms, tightest
from wanstudio.money.pricing import Quote
from wanstudio.teams.models import Team

# The part of this video in the bar is seen even where its share is tiny: per cent.
LEAST_SHOWN = Decimal("1.5")
WARN_FROM = 90


def month_context(team: Team, person: User, quote: Quote | None, *, note: str = "") -> dict[str, Any]:
    """`room`: the cap that leaves this person least, or None; `over`: dollars of the quote beyond it."""
    room = tightest(rooms(team, person, keyring.provider_in_use()))
    over = room.over(quote.price) if room and quote else Decimal(0)
    bar = month_bar(room, quote.price if quote else Decimal(0)) if room else None
    return {"room": room, "over": over, "month_bar": bar, "note": note[:300]}


def month_bar(room: Room, price: Decimal) -> dict[str, Decimal]:
    """Per cent of the bar: `spent`, `this` job, and what is `beyond` the cap; together 100 at most."""
    whole = max(room.cap, room.spent + price) or Decimal(1)
    spent = percent(min(room.spent, room.cap), whole)
    fits = min(price, room.left)
    beyond = percent(max(room.spent + price - room.cap, Decimal(0)), whole)
    this = max(percent(fits, whole), LEAST_SHOWN) if fits else Decimal(0)
    spent = min(spent, 100 - this - beyond)
    return {
        "spent": max(spent, Decimal(0)),
        "this": this,
        "this_at": spent,
        "beyond": beyond,
        "beyond_at": 100 - beyond,
    }


def percent(part: Decimal, whole: Decimal) -> Decimal:
    """In tenths, never rounded up."""
    return (100 * part / whole).quantize(Decimal("0.1"), ROUND_FLOOR) if whole else Decimal(0)


def over_words(over: OverCap, other: User | None = None, *, with_sums: bool = True) -> str:
    """The refusal in one sentence that leads with the sums.

    `other`: whose cap it is if it is not the reader's; `with_sums`: whether the reader may know what that one has left.
    """
    room = over.room
    if other is None or room.whose != "your":
        return f"${over.price} is more than the ${room.left} left of {room.whose} ${room.cap} this month."
    if not with_sums:
        return f"${over.price} is more than {other}’s cap leaves this month, and it counts there."
    return f"${over.price} is more than the ${room.left} left of {other}’s ${room.cap} this month, where it counts."
