"""Film strips: small pictures of a clip, evenly spaced in time, side by side in one JPEG."""

import io
from collections.abc import Sequence

import av
from PIL import Image, ImageOps

from wanstudio.media.pictures.frames import TRANSPOSES

# Twice as high as it is shown, for screens of two pixels a point.
HEIGHT = 128
# A bar of 1,440 points is full; a narrow one leaves some out.
_FULL_WIDTH, _FEWEST, _ENOUGH = 2880, 24, 40
_WIDEST = 3
_QUALITY = 65


class FilmStrip:
    """Takes frames in the order in which they are shown, and keeps those in the middle of each of its `count` parts."""

    def __init__(self, seconds: float, shape: float, matrix: Sequence[int]) -> None:
        """`shape`: width by height of the pictures as they are shown; `matrix`: how they are turned for that."""
        self.width = round(HEIGHT * min(max(shape, 1 / _WIDEST), _WIDEST))
        self.count = min(max(round(_FULL_WIDTH / self.width), _FEWEST), _ENOUGH)
        self._turn, self._is_sideways = TRANSPOSES.get(tuple(matrix)), not matrix[0]
        self._times = [(number + 0.5) * seconds / self.count for number in range(self.count)]
        self._shape = shape
        self._pictures: list[Image.Image] = []

    def add(self, shown: av.VideoFrame, until: float) -> None:
        """`shown` is on the screen until this time."""
        picture = None
        while len(self._pictures) < self.count and self._times[len(self._pictures)] < until:
            picture = picture or self._small(shown)
            self._pictures.append(picture)

    def jpeg(self) -> bytes:
        whole = Image.new("RGB", (self.width * self.count, HEIGHT))
        for number, picture in enumerate(self._pictures):
            whole.paste(picture, (number * self.width, 0))
        out = io.BytesIO()
        whole.save(out, "JPEG", quality=_QUALITY, optimize=True)
        return out.getvalue()

    def _small(self, frame: av.VideoFrame) -> Image.Image:
        width, height = max(round(HEIGHT * self._shape), 1), HEIGHT
        if self._shape > _WIDEST:
            width = self.width
        elif self._shape < 1 / _WIDEST:
            width, height = self.width, min(round(self.width / self._shape), 8 * HEIGHT)
        sides = (height, width) if self._is_sideways else (width, height)
        small = frame.to_image(width=sides[0], height=sides[1], interpolation="AREA", threads=1)  # type: ignore[no-untyped-call]
        turned = small.transpose(self._turn) if self._turn is not None else small
        return ImageOps.fit(turned, (self.width, HEIGHT))
