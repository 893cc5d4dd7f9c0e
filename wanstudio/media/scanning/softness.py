"""Softness: stretches of a shot that are much less sharp than the rest of it.

Fine detail is measured against the contrast of the same picture, so that light does not matter; a figure's own motion
blurs little of a picture. Only the same shot says what is sharp in it: another one can be soft throughout.
"""

from collections.abc import Sequence
from itertools import pairwise

from PIL import Image, ImageChops, ImageFilter, ImageStat

_SOFT = ImageFilter.BoxBlur(1)
# Of 255: with less contrast there is nothing to see.
_CONTRAST = 6.0
# Of the contrast, from one frame to the next: what moves so fast as a whole has lost its detail to the codec.
_FAST = 0.4
# Of how sharp the sharper tenth of the shot is at least.
_MUCH, _SHARPER = 0.33, 0.9
_MIN_S = 0.5


class Softness:
    """Takes small pictures in the order in which they are shown."""

    def __init__(self) -> None:
        self._sharpness: list[tuple[float, float | None]] = []
        self._before: Image.Image | None = None

    def add(self, look: Image.Image, at: float) -> None:
        grey = look.convert("L")
        contrast = ImageStat.Stat(grey).stddev[0]
        fine = ImageStat.Stat(ImageChops.difference(grey, grey.filter(_SOFT))).rms[0]
        change = ImageStat.Stat(ImageChops.difference(grey, self._before or grey)).rms[0]
        is_told = contrast > _CONTRAST and change < _FAST * contrast
        self._sharpness.append((at, fine / contrast if is_told else None))
        self._before = grey

    def found(self, seconds: float, edges: Sequence[float]) -> list[tuple[str, float, float]]:
        """In the shots between these times."""
        found = []
        for start, end in pairwise(sorted({0.0, *edges, seconds})):
            shot = [each for each in self._sharpness if start <= each[0] < end]
            seen = sorted(sharpness for _, sharpness in shot if sharpness is not None)
            limit = _MUCH * seen[int(len(seen) * _SHARPER)] if seen else 0.0
            since: float | None = None
            for at, sharpness in [*shot, (end, None)]:
                if sharpness is not None and sharpness < limit:
                    since = at if since is None else since
                elif since is not None:
                    if at - since >= _MIN_S:
                        found.append(("blurred", since, at))
                    since = None
        return found
