"""Crops: the frame around a character that is sent, four numbers on an order. Nothing happens to the file itself.

A frame can reach outside of the picture. There the colours of the picture's edges continue, blurred: with Animate the
scene is the picture's, and bars of any one colour would be in every frame of the video. With Replace it does not
matter: there the model itself fits the picture into the clip's shape, on black.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import NamedTuple

from django.db import models

from wanstudio.uploads.models import Facts, Source

MAX_SIDE = 4096
"""Of what is sent: a larger frame is scaled down. The model gains nothing from more pixels."""
MIN_SIDE = 32
# A frame around the whole of a 3:1 picture in a 1:3 clip is nine times as high as the picture.
_MAX_TIMES = 10
CROP, PAD = "crop", "pad"
"""In the place of four numbers: the largest frame of the clip's shape in the picture, the smallest around it."""


class Box(NamedTuple):
    """In whole pixels of the upright picture."""

    left: int
    top: int
    width: int
    height: int


class NoCrop(ValueError):
    """These numbers are no frame for this picture; `too_small` if they are but for its pixels."""

    def __init__(self, size: str = "") -> None:
        super().__init__(size)
        self.too_small = size


@dataclass(frozen=True)
class Crop:
    """In parts of the upright picture's width and height: 0 is its left or upper edge, 1 the other. Millionths."""

    x: float
    y: float
    width: float
    height: float

    def __str__(self) -> str:
        return ",".join(f"{value:.6f}".rstrip("0").rstrip(".") for value in self.numbers)

    @property
    def numbers(self) -> tuple[float, float, float, float]:
        return self.x, self.y, self.width, self.height

    def box(self, width: int, height: int) -> Box:
        """The frame in a picture of this size."""
        left, top = round(self.x * width), round(self.y * height)
        return Box(left, top, round(self.width * width), round(self.height * height))

    def sent_size(self, width: int, height: int) -> tuple[int, int]:
        """Of the file that a picture of this size becomes, in pixels."""
        box = self.box(width, height)
        scale = min(1, MAX_SIDE / max(box.width, box.height, 1))
        return round(box.width * scale), round(box.height * scale)


WHOLE = Crop(0, 0, 1, 1)


def crop_of(said: str, picture: Source | Facts, clip: Source | Facts | None = None) -> Crop | None:
    """The frame that `x,y,width,height`, `crop` or `pad` says; None for the whole picture. Raises NoCrop.

    The two words need a clip, whose shape they take: without one they say nothing.
    """
    if said in (CROP, PAD):
        return _of_shape(picture, clip, said) if clip else None
    if not said:
        return None
    try:
        values = [round(float(part), 6) for part in said.split(",")]
        crop = Crop(*values)
    except (ValueError, OverflowError, TypeError):
        raise NoCrop from None
    return _checked(crop, picture)


def _of_shape(picture: Source | Facts, clip: Source | Facts, said: str) -> Crop | None:
    """In the middle of the picture."""
    ratio = Fraction(clip.width, clip.height) / Fraction(picture.width, picture.height)
    width = min(ratio, Fraction(1)) if said == CROP else max(ratio, Fraction(1))
    height = width / ratio
    numbers = ((1 - width) / 2, (1 - height) / 2, width, height)
    return _checked(Crop(*(round(float(number), 6) for number in numbers)), picture)


def _checked(crop: Crop, picture: Source | Facts) -> Crop | None:
    if not all(math.isfinite(number) and abs(number) <= _MAX_TIMES for number in crop.numbers):
        raise NoCrop
    if crop.width <= 0 or crop.height <= 0:
        raise NoCrop
    box, whole = crop.box(picture.width, picture.height), (0, 0, picture.width, picture.height)
    if box == whole:
        return None
    across, down = (
        min(start + length, end) - max(start, 0)
        for start, length, end in ((box.left, box.width, picture.width), (box.top, box.height, picture.height))
    )
    if min(across, down) < 1:
        raise NoCrop
    if min(size := crop.sent_size(picture.width, picture.height)) < MIN_SIDE:
        raise NoCrop(f"{size[0]} × {size[1]}")
    return crop


def cropped_facts(picture: Source, crop: Crop) -> Facts:
    """Of the file that is sent; with as many bytes a pixel as the picture has."""
    width, height = crop.sent_size(picture.width, picture.height)
    share = width * height / (picture.width * picture.height)
    return Facts(picture.format, width, height, round((picture.size_bytes or 0) * share) or None)


class Tile(NamedTuple):
    """Where it is drawn, and which part of the picture it shows."""

    x: int
    y: int
    width: int
    height: int
    shown: tuple[int, int, int, int]


@dataclass(frozen=True)
class Framed:
    """A picture in its frame, as pages draw it: what is sent, but for the exact blur outside of the picture."""

    source: Source
    crop: Crop

    @property
    def box(self) -> Box:
        return self.crop.box(self.source.width, self.source.height)

    @property
    def size(self) -> str:
        width, height = self.crop.sent_size(self.source.width, self.source.height)
        return f"{width} × {height}"

    @property
    def is_inside(self) -> bool:
        """Whether all of the frame is in the picture, so that no edge continues."""
        left, top, width, height = self.box
        across, down = left + width <= self.source.width, top + height <= self.source.height
        return min(left, top) >= 0 and across and down

    @property
    def softness(self) -> int:
        """Radius of the blur that leaves of the edges as much as what is sent has of them."""
        return max(min(self.source.width, self.source.height) // 12, 1)

    def tiles(self) -> Iterator[Tile]:
        """The edges of the picture, drawn out to all sides as far as a frame can reach."""
        for across, down in product((-1, 0, 1), repeat=2):
            if across or down:
                (x, width, from_x, w), (y, height, from_y, h) = (
                    self._along(across, self.source.width),
                    self._along(down, self.source.height),
                )
                yield Tile(x, y, width, height, (from_x, from_y, w, h))

    def _along(self, side: int, length: int) -> tuple[int, int, int, int]:
        far = _MAX_TIMES * length
        return {-1: (-far, far, 0, 1), 0: (0, length, 0, length), 1: (length, far, length - 1, 1)}[side]


class Cropped(models.Model):
    """An order of a `character`, and the frame around it that is sent; the whole picture where there is none."""

    character: Source
    crop_x = models.FloatField(null=True, help_text="Parts of the picture's width and height.")
    crop_y = models.FloatField(null=True)
    crop_width = models.FloatField(null=True)
    crop_height = models.FloatField(null=True)

    class Meta:
        abstract = True

    @property
    def crop(self) -> Crop | None:
        numbers = (self.crop_x, self.crop_y, self.crop_width, self.crop_height)
        return None if None in numbers else Crop(*(number or 0 for number in numbers))

    @property
    def framed(self) -> Framed | None:
        return Framed(self.character, self.crop) if self.crop else None
