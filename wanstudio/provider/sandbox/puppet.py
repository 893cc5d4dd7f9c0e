"""Puppets: a character cut out of its picture, where a calm background makes that possible, and moved as if its flat
figure had joints: its trunk leans and its legs step, as was measured in the clip."""

from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps, ImageStat

from .clip_motion import Stance, mean

HIP = 0.6
Point = tuple[float, float]
SMALL = 220
# Neighbours in the shrunk picture that differ by less (of 255, in every channel) belong to one background. A shadow on
# the floor is soft enough for that, and is no part of the figure.
STEP = 14


@dataclass(frozen=True)
class Cutout:
    """`mask` (L) and `plate` (RGB, the picture without its character) are as large as the picture; `box` is in pixels.

    `found` is False where no figure could be told from its background: then the mask is the whole picture, and the
    plate is the picture out of focus.
    """

    mask: Image.Image
    plate: Image.Image
    box: tuple[int, int, int, int]
    found: bool


def cut_out(picture: Image.Image) -> Cutout:
    whole = (0, 0, *picture.size)
    shape = (max(8, picture.width * SMALL // max(picture.size)), max(8, picture.height * SMALL // max(picture.size)))
    small = picture.resize(shape, Image.Resampling.BOX)
    inside = _not_background(small).filter(ImageFilter.MedianFilter(3))
    figure = inside.getbbox() or (0, 0, *shape)
    # A figure is tall, fills a part of its picture, and has a middle that is filled.
    tall = figure[3] - figure[1] > 0.35 * inside.height
    if not (tall and 0.04 < mean(inside) < 0.7 and mean(inside.crop(figure)) > 0.3):
        blurred = picture.filter(ImageFilter.BoxBlur(max(picture.size) // 40))
        return Cutout(Image.new("L", picture.size, 255), blurred, whole, found=False)
    hole = inside.filter(ImageFilter.MaxFilter(9))
    # With the shadow at its feet, which would stay behind when the figure walks away.
    ImageDraw.Draw(hole).ellipse((figure[0] - 18, figure[3] - 12, figure[2] + 18, figure[3] + 10), fill=255)
    behind = _inpaint(small, hole).resize(picture.size, Image.Resampling.BICUBIC)
    mask = _fine_mask(picture, behind, inside)
    hole = hole.filter(ImageFilter.BoxBlur(2)).resize(picture.size, Image.Resampling.BICUBIC)
    box = mask.point(lambda v: 255 if v > 60 else 0).getbbox() or whole
    return Cutout(mask, Image.composite(behind, picture, hole), box, found=True)


def _not_background(small: Image.Image) -> Image.Image:
    """White where the background, growing from the border over small steps of colour, does not reach."""
    steps = ImageChops.difference(small, small.filter(ImageFilter.MinFilter(3)))
    # Nothing grows from the bottom: a figure that is cut off by it would be taken for background.
    grown = ImageOps.expand(_strongest(steps).point(lambda v: 255 if v > STEP else 0), (1, 1, 1, 0))
    ImageDraw.floodfill(grown, (0, 0), 128)
    return ImageOps.crop(grown, (1, 1, 1, 0)).point(lambda v: 0 if v == 128 else 255)


def _inpaint(small: Image.Image, hole: Image.Image) -> Image.Image:
    """Lets the colours around `hole` flow into it."""
    red, green, blue = map(round, ImageStat.Stat(small, ImageChops.invert(hole)).mean)
    known = Image.composite(Image.new("RGB", small.size, (red, green, blue)), small, hole)
    for radius in (r for r in (32, 16, 8, 5, 3, 2) for _ in range(8)):
        known = Image.composite(known.filter(ImageFilter.BoxBlur(radius)), small, hole)
    return known


def _fine_mask(picture: Image.Image, behind: Image.Image, inside: Image.Image) -> Image.Image:
    """The rough figure `inside` with an edge as fine as the picture: where it differs from the background."""
    rough = inside.resize(picture.size, Image.Resampling.BICUBIC)
    core = inside.filter(ImageFilter.MinFilter(5)).resize(picture.size, Image.Resampling.BICUBIC)
    edge = _strongest(ImageChops.difference(picture, behind)).point(lambda v: max(0, min(255, (v - 14) * 9)))
    return ImageChops.lighter(ImageChops.darker(edge.filter(ImageFilter.GaussianBlur(0.7)), rough), core)


def _strongest(picture: Image.Image) -> Image.Image:
    red, green, blue = picture.split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


class Posture(NamedTuple):
    """At one frame, in shares of the character's height. The leg that swings is lifted: left below 0, right above."""

    lean: float
    stride: float
    lift: float


def postures(stances: list[Stance]) -> list[Posture]:
    """Legs part as the clip's figure strides; at each of its widest strides the other leg begins to swing."""
    height = max(0.1, median(stance.bottom - stance.top for stance in stances))
    strides = [stance.stride for stance in stances]
    low, high = sorted(strides)[len(strides) // 12], sorted(strides)[-1 - len(strides) // 12]
    walks, swinging = high - low > 0.02, 1
    result = []
    for index, stance in enumerate(stances):
        lean = max(-0.16, min(0.16, stance.lean / height * 0.5))
        if walks and strides[index] == max(strides[max(0, index - 5) : index + 6]) > median(strides):
            swinging = -swinging
        apart = max(0.0, min(1.0, (stance.stride - low) / (high - low))) if walks else 0.5
        result.append(Posture(lean, (apart - 0.5) * 0.16, swinging * 0.1 * (1 - apart) if walks else 0.0))
    return result


class Puppet:
    """The character with room around it to bend into. `left` and `top` are where that begins in its picture (pixels),
    `width` and `height` its size."""

    def __init__(self, character: Image.Image, cutout: Cutout) -> None:
        left, top, right, bottom = cutout.box
        room = round((bottom - top) * 0.1) if cutout.found else 0
        box = self.left, self.top, _, _ = (left - room, top - room // 4, right + room, bottom + room // 4)
        self.width, self.height = box[2] - box[0], box[3] - box[1]
        # As a fourth plain channel: mode RGBA would be multiplied by its alpha and divided again in every frame.
        self._joined = Image.merge("RGBX", (*character.crop(box).split(), cutout.mask.crop(box)))

    def bend(self, posture: Posture, subpixel: Point) -> tuple[Image.Image, Image.Image]:
        """Picture and mask in that posture, at the same size; `subpixel` moves them by parts of a pixel."""
        xs, ys = (0, self.width // 2, self.width), (0, round(self.height * HIP), self.height)
        shoulders, hips = (-posture.lean, 0.0), (-posture.lean * (1 - HIP), 0.0)
        left_foot = (posture.stride, max(0.0, -posture.lift))
        right_foot = (-posture.stride, max(0.0, posture.lift))
        moved = ((shoulders,) * 3, (hips,) * 3, (left_foot, (0.0, 0.0), right_foot))

        def source(column: int, row: int) -> Point:
            dx, dy = moved[row][column]
            return xs[column] + dx * self.height - subpixel[0], ys[row] + dy * self.height - subpixel[1]

        mesh = [
            (
                (xs[i], ys[j], xs[i + 1], ys[j + 1]),
                (*source(i, j), *source(i, j + 1), *source(i + 1, j + 1), *source(i + 1, j)),
            )
            for i, j in ((0, 0), (1, 0), (0, 1), (1, 1))
        ]
        bent = self._joined.transform((self.width, self.height), Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)
        red, green, blue, mask = bent.split()
        return Image.merge("RGB", (red, green, blue)), mask
