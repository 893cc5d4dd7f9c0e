"""The two slots of the studio, Character and Motion: what is in each, and what was there before."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat

from wanstudio.keys import in_force
from wanstudio.studio.words import SLOTS, SlotWords
from wanstudio.teams.models import Team
from wanstudio.uploads.models import Source
from wanstudio.uploads.queries import visible_sources
from wanstudio.uploads.words import formats_of

RECENT = 8


@dataclass(frozen=True)
class Slot:
    """One slot. `wrong`: why what was given cannot be used; `url`: the link, `file`: the name of the file that was
    given, if the sentence does not say it; `other`: the id in the other slot.

    `again`: the name of a file that was given but could not be kept, because something else in the form was wrong.
    """

    kind: str
    recents: list[Source]
    source: Source | None = None
    wrong: str = ""
    url: str = ""
    file: str = ""
    other: int | None = None
    again: str = ""

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
        billing = in_force.model().billing
        extent = f"{billing.min_s} to {billing.max_s} s" if self.is_motion else f"up to {self.limit}"
        return f"{formats_of(self.kind)}, {extent}"

    @property
    def limit_bytes(self) -> int:
        return int(settings.CLIP_MAX_BYTES if self.is_motion else settings.IMAGE_MAX_BYTES)

    @property
    def limit(self) -> str:
        return filesizeformat(self.limit_bytes)

    @property
    def beside(self) -> str:
        """The rest of the address that keeps the other slot as it is: `motion=3`, or nothing."""
        kind = Source.Kind.CHARACTER if self.is_motion else Source.Kind.MOTION
        return f"{kind}={self.other}" if self.other else ""

    @property
    def awaits_poster(self) -> bool:
        """Whether the worker is still making the still picture of a link."""
        return bool(self.source and self.source.due_at and not self.source.poster)


def recents(request: HttpRequest, team: Team, kind: str) -> list[Source]:
    """What this person's team has put into such a slot lately, the latest first."""
    return list(visible_sources(request, team).filter(kind=kind).order_by("-used_at")[:RECENT])
