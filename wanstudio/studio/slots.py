"""The two places of the studio, Character and Motion: what stands in each, and what was there before."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from wanstudio.keys import in_force
from wanstudio.teams import access
from wanstudio.teams.models import Team
from wanstudio.uploads.models import Source
from wanstudio.uploads.queries import visible_sources
from wanstudio.uploads.words import formats_of, megabytes

RECENT = 8


@dataclass(frozen=True)
class Slot:
    """One place. `wrong`: why what was given cannot be used; `url`: the link, `file`: the name of the file that was
    given; `other`: the id beside.

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
    def thing(self) -> str:
        return "clip" if self.is_motion else "picture"

    @property
    def invitation(self) -> str:
        return "Drop a clip of the motion" if self.is_motion else "Drop a picture of your character"

    @property
    def formats(self) -> str:
        if self.is_motion:
            billing = in_force.model().billing
            return f"{formats_of(self.kind)}, {billing.min_s} to {billing.max_s} s"
        return f"{formats_of(self.kind)}, up to {self.limit}"

    @property
    def tips(self) -> tuple[str, ...]:
        if self.is_motion:
            return "One person, whole body in frame", "No cuts", "Steady camera"
        return "Whole body", "Face visible", "One person"

    @property
    def accept(self) -> str:
        if self.is_motion:
            return "video/mp4,video/quicktime,video/x-m4v,.mp4,.mov,.m4v"
        return "image/jpeg,image/png,image/webp,.jpg,.jpeg,.png,.webp"

    @property
    def limit_bytes(self) -> int:
        return int(settings.CLIP_MAX_BYTES if self.is_motion else settings.IMAGE_MAX_BYTES)

    @property
    def limit(self) -> str:
        return megabytes(self.limit_bytes)

    @property
    def error_title(self) -> str:
        return "This link cannot be used" if self.url else f"This is not a {self.thing} we can use"

    @property
    def unnamed(self) -> str:
        """The name of a file that cannot be used, if the sentence about it does not say it."""
        return "" if f"“{self.file}”" in self.wrong else self.file

    @property
    def beside(self) -> str:
        """The rest of the address that keeps the other place as it is: `motion=3`, or nothing."""
        kind = Source.Kind.CHARACTER if self.is_motion else Source.Kind.MOTION
        return f"{kind}={self.other}" if self.other else ""

    @property
    def waits_for_poster(self) -> bool:
        """Whether the worker is still making the still picture of a link."""
        return bool(self.source and self.source.due_at and not self.source.poster)


def slot(request: HttpRequest, kind: str, source: Source | None = None, team: Team | None = None, **more: Any) -> Slot:
    """The place as it is to be shown to this person."""
    recents = visible_sources(request, team or access.current_team(request)).filter(kind=kind).order_by("-used_at")
    return Slot(kind, list(recents[:RECENT]), source, **more)
