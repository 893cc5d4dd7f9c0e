"""Quotes: the price by the function that the page and the job call, and what would delay or refuse the job."""

from django.forms import ValidationError
from django.http import HttpRequest

from wanstudio.api import authentication as tokens
from wanstudio.api.problems import invalid
from wanstudio.api.row_shapes import quote_row
from wanstudio.api.shapes import QuoteIn, QuoteOut
from wanstudio.keys import in_force
from wanstudio.money.pricing import Quote
from wanstudio.money.queries import quote_today, rooms, tightest
from wanstudio.studio.price_card import Choice, PriceCard, price_card
from wanstudio.teams import access
from wanstudio.teams.roles import Act
from wanstudio.uploads.forms import take
from wanstudio.uploads.models import Source

ONE = "Give one of motion (an upload's id), motion_url and seconds."
NO_MOTION = "This motion is not among your team's uploads."


def priced(request: HttpRequest, asked: QuoteIn) -> QuoteOut:
    given = [name for name in ("motion", "motion_url", "seconds") if getattr(asked, name)]
    if len(given) != 1:
        raise invalid(ONE, {name: [ONE] for name in given or ["motion"]})
    motion = _motion(request, asked)
    seconds = asked.seconds or (motion.duration if motion else _length_behind(asked.motion_url))
    if not seconds:
        raise invalid(NO_MOTION, {given[0]: ["The clip has no length that could be priced."]})
    card = price_card(Choice(asked.resolution, motion=motion, seconds=seconds))
    quote = quote_today(seconds, asked.resolution)
    with_sums = access.may(request, tokens.team(request), Act.SPENDING)
    return quote_row(quote, [*_warnings(card, with_sums=with_sums), *_over_cap(request, quote)])


def _motion(request: HttpRequest, asked: QuoteIn) -> Source | None:
    if asked.motion is None:
        return None
    found = tokens.sources(request).filter(kind=Source.Kind.MOTION, pk=asked.motion).first()
    if found is None:
        raise invalid(NO_MOTION, {"motion": [NO_MOTION]})
    return found


def _length_behind(url: str) -> float | None:
    try:
        return take(Source.Kind.MOTION, url=url).duration
    except ValidationError as wrong:
        raise invalid(wrong.messages[0], {"motion_url": list(wrong.messages)}) from None


def _over_cap(request: HttpRequest, quote: Quote) -> list[str]:
    room = tightest(rooms(tokens.team(request), access.person(request), in_force.provider_in_use()))
    over = room.over(quote.price) if room else None
    if not (room and over):
        return []
    return [f"It is ${over} over {room.whose.label} ${room.cap} this month. A job would be refused."]


def _warnings(card: PriceCard, *, with_sums: bool) -> list[str]:
    """`with_sums`: the balance itself, which only those may know who may see the spending."""
    warnings = []
    if card.unreachable:
        warnings.append(" ".join(card.unreachable))
    if card.stopped:
        warnings.append("Sending is stopped in the settings. A job waits in the queue, and nothing is charged for it.")
    if (balance := card.short_balance) is not None:
        sum_of_it = f", ${balance}," if with_sums else ""
        warnings.append(f"The balance{sum_of_it} does not cover this and what is reserved. A job would wait.")
    return warnings
