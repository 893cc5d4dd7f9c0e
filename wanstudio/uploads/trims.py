"""Trims: the part of a motion that is sent, two times on an order. Nothing happens to the file itself."""

from dataclasses import dataclass

from django.db import models

from wanstudio.uploads.models import Source

MIN_S = 0.1
# Pages show tenths: who types the length that is shown means the end.
SHOWN_S = 0.05


@dataclass(frozen=True)
class Trim:
    """From `start` to `end`, in seconds as players count them, in whole milliseconds."""

    start: float
    end: float

    @property
    def length(self) -> float:
        return round(self.end - self.start, 3)


OUTSIDE = Trim(0, 0)
"""In the place of a trim that is not in its clip."""


def trim_of(start: float | None, end: float | None, duration: float) -> Trim | None:
    """The trim that these say; None for the whole clip. Either can be left out: from the beginning, to the end.

    Raises ValueError if it is not in a clip of `duration` seconds.
    """
    whole = Trim(0, round(duration, 3))
    trim = Trim(round(start or 0, 3), whole.end if end is None else round(end, 3))
    if 0 < trim.end - whole.end <= SHOWN_S:
        trim = Trim(trim.start, whole.end)
    if trim == whole:
        return None
    if not (trim.start >= 0 and trim.length >= MIN_S and trim.end <= whole.end):
        raise ValueError(f"{trim} is not in {duration} s")
    return trim


@dataclass(frozen=True)
class Whole:
    """What a short try is a try of: its size, and the part of the clip, all of it where there is none."""

    resolution: str
    trim: Trim | None


class Trimmed(models.Model):
    """An order of a `motion`, and the part of it that is sent; the whole where there is none."""

    motion: Source
    trim_start = models.FloatField(null=True, help_text="Seconds of the motion from which it is sent.")
    trim_end = models.FloatField(null=True)
    whole_resolution = models.CharField(max_length=10, null=True, help_text="Of a try: what it is a try of.")
    whole_start = models.FloatField(null=True)
    whole_end = models.FloatField(null=True)

    class Meta:
        abstract = True

    @property
    def trim(self) -> Trim | None:
        return None if self.trim_start is None or self.trim_end is None else Trim(self.trim_start, self.trim_end)

    @property
    def whole(self) -> Whole | None:
        """What this is a try of; None if it is none."""
        if not self.whole_resolution:
            return None
        is_part = self.whole_start is not None and self.whole_end is not None
        return Whole(self.whole_resolution, Trim(self.whole_start or 0, self.whole_end or 0) if is_part else None)

    @property
    def whole_seconds(self) -> float:
        return self.whole.trim.length if self.whole and self.whole.trim else self.motion.duration or 0

    @property
    def sent_seconds(self) -> float:
        """The length of what is sent, and priced."""
        return self.trim.length if self.trim else self.motion.duration or 0
