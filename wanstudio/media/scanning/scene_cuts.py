"""Scene cuts: moments at which one picture is followed by another one that it cannot have become by motion.

A change counts against what changes around it, so that fast motion is none; parts of a picture can have moved; and what
comes back at once was a flash. FFmpeg's `scdet` looks at two frames alone, and takes flashes and pans for cuts.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import accumulate
from statistics import median

from PIL import Image, ImageChops, ImageFilter, ImageStat

# Pictures are compared at this size, in blocks of this size, moved by so much at most.
_SIDE, _BLOCK, _FAR = 32, 8, 5
_SHIFTS = [(x, y) for x in range(2 * _FAR + 1) for y in range(2 * _FAR + 1)]
# Frames before and after a change that it is compared with, and for how long a flash can last.
_AROUND, _FLASH_S = 8, 0.45
# Of 255: what changes at all, what no motion explains, and how far its colours are from those before, on average.
_CHANGE, _UNEXPLAINED, _RECOLOURED = 3.0, 2.5, 6.0
# The same against what is usual around it; and where only the colours differ clearly.
_OUTSTANDING, _COLOURS_OUTSTANDING, _SOMEWHAT, _MUCH = 1.6, 4.0, 1.15, 0.35
# How much of what is not dark has to change, and how far: a figure that jumps before a still scene is no cut.
_MOST, _CHANGED, _DARK = 0.4, 4, 20
# Around frozen and black ranges: there the motion that they hide has gone on.
_LITTLE, _SOFT = 0.5, ImageFilter.GaussianBlur(0.8)
_EDGE_S, _JUMP = 0.1, 25.0


class _Look:
    def __init__(self, at: float, picture: Image.Image, before: "_Look | None") -> None:
        self.at, self.picture = at, picture
        self.change = _mean(ImageChops.difference(before.picture, picture)) if before else 0.0

    @property
    def spread(self) -> float:
        return max(ImageStat.Stat(self.picture).stddev)

    @cached_property
    def colours(self) -> list[int]:
        """How many of its points are so dark or darker, for each of 256 levels of each colour."""
        counts = self.picture.histogram()
        return [count for band in range(0, len(counts), 256) for count in accumulate(counts[band : band + 256])]


class SceneCuts:
    """Takes small pictures in the order in which they are shown."""

    def __init__(self) -> None:
        self._looks: list[_Look] = []
        self._next = 1
        # With how far the colours are others, too; 0 if not clearly.
        self._cuts: list[tuple[float, float]] = []

    def add(self, look: Image.Image, at: float) -> None:
        # Somewhat soft, so that half a point of motion is no change.
        small = look.reduce(look.width // _SIDE).filter(_SOFT)
        self._looks.append(_Look(at, small, self._looks[-1] if self._looks else None))
        if len(self._looks) - self._next > _AROUND:
            self._judge_next()
        if self._next > 4 * _AROUND:
            del self._looks[: 2 * _AROUND]
            self._next -= 2 * _AROUND

    def recoloured(self) -> list[float]:
        """Those that no motion behind a frozen range explains."""
        while self._next < len(self._looks):
            self._judge_next()
        return [at for at, recoloured in self._cuts if recoloured]

    def beside(self, ranges: Sequence[tuple[str, float, float]]) -> list[float]:
        """All but those at the edges of a black range, which are reported as such, and jumps out of frozen ones."""
        self.recoloured()
        return [at for at, recoloured in self._cuts if not any(_explains(each, at, recoloured) for each in ranges)]

    def _judge_next(self) -> None:
        looks, this = self._looks, self._next
        self._next += 1
        before, after = looks[this - 1], looks[this]
        if after.change < _CHANGE:
            return
        around = [*looks[max(1, this - _AROUND) : this], *looks[this + 1 : this + 1 + _AROUND]]
        usual = median(look.change for look in around) if around else 0.0
        recoloured = _recoloured(before, after)
        if _changed(before, after) < _MOST:
            return
        if recoloured < _RECOLOURED and after.change < 1.1 * usual:
            return
        pairs = [(looks[at - 1], looks[at]) for at in range(this - 2, this + 3) if at != this and 0 < at < len(looks)]
        left, lefts = _unexplained(before, after), max((_unexplained(*pair) for pair in pairs), default=0.0)
        is_recoloured = recoloured > max(
            _RECOLOURED, _COLOURS_OUTSTANDING * max((_recoloured(*pair) for pair in pairs), default=0.0)
        )
        if left < _UNEXPLAINED:
            return
        is_flash = recoloured > _RECOLOURED and self._comes_back(this, _recoloured)
        by_picture = left > _OUTSTANDING * (lefts + _LITTLE) and not self._comes_back(this, _unexplained)
        # In a picture of its own, even a small part without explanation is much of a dull one.
        is_other = left > _SOMEWHAT * lefts or left > _MUCH * after.spread
        if not is_flash and (by_picture or (is_recoloured and is_other)):
            self._cuts.append((after.at, recoloured if is_recoloured else 0.0))

    def _comes_back(self, this: int, differ: Callable[[_Look, _Look], float]) -> bool:
        """Whether it was a flash: what was before is there again, or the new picture was there before."""
        looks = self._looks
        before, after = looks[this - 1], looks[this]
        later = [look for look in looks[this + 1 : this + 1 + 2 * _AROUND] if look.at - after.at < _FLASH_S]
        earlier = [look for look in looks[max(0, this - 1 - 2 * _AROUND) : this - 1] if before.at - look.at < _FLASH_S]
        half = differ(before, after) / 2
        return any(differ(before, look) < half for look in later) or any(differ(look, after) < half for look in earlier)


def _explains(found: tuple[str, float, float], at: float, recoloured: float) -> bool:
    kind, start, end = found
    if kind == "black":
        return start - _EDGE_S <= at <= end + _EDGE_S
    return kind == "frozen" and recoloured < _JUMP and min(abs(at - start), abs(at - end)) < _EDGE_S


def _changed(one: _Look, other: _Look) -> float:
    """The part of the picture that is another one; the bars beside it are none of it."""
    differs = ImageChops.difference(one.picture, other.picture).convert("L").histogram()
    seen = ImageChops.lighter(one.picture, other.picture).convert("L").histogram()
    return sum(differs[_CHANGED + 1 :]) / max(sum(seen[_DARK + 1 :]), 1)


def _recoloured(one: _Look, other: _Look) -> float:
    """How far the colours of one are from those of the other, of 255, wherever in the picture they are."""
    points = len(one.picture.getbands()) * one.picture.width * one.picture.height
    return sum(abs(a - b) for a, b in zip(one.colours, other.colours, strict=True)) / points


def _unexplained(one: _Look, other: _Look) -> float:
    """What differs, of 255, where each block of the second picture is taken from where it fits best in the first."""
    before, after = one.picture, _in_light_of(other.picture, one.picture)
    side, blocks = after.width, after.width // _BLOCK
    wide = Image.new(before.mode, (side + 2 * _FAR, side + 2 * _FAR))
    for x in (0, _FAR, 2 * _FAR):
        for y in (0, 2 * _FAR, _FAR):
            wide.paste(before, (x, y))
    wide.paste(before, (_FAR, _FAR))
    best: Image.Image | None = None
    for x, y in _SHIFTS:
        differs = ImageChops.difference(wide.crop((x, y, x + side, y + side)), after)
        mean = differs.resize((blocks, blocks), Image.Resampling.BOX)
        best = ImageChops.darker(best, mean) if best else mean
    return _mean(best) if best else 0.0


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
