"""Slots of the studio: the places of the character and of the motion, with what is in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat

from wanstudio.accounts.models import User
from wanstudio.keys import in_force
from wanstudio.money.pricing import Quote
from wanstudio.money.queries import RESOLUTIONS, quote_today
from wanstudio.studio.words import SLOTS, SlotWords
from wanstudio.teams.access import in_teams_of, person
from wanstudio.teams.models import Team
from wanstudio.uploads.arrivals.link_copies import LinkCopy, about_s
from wanstudio.uploads.crops import WHOLE, Crop, Framed, NoCrop, crop_of
from wanstudio.uploads.models import Source
from wanstudio.uploads.queries import shown_once
from wanstudio.uploads.words import formats_of, no_crop
from wanstudio.work.compiled import CompiledModels


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
    return [source for source, _ in _RECENTS[kind].rows(person(request).pk, [team.pk])]


def _recents(kind: str, who: int, team: Sequence[int]) -> QuerySet[Source]:
    mine = Source.objects.filter(in_teams_of(User(pk=who), "team__"), deleted_at=None, team=team[0], kind=kind)
    return shown_once(mine).order_by("-used_at")[:8]


_RECENTS = {kind: CompiledModels(partial(_recents, kind)) for kind in Source.Kind.values}
