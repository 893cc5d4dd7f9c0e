"""Queries of the studio: its two slots, and the price card for what is in them. Fetches nothing, writes nothing."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from urllib.parse import urlencode

from wanstudio.jobs.models import Job
from wanstudio.keys import in_force
from wanstudio.keys.models import ProviderKey
from wanstudio.money.pricing import Quote
from wanstudio.money.queries import RESOLUTIONS, quote_today
from wanstudio.provider.base import BillingLimits
from wanstudio.studio import words
from wanstudio.uploads.bridge import bucket_check
from wanstudio.uploads.crops import Crop, cropped_facts
from wanstudio.uploads.cuts import sent_facts
from wanstudio.uploads.models import Facts, Source
from wanstudio.uploads.preflight import Finding, findings
from wanstudio.uploads.scans import sent_of
from wanstudio.uploads.trims import OUTSIDE, Trim

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Choice:
    """What is chosen; `seconds` and `facts` of a motion that has no row yet.

    `arriving`: what the browser is still sending (`character`, `motion`), with `link` when it is a link being read.
    """

    resolution: str | None = None
    behaviour: str | None = None
    character: Source | None = None
    motion: Source | None = None
    seconds: float | None = None
    arriving: Collection[str] = ()
    facts: Facts | None = None
    trim: Trim | None = None
    crop: Crop | None = None


@dataclass(frozen=True)
class PriceCard:
    """`quotes` by resolution and the chosen `quote` (None: nothing to price yet); `complete` when it can be clicked.

    `trimmed_from`: the length of a clip that is too long, of which a part is chosen.
    `least` is the lowest quote of each resolution; `unreachable` a fact and what to do, `missing` why Generate waits.
    `reframed`: the ids of a character that can be cropped and of the motion whose shape it can take; `only_linked` says
    that it cannot, because nothing of it is here.
    `chosen` names the inputs as an address does.
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
    trimmed_from: float | None
    findings: list[Finding]
    reframed: tuple[int, int] | None
    only_linked: bool
    chosen: str


def price_card(choice: Choice) -> PriceCard:
    resolution = choice.resolution if choice.resolution in RESOLUTIONS else RESOLUTIONS[0]
    seconds = choice.motion.duration if choice.motion else choice.seconds
    is_outside = choice.trim == OUTSIDE
    if choice.trim and not is_outside:
        seconds = choice.trim.length
    quotes = {name: quote_today(seconds, name) for name in RESOLUTIONS} if seconds else {}
    quote = quotes.get(resolution)
    character, motion = choice.character, choice.motion
    chosen = {Source.Kind.CHARACTER: character, Source.Kind.MOTION: motion}
    provider, behaviour = in_force.provider_in_use(), choice.behaviour
    if behaviour not in Job.Behaviour.values:
        behaviour = Job.Behaviour.ANIMATE
    has_upload = any(source and not source.url for source in chosen.values())
    unreachable = bucket_check.fetch_problem(provider) if has_upload else ""
    key = ProviderKey.objects.filter(provider=provider).first()
    absent = [kind for kind, source in chosen.items() if not source and kind not in choice.arriving]
    return PriceCard(
        quotes=quotes,
        quote=quote,
        least={name: quote_today(1, name) for name in RESOLUTIONS},
        billing=in_force.model().billing,
        resolution=resolution,
        behaviour=str(behaviour),
        unreachable=(unreachable, words.give_a_link()) if unreachable else None,
        stopped=bool(key and key.stopped_at),
        short_balance=_short_balance(key, quote),
        reserved=Job.objects.reserved(provider) if key and key.balance is not None else None,
        reading="motion" in choice.arriving and not quote,
        reading_link="link" in choice.arriving,
        complete=bool(character and motion and quote and not unreachable and not is_outside),
        missing=words.NOT_IN_CLIP
        if is_outside
        else words.missing(absent, [kind for kind, source in chosen.items() if not source]),
        trimmed_from=_trimmed_from(choice),
        findings=_findings(choice, str(behaviour)),
        reframed=(character.pk, motion.pk) if character and character.file and motion else None,
        only_linked=bool(character and character.url),
        chosen=urlencode(_named(choice)),
    )


def _findings(choice: Choice, behaviour: str) -> list[Finding]:
    """Of what is sent: the frame, the part."""
    picture: Source | Facts | None = choice.character
    if choice.crop and choice.character:
        picture = cropped_facts(choice.character, choice.crop)
    part = None if choice.trim == OUTSIDE else choice.trim
    part = part or Trim(0, (choice.motion.duration if choice.motion else choice.seconds) or 0)
    sent = sent_of(choice.motion, part, in_force.model().billing.max_s)
    clip = choice.motion or choice.facts
    clip = clip and sent_facts(clip, choice.trim)
    return findings(picture, clip, behaviour, in_force.model().inputs, sent)


def _named(choice: Choice) -> dict[str, object]:
    named = {"character": choice.character, "motion": choice.motion}
    inputs = {kind: source.pk for kind, source in named.items() if source}
    return inputs | ({"crop": str(choice.crop)} if choice.crop else {})


def _trimmed_from(choice: Choice) -> float | None:
    whole = choice.motion.duration if choice.motion else choice.seconds
    return whole if whole and choice.trim and whole > in_force.model().billing.max_s else None


def _short_balance(key: ProviderKey | None, quote: Quote | None) -> Decimal | None:
    """The balance that does not cover the quote and what is reserved, never rounded up to look as if it did."""
    if key is None or key.balance is None or quote is None:
        return None
    if not key.falls_short_of(quote.price + Job.objects.reserved(key.provider)):
        return None
    return key.balance.quantize(CENT, ROUND_FLOOR)
