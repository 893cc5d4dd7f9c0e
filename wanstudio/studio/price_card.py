"""The price card: what it says for what is chosen right now. Reads rows, fetches nothing, writes nothing."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from wanstudio.jobs.models.job import Job
from wanstudio.keys import in_force
from wanstudio.keys.models import ProviderKey
from wanstudio.money.pricing import Quote
from wanstudio.money.queries import RESOLUTIONS, quote_today
from wanstudio.provider.base import BillingLimits
from wanstudio.studio import words
from wanstudio.uploads.models import Source
from wanstudio.web.fetchers import is_reachable

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Choice:
    """What is chosen; `seconds` of a motion that has no row yet.

    `arriving`: what the browser is still sending (`character`, `motion`), with `link` when it is a link being read.
    """

    resolution: str | None = None
    behaviour: str | None = None
    character: Source | None = None
    motion: Source | None = None
    seconds: float | None = None
    arriving: Collection[str] = ()


@dataclass(frozen=True)
class PriceCard:
    """`quotes` by resolution and the chosen `quote` (None: nothing to price yet); `complete` when it may be clicked.

    `least` is the lowest quote of each resolution; `unreachable` a fact and what to do, `missing` why Generate waits.
    """

    quotes: dict[str, Quote]
    quote: Quote | None
    least: dict[str, Quote]
    billing: BillingLimits
    resolution: str
    behaviour: str
    unreachable: tuple[str, str] | None
    stopped: bool
    short_balance: Decimal | None
    reserved: Decimal | None
    reading: bool
    reading_link: bool
    complete: bool
    missing: str


def price_card(choice: Choice) -> PriceCard:
    resolution = choice.resolution if choice.resolution in RESOLUTIONS else RESOLUTIONS[0]
    seconds = choice.motion.duration if choice.motion else choice.seconds
    quotes = {name: quote_today(seconds, name) for name in RESOLUTIONS} if seconds else {}
    quote = quotes.get(resolution)
    chosen = {Source.Kind.CHARACTER: choice.character, Source.Kind.MOTION: choice.motion}
    provider = in_force.provider_in_use()
    is_unreachable = any(source and not source.url for source in chosen.values()) and not is_reachable(provider)
    key = ProviderKey.objects.filter(provider=provider).first()
    absent = [kind for kind, source in chosen.items() if not source and kind not in choice.arriving]
    return PriceCard(
        quotes=quotes,
        quote=quote,
        least={name: quote_today(1, name) for name in RESOLUTIONS},
        billing=in_force.model().billing,
        resolution=resolution,
        behaviour=choice.behaviour if choice.behaviour in Job.Behaviour.values else Job.Behaviour.ANIMATE,
        unreachable=words.unreachable(provider) if is_unreachable else None,
        stopped=bool(key and key.stopped_at),
        short_balance=_short_balance(key, quote),
        reserved=Job.objects.reserved(provider) if key and key.balance is not None else None,
        reading="motion" in choice.arriving and not quote,
        reading_link="link" in choice.arriving,
        complete=bool(choice.character and choice.motion and quote and not is_unreachable),
        missing=words.missing(absent, [kind for kind, source in chosen.items() if not source]),
    )


def _short_balance(key: ProviderKey | None, quote: Quote | None) -> Decimal | None:
    """The balance that does not cover the quote and what is reserved, never rounded up to look as if it did."""
    if key is None or key.balance is None or quote is None:
        return None
    if not key.falls_short_of(quote.price + Job.objects.reserved(key.provider)):
        return None
    return key.balance.quantize(CENT, ROUND_FLOOR)
