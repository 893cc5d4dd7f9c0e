"""Stretches without a picture that motion could be taken from: black, frozen or blurred.

FFmpeg's `freezedetect` and `blackdetect` look at the whole picture's mean: a hand that moves alone is frozen to them,
and a dark scene is black. Here each block counts.
"""

from PIL import Image, ImageChops, ImageStat

_BLOCKS = (16, 16)
# Means of bytes are whole numbers: of so many times the difference, they are fine enough.
_GAIN = 8
_FINER = [min(value * _GAIN, 255) for value in range(256)]
# Of 255, in the block where it is the largest: what is black, what is the same picture, and what a codec makes of the
# same picture when it begins anew.
_BLACK, _SAME, _CODED_ANEW = 12, 1.5, 5.0
_MIN_S = {"black": 0.2, "frozen": 0.45}
# A part of a stretch between two beginnings of a codec.
_PART_S = 0.25


class Stretches:
    """Takes small pictures in the order in which they are shown."""

    def __init__(self) -> None:
        self._black_since: float | None = None
        self._still_since = 0.0
        self._still: Image.Image | None = None
        self._found: list[tuple[str, float, float]] = []
        self._parts: list[tuple[float, float, float]] = []

    def add(self, look: Image.Image, at: float) -> None:
        grey = look.convert("L")
        is_black = _highest(grey) <= _BLACK
        if is_black and self._black_since is None:
            self._black_since = at
        elif not is_black and self._black_since is not None:
            self._found.append(("black", self._black_since, at))
            self._black_since = None
        if self._still is None:
            self._still, self._still_since = grey, at
            return
        changed = _largest(self._still, grey)
        if changed > _SAME:
            self._parts.append((self._still_since, at, changed))
            self._still, self._still_since = grey, at

    def found(self, seconds: float) -> list[tuple[str, float, float]]:
        if self._black_since is not None:
            self._found.append(("black", self._black_since, seconds))
        if self._still is not None:
            self._parts.append((self._still_since, seconds, 255.0))
        return [each for each in self._found if each[2] - each[1] >= _MIN_S["black"]] + self._frozen()

    def _frozen(self) -> list[tuple[str, float, float]]:
        frozen: list[tuple[float, float]] = []
        follows = False
        for start, end, changed in self._parts:
            if end - start >= _PART_S:
                if follows and frozen:
                    frozen[-1] = (frozen[-1][0], end)
                else:
                    frozen.append((start, end))
                follows = changed < _CODED_ANEW
            else:
                follows = False
        black = [(start, end) for _, start, end in self._found]
        return [
            ("frozen", start, end)
            for start, end in frozen
            if end - start >= _MIN_S["frozen"] and not any(b[0] - 0.1 <= start and end <= b[1] + 0.1 for b in black)
        ]


def _largest(one: Image.Image, other: Image.Image) -> float:
    return _highest(ImageChops.difference(one, other).point(_FINER)) / _GAIN


def _highest(picture: Image.Image) -> float:
    """The mean of the block that has the highest."""
    return ImageStat.Stat(picture.resize(_BLOCKS, Image.Resampling.BOX)).extrema[0][1]
