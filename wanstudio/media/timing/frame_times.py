"""Frame times of a clip: when each picture begins, kept as a short text, and the timecodes that name them."""

import re
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate, chain, groupby, pairwise, repeat

MAX_FRAMES = 200_000
# A text longer than this would weigh more than its page: such a clip is stepped by its mean rate.
MAX_TEXT = 60_000
# A time from a browser, or one with three decimals, can be this much before the frame that it means.
_SLACK_S = 0.001
_TEXT = re.compile(r"\d{1,9}(?:/[1-9]\d{0,8})? [1-9]\d{0,9} -?\d{1,12}(?: [1-9]\d{0,9}(?:x\d{1,6})?)*", re.ASCII)
_RATES = sorted(
    {Fraction(each) for each in range(1, 241)} | {Fraction(each * 1000, 1001) for each in (24, 30, 60, 120)}
)


@dataclass(frozen=True)
class FrameTimes:
    """`starts`: when each frame begins, in ticks of `scale` a second. `rate`: frames a second, None where it varies."""

    rate: Fraction | None
    scale: int
    starts: Sequence[int]

    @classmethod
    def of(cls, scale: int, starts: Sequence[int]) -> "FrameTimes":
        return cls(_rate(scale, starts), scale, starts)

    @property
    def text(self) -> str:
        """`30000/1001 90000 0 3003x299`: rate (0: varies), scale, first start, gaps with counts. Empty if too long."""
        gaps = ((gap, len(list(same))) for gap, same in groupby(late - early for early, late in pairwise(self.starts)))
        runs = [f"{gap}x{count}" if count > 1 else str(gap) for gap, count in gaps]
        text = " ".join([str(self.rate or 0), str(self.scale), str(self.starts[0]), *runs])
        return text if len(text) <= MAX_TEXT else ""

    @property
    def is_drop_frame(self) -> bool:
        return self.rate in (Fraction(30000, 1001), Fraction(60000, 1001))

    @property
    def nominal(self) -> int:
        """Whole frames a second of the timecode: 30 for 29.97; 30 where the rate varies."""
        return max(1, round(self.rate)) if self.rate else 30

    def at(self, seconds: float) -> int:
        """The frame that is shown at this time; the first before there is any."""
        return max(0, bisect_right(self.starts, (seconds + _SLACK_S) * self.scale) - 1)

    def start(self, frame: int) -> float:
        """Seconds. Beyond the last frame: as if there were more of them."""
        last = len(self.starts) - 1
        if frame <= last:
            return self.starts[max(0, frame)] / self.scale
        gap = self.starts[last] - self.starts[last - 1] if last else self.scale // self.nominal
        return (self.starts[last] + gap * (frame - last)) / self.scale

    def timecode(self, seconds: float) -> str:
        """`00:00:03:12`, with `;` where frames are dropped; `0:03.433` where the rate varies: frames have no names."""
        if self.rate is None:
            whole = round(self.start(self.at(seconds)) * 1000)
            return f"{whole // 60_000}:{whole // 1000 % 60:02}.{whole % 1000:03}"
        return smpte(self.at(seconds), self.nominal, drop=self.is_drop_frame)


def smpte(frame: int, nominal: int, *, drop: bool) -> str:
    """SMPTE ST 12-1. Dropping skips numbers, not frames: 2 (of 60: 4) each minute, but for every tenth."""
    if drop:
        skipped = nominal // 15
        minute, ten = nominal * 60 - skipped, nominal * 600 - 9 * skipped
        tens, left = divmod(frame, ten)
        frame += 9 * skipped * tens + (skipped * ((left - skipped) // minute) if left >= skipped else 0)
    seconds, part = divmod(frame, nominal)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{';' if drop else ':'}{part:02}"


@lru_cache(maxsize=16)
def parse(text: str) -> FrameTimes | None:
    """The frame times of a `FrameTimes.text`; None for an empty one, and for what was never one."""
    if len(text) > MAX_TEXT or not _TEXT.fullmatch(text):
        return None
    rate, scale, first, *runs = text.split()
    gaps = [(int(gap), int(count or 1)) for gap, _, count in (run.partition("x") for run in runs)]
    if sum(count for _, count in gaps) > MAX_FRAMES:
        return None
    steps = chain.from_iterable(repeat(gap, count) for gap, count in gaps)
    return FrameTimes(Fraction(rate) or None, int(scale), array("q", accumulate(steps, initial=int(first))))


def _rate(scale: int, starts: Sequence[int]) -> Fraction | None:
    """The nearest rate that cameras and editors know, or the mean; None if a frame is a third of one off its place.

    Containers round: a clip of 23.976 in milliseconds has frames of 41 and of 42.
    """
    if len(starts) < 2 or starts[-1] == starts[0]:
        return None
    mean = Fraction((len(starts) - 1) * scale, starts[-1] - starts[0])
    known = min(_RATES, key=lambda rate: abs(rate - mean))
    rate = known if abs(known - mean) * (len(starts) - 1) < mean / 4 else mean.limit_denominator(100_000)
    step = scale / rate
    if any(abs(start - starts[0] - number * step) > step / 3 for number, start in enumerate(starts)):
        return None
    return rate
