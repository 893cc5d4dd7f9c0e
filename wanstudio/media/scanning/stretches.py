"""Stretches without a picture that motion could be taken from: black or frozen.

FFmpeg's `freezedetect` and `blackdetect` look at the whole picture's mean: a hand that moves alone is frozen to them,
and a dark scene is black. Here each block counts.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from PIL import Image, ImageChops, ImageStat

_BLOCKS = (16, 16)
# Means of bytes are whole numbers: of so many times the difference, they are fine enough.
_GAIN = 8
_FINER = [min(value * _GAIN, 255) for value in range(256)]
# Of 255, in the block where it is the largest: what is black; what is the same picture; what is it still while a codec
# refines it, codes it in another way, and begins again; and what has moved, which is more than grain.
_BLACK, _SAME, _REFINED, _CODED, _CODED_ANEW, _MOVED = 10, 1.5, 3.0, 3.5, 5.0, 4.0
# Of one frame to the next, on average: more is a small motion that goes to and fro.
_RESTLESS = 0.65
# Frames that are coded in another way, one after the other.
_MAX_STRAYS = 2
_MIN_S = {"black": 0.25, "frozen": 0.48}
# A part of a stretch between two beginnings of a codec, and how long a codec refines a picture.
_PART_S, _REFINING_S, _FIRST_S = 0.25, 0.5, 0.2
# Shorter, it is frozen only if there is motion before or after: a codec can drop the grain of a still scene.
_SURELY_S, _BESIDE_S = 1.0, 0.4
_EDGE_S = 0.1

Found = tuple[str, float, float]


@dataclass
class _Part:
    """Frames that are one picture. `change`: to the next one; `came`, `went`: another picture was shown shortly before,
    is shown shortly after."""

    start: float
    end: float
    change: float = 255.0
    came: bool = False
    went: bool = False
    # Of one frame to the next, since a codec has refined the first.
    steps: list[float] = field(default_factory=list)

    @property
    def is_restless(self) -> bool:
        return sum(self.steps) > _RESTLESS * len(self.steps)


class Stretches:
    """Takes small pictures in the order in which they are shown."""

    def __init__(self) -> None:
        self._black: list[_Part] = []
        self._was_black = False
        self._parts: list[_Part] = []
        self._still: Image.Image | None = None
        # Frames since then that show it somewhat differently, as those do that are coded in another way.
        self._strays: list[tuple[float, Image.Image, float]] = []
        # The pictures of parts that have ended just now.
        self._ended: list[tuple[_Part, Image.Image]] = []
        self._recent: deque[tuple[float, Image.Image]] = deque()

    def add(self, look: Image.Image, at: float) -> None:
        grey = look.convert("L")
        self._add_black(_highest(grey) <= _BLACK, at)
        self._add_still(grey, at)
        self._recent.append((at, grey))
        while self._recent[0][0] < at - _PART_S - _REFINING_S:
            self._recent.popleft()

    def _add_black(self, is_black: bool, at: float) -> None:
        if self._was_black:
            self._black[-1].end = at
        if is_black and not self._was_black:
            self._black.append(_Part(at, at))
        self._was_black = is_black

    def _add_still(self, grey: Image.Image, at: float) -> None:
        self._ended = [(part, still) for part, still in self._ended if at - part.end <= _BESIDE_S and not part.went]
        for part, still in self._ended:
            part.went = _change(still, grey) >= _MOVED
        change = _change(self._still, grey) if self._still else 255.0
        if change > _SAME:
            self._strays.append((at, grey, change))
            if self._still is None or change > _CODED or len(self._strays) > _MAX_STRAYS:
                self._end_part()
            return
        self._strays.clear()
        if at - self._parts[-1].start > _FIRST_S:
            self._parts[-1].steps.append(_change(self._recent[-1][1], grey))
        if self._parts[-1].end == self._parts[-1].start and at - self._parts[-1].start >= _PART_S:
            self._look_back(self._parts[-1], grey)
            self._parts[-1].end = at

    def _end_part(self) -> None:
        """With the first picture that was another one."""
        at, picture, change = self._strays[0]
        if self._still:
            part = self._parts[-1]
            part.end, part.change = at, change
            if part.end - part.start >= _PART_S:
                self._ended.append((part, self._still))
        self._still = picture
        self._parts.append(_Part(at, at))
        self._strays.clear()

    def _look_back(self, part: _Part, still: Image.Image) -> None:
        """Its beginning, which a codec shows less well; and what was before."""
        for before, earlier in reversed(self._recent):
            change = _change(earlier, still) if before < part.start else 0.0
            if change <= _REFINED and part.start - before < _REFINING_S:
                part.start = min(part.start, before)
            elif change >= _MOVED:
                part.came = True
                break

    def found(self, seconds: float, cuts: Sequence[float]) -> list[Found]:
        """Both kinds, each in the order of time. What is black is not frozen; nothing moves across a cut."""
        if self._was_black:
            self._black[-1].end = seconds
        if self._parts:
            self._parts[-1].end = seconds
        black = [each for each in self._black if each.end - each.start >= _MIN_S["black"]]
        frozen = [each for each in self._frozen(cuts) if not any(_is_within(each, one) for one in black)]
        return [(kind, each.start, each.end) for kind, all_ in (("black", black), ("frozen", frozen)) for each in all_]

    def _frozen(self, cuts: Sequence[float]) -> list[_Part]:
        whole: list[_Part] = []
        for part in self._parts:
            if part.end - part.start < _PART_S or part.is_restless:
                continue
            before = whole[-1] if whole else None
            if before and part.start - before.end < _EDGE_S and before.change < _CODED_ANEW:
                before.end, before.change, before.went = part.end, part.change, part.went
            else:
                whole.append(part)
        return [each for each in whole if _is_frozen(each, cuts)]


def _is_frozen(part: _Part, cuts: Sequence[float]) -> bool:
    came = part.came and not any(-_BESIDE_S < at - part.start < _EDGE_S for at in cuts)
    return part.end - part.start >= (_MIN_S["frozen"] if came or part.went else _SURELY_S)


def _is_within(one: _Part, other: _Part) -> bool:
    return other.start - _EDGE_S <= one.start and one.end <= other.end + _EDGE_S


def _change(one: Image.Image, other: Image.Image) -> float:
    return _highest(ImageChops.difference(one, other).point(_FINER)) / _GAIN


def _highest(picture: Image.Image) -> float:
    """The mean of the block that has the highest."""
    return ImageStat.Stat(picture.resize(_BLOCKS, Image.Resampling.BOX)).extrema[0][1]
