"""The price card: what it says for what is chosen right now. Reads rows, fetches nothing, writes nothing."""

from collections.abc import Collection
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from wanstudio.jobs.models.job import Job
from wanstudio.keys import in_force
from wanstudio.keys.models import ProviderKey
from wanstudio.money.pricing import Quote
from wanstudio.money.quoting import RESOLUTIONS, quote_today
from wanstudio.provider import providers
from wanstudio.uploads.models import Source
from wanstudio.web.fetchers import is_reachable

CENT = Decimal("0.01")
UNREACHABLE = (
    "{Name} cannot fetch an uploaded file from this studio, because it has no public address.",
    "Nothing was sent or charged. Give a link instead, or let whoever runs the studio set WANSTUDIO_URL to its public "
    "https address.",
)
WORDS = {Source.Kind.CHARACTER: ("a character", "the picture"), Source.Kind.MOTION: ("a motion", "the clip")}


def price_context(
    seconds: float | None,
    resolution: str | None,
    behaviour: str | None,
    *,
    character: Source | None,
    motion: Source | None,
    arriving: Collection[str] = (),
    was: Decimal | None = None,
) -> dict[str, Any]:
    """`quotes` by resolution and the chosen `quote` (None: nothing to price yet); `complete` when it may be clicked.

    `arriving`: what the browser is still sending (`character`, `motion`), with `link` when it is a link being read.
    `was`: the price in dollars that no longer holds.
    """
    resolution = resolution if resolution in RESOLUTIONS else RESOLUTIONS[0]
    quotes = {name: quote_today(seconds, name) for name in RESOLUTIONS} if seconds else {}
    quote = quotes.get(resolution)
    chosen = {Source.Kind.CHARACTER: character, Source.Kind.MOTION: motion}
    provider = in_force.provider_in_use()
    is_unreachable = _needs_public_address(chosen.values()) and not is_reachable(provider)
    key = ProviderKey.objects.filter(provider=provider).first()
    return {
        "quotes": quotes,
        "quote": quote,
        "billing": in_force.model().billing,
        "least": {name: quote_today(1, name) for name in RESOLUTIONS},
        "resolution": resolution,
        "behaviour": behaviour if behaviour in Job.Behaviour.values else Job.Behaviour.ANIMATE,
        "was": was,
        "unreachable": unreachable(provider) if is_unreachable else None,
        "stopped": bool(key and key.stopped_at),
        "short_balance": _short_balance(key, quote),
        "reserved": Job.objects.reserved(provider) if key and key.balance is not None else None,
        "reading": "motion" in arriving and not quote,
        "reading_link": "link" in arriving,
        "complete": bool(character and motion and quote and not is_unreachable),
        "missing": _missing(chosen, arriving),
    }


def unreachable(provider: str) -> tuple[str, str]:
    fact, consequence = UNREACHABLE
    return providers.named(fact, provider), consequence


def _short_balance(key: ProviderKey | None, quote: Quote | None) -> Decimal | None:
    """The balance that does not cover the quote and what is reserved, never rounded up to look as if it did."""
    if key is None or key.balance is None or quote is None:
        return None
    if not key.falls_short_of(quote.price + Job.objects.reserved(key.provider)):
        return None
    return key.balance.quantize(CENT, ROUND_FLOOR)


def _needs_public_address(sources: Collection[Source | None]) -> bool:
    return any(source and not source.url for source in sources)


def _missing(chosen: dict[Source.Kind, Source | None], arriving: Collection[str]) -> str:
    """Why Generate waits: something is not chosen, or not here yet."""
    absent = [WORDS[kind][0] for kind, source in chosen.items() if not source and kind not in arriving]
    if absent:
        return f"Add {' and '.join(absent)} first."
    coming = [WORDS[kind][1] for kind, source in chosen.items() if not source]
    return f"Waiting for {' and '.join(coming)}." if coming else ""
