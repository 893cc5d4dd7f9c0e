"""Cutting a character out of its picture, where that makes it possible: a calm background around one figure."""

from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps, ImageStat

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
    """`picture` in RGB."""
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


def mean(mask: Image.Image) -> float:
    """How much of a mask is white: 0…1."""
    return ImageStat.Stat(mask).mean[0] / 255


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
    """The rough figure `inside` with an edge as fine as the picture: where it differs from what lies behind."""
    rough = inside.resize(picture.size, Image.Resampling.BICUBIC)
    core = inside.filter(ImageFilter.MinFilter(5)).resize(picture.size, Image.Resampling.BICUBIC)
    edge = _strongest(ImageChops.difference(picture, behind)).point(lambda v: max(0, min(255, (v - 14) * 9)))
    return ImageChops.lighter(ImageChops.darker(edge.filter(ImageFilter.GaussianBlur(0.7)), rough), core)


def _strongest(picture: Image.Image) -> Image.Image:
    red, green, blue = picture.split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)
