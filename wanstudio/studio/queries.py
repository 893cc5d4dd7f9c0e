"""Queries of the studio: its two slots, and the price card for what is in them. Fetches nothing, writes nothing."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat

from wanstudio.jobs.models import Job
from wanstudio.keys import in_force
from wanstudio.keys.models import ProviderKey
from wanstudio.money.pricing import Quote
from wanstudio.money.queries import RESOLUTIONS, quote_today
from wanstudio.provider.base import BillingLimits
from wanstudio.studio import words
from wanstudio.studio.words import SLOTS, SlotWords
from wanstudio.teams.models import Team
from wanstudio.uploads.arrivals.link_copies import LinkCopy, about_s
from wanstudio.uploads.crops import WHOLE, Crop, Framed, NoCrop, crop_of, cropped_facts
from wanstudio.uploads.models import Facts, Source
from wanstudio.uploads.preflight import Finding, findings
from wanstudio.uploads.queries import visible_sources
from wanstudio.uploads.scans import sent_of
from wanstudio.uploads.trims import OUTSIDE, Trim
from wanstudio.uploads.words import formats_of, no_crop
from wanstudio.web.addresses import is_reachable

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Slot:
    """One slot. `wrong`: why what was given cannot be used; `url`: the link, `file`: the name of the file that was
    given, if the sentence does not say it; `other`: the id in the other slot.

    `again`: the name of a file that was given but could not be kept, because something else in the form was wrong.
    `trim`: from when to when, as it was typed; None if nothing was said about it. `whole`: what
    this is a try of.
    """

    kind: str
    recents: list[Source]
    source: Source | None = None
    wrong: str = ""
    url: str = ""
    file: str = ""
    other: int | None = None
    again: str = ""
    trim: tuple[object, ...] | None = None
    whole: tuple[object, ...] = (None, None, None)
    crop: Crop | None = None

    @property
    def framed(self) -> Framed | None:
        return Framed(self.source, self.crop) if self.source and self.crop else None

    @property
    def endless(self) -> Framed | None:
        """Its picture, to be framed."""
        return Framed(self.source, WHOLE) if self.source else None

    @property
    def is_motion(self) -> bool:
        return self.kind == Source.Kind.MOTION

    @property
    def label(self) -> str:
        return str(Source.Kind(self.kind).label)

    @property
    def words(self) -> SlotWords:
        return SLOTS[Source.Kind(self.kind)]

    @property
    def formats(self) -> str:
        billing, size = in_force.model().billing, filesizeformat(self.limit_bytes)
        extent = f"{billing.min_s} to {billing.max_s} s" if self.is_motion else f"up to {size}"
        return f"{formats_of(self.kind)}, {extent}"

    @property
    def limit_bytes(self) -> int:
        return int(settings.CLIP_MAX_BYTES if self.is_motion else settings.IMAGE_MAX_BYTES)

    @property
    def beside(self) -> str:
        """The rest of the address that keeps the other slot as it is: `motion=3`, or nothing."""
        kind = Source.Kind.CHARACTER if self.is_motion else Source.Kind.MOTION
        return f"{kind}={self.other}" if self.other else ""

    @property
    def part(self) -> tuple[object, ...]:
        """From when to when: to begin with all of a clip, but of one that is too long what can be generated."""
        if self.trim is not None:
            return self.trim
        max_s = in_force.model().billing.max_s
        is_too_long = self.source and self.source.file and (self.source.duration or 0) > max_s
        return (None, max_s if is_too_long else None)

    @property
    def link_copy(self) -> LinkCopy | None:
        return LinkCopy.objects.filter(link=self.source).first() if self.source else None

    @property
    def about_s(self) -> int:
        """How long it takes to bring in the clip behind a link."""
        return about_s((self.source and self.source.size_bytes) or 0)

    @property
    def attempt(self) -> Quote:
        """A short try before the whole is paid for: the shortest part that is billed, at the lowest price."""
        return quote_today(in_force.model().billing.min_s, RESOLUTIONS[0])

    @property
    def awaits_poster(self) -> bool:
        """Whether the worker is still making the still picture of a link."""
        return bool(self.source and self.source.due_at and not self.source.poster)

    @property
    def awaits_worker(self) -> bool:
        """The same, or the preview of a clip."""
        return self.awaits_poster or bool(self.source and self.source.awaits_preview)


def chosen_crop(said: object, character: Source | None, motion: Source | None) -> tuple[Crop | None, str]:
    """The frame that this says, None for the whole picture; and the sentence about one that it cannot have."""
    try:
        return (crop_of(str(said or ""), character, motion) if character and character.file else None), ""
    except NoCrop as wrong:
        return None, no_crop(wrong, character)


def recents(request: HttpRequest, team: Team, kind: str) -> list[Source]:
    return list(visible_sources(request, team).filter(kind=kind).order_by("-used_at")[:8])


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
    """`quotes` by resolution and the chosen `quote` (None: nothing to price yet); `complete` when it may be clicked.

    `trimmed_from`: the length of a clip that is too long, of which a part is chosen.
    `least` is the lowest quote of each resolution; `unreachable` a fact and what to do, `missing` why Generate waits.
    `reframed`: the ids of a character that can be cropped and of the motion whose shape it can take.
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
    is_unreachable = any(source and not source.url for source in chosen.values()) and not is_reachable(provider)
    key = ProviderKey.objects.filter(provider=provider).first()
    absent = [kind for kind, source in chosen.items() if not source and kind not in choice.arriving]
    return PriceCard(
        quotes=quotes,
        quote=quote,
        least={name: quote_today(1, name) for name in RESOLUTIONS},
        billing=in_force.model().billing,
        resolution=resolution,
        behaviour=str(behaviour),
        unreachable=words.unreachable(provider) if is_unreachable else None,
        stopped=bool(key and key.stopped_at),
        short_balance=_short_balance(key, quote),
        reserved=Job.objects.reserved(provider) if key and key.balance is not None else None,
        reading="motion" in choice.arriving and not quote,
        reading_link="link" in choice.arriving,
        complete=bool(character and motion and quote and not is_unreachable and not is_outside),
        missing=words.NOT_IN_CLIP
        if is_outside
        else words.missing(absent, [kind for kind, source in chosen.items() if not source]),
        trimmed_from=_trimmed_from(choice),
        findings=_findings(choice, str(behaviour)),
        reframed=(character.pk, motion.pk) if character and character.file and motion else None,
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
    return findings(picture, choice.motion or choice.facts, behaviour, in_force.model().inputs, sent)


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
