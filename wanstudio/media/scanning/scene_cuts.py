"""Scene cuts: moments at which one picture is followed by another one that it cannot have become by motion.

A change counts against what changes around it, so that fast motion is none; parts of a picture may have moved; and
what comes back at once was a flash. FFmpeg's `scdet` looks at two frames alone, and takes flashes and pans for cuts.
"""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from PIL import Image, ImageChops, ImageStat

# Pictures are compared at this size, in blocks of this size, moved by so much at most.
_SIDE, _BLOCK, _FAR = 32, 4, 6
# Frames before and after a change that it is compared with, and for how long a flash may last.
_AROUND, _FLASH_S = 8, 0.35
# Of 255: a change below it is no other scene; nor is what is left of it when parts are put where they were.
_LEAST_CHANGE, _LEAST_LEFT = 4.0, 3.0
_STANDS_OUT = 2.0


class _Look(NamedTuple):
    at: float
    picture: Image.Image
    change: float


class SceneCuts:
    """Takes small pictures in the order in which they are shown."""

    def __init__(self) -> None:
        self._looks: list[_Look] = []
        self._next = 1
        self._cuts: list[float] = []

    def add(self, look: Image.Image, at: float) -> None:
        small = look.reduce(look.width // _SIDE)
        change = _mean(ImageChops.difference(self._looks[-1].picture, small)) if self._looks else 0.0
        self._looks.append(_Look(at, small, change))
        if len(self._looks) - self._next > _AROUND:
            self._judge_next()
        if self._next > 2 * _AROUND:
            del self._looks[:_AROUND]
            self._next -= _AROUND

    def found(self, ranges: Sequence[tuple[str, float, float]]) -> list[float]:
        """All of them, but those at the edges of a black range, which are told as that."""
        while self._next < len(self._looks):
            self._judge_next()
        black = [(start, end) for kind, start, end in ranges if kind == "black"]
        return [at for at in self._cuts if not any(start - 0.1 <= at <= end + 0.1 for start, end in black)]

    def _judge_next(self) -> None:
        looks, this = self._looks, self._next
        self._next += 1
        change = looks[this].change
        if change < _LEAST_CHANGE:
            return
        around = [*looks[max(1, this - _AROUND) : this], *looks[this + 1 : this + 1 + _AROUND]]
        usual = median(look.change for look in around) if around else 0.0
        if change < 1.1 * usual:
            return
        before, after = looks[this - 1].picture, looks[this].picture
        left = _left(before, after)
        pairs = [(at - 1, at) for at in range(this - 2, this + 3) if at != this and 0 < at < len(looks)]
        lefts = [_left(looks[one].picture, looks[other].picture) for one, other in pairs]
        is_cut = left > _LEAST_LEFT and left > _STANDS_OUT * max(lefts, default=0)
        if is_cut and not self._comes_back(this, left):
            self._cuts.append(looks[this].at)

    def _comes_back(self, this: int, left: float) -> bool:
        """Whether it was a flash: what was before is there again, or what is there was before."""
        looks = self._looks
        before, after = looks[this - 1], looks[this]
        later = (look.picture for look in looks[this + 1 : this + 1 + 2 * _AROUND] if look.at - after.at < _FLASH_S)
        earlier = (
            look.picture for look in looks[max(0, this - 1 - 2 * _AROUND) : this - 1] if before.at - look.at < _FLASH_S
        )
        same = left / 2
        return any(_left(before.picture, one) < same for one in later) or any(
            _left(one, after.picture) < same for one in earlier
        )


def _left(before: Image.Image, after: Image.Image) -> float:
    """What differs, of 255, where each block of the second picture is taken from where it fits best in the first."""
    alike = _in_light_of(after, before)
    side, blocks = after.width, after.width // _BLOCK
    wide = Image.new(before.mode, (side + 2 * _FAR, side + 2 * _FAR))
    for x in (0, _FAR, 2 * _FAR):
        for y in (0, 2 * _FAR, _FAR):
            wide.paste(before, (x, y))
    wide.paste(before, (_FAR, _FAR))
    best: Image.Image | None = None
    for x, y in _SHIFTS:
        differs = ImageChops.difference(wide.crop((x, y, x + side, y + side)), alike)
        mean = differs.resize((blocks, blocks), Image.Resampling.BOX)
        best = ImageChops.darker(best, mean) if best else mean
    return _mean(best) if best else 0.0


_SHIFTS = [(x, y) for x in range(2 * _FAR + 1) for y in range(2 * _FAR + 1)]


def _in_light_of(picture: Image.Image, other: Image.Image) -> Image.Image:
    """The picture as bright and as rich in contrast as the other."""
    ours, theirs = ImageStat.Stat(picture), ImageStat.Stat(other)
    table: list[int] = []
    for mean, spread, aim, wide in zip(ours.mean, ours.stddev, theirs.mean, theirs.stddev, strict=True):
        gain = min(max(wide / spread, 0.5), 2.0) if spread > 2 else 1.0
        table += [min(max(round((value - mean) * gain + aim), 0), 255) for value in range(256)]
    return picture.point(table)


def _mean(picture: Image.Image) -> float:
    return sum(ImageStat.Stat(picture).mean) / len(picture.getbands())
