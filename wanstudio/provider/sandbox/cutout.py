"""Cuts the character out of its picture, where the picture makes that possible: a calm background around one figure."""

from collections import deque
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter

SMALL = 150
# Neighbours in the shrunk picture that differ by less (of 255, in any channel) belong to one background.
STEP = 9


@dataclass(frozen=True)
class Cutout:
    """`mask` (L) and `plate` (RGB, the picture without its character) are as large as the picture; `box` is in pixels.

    `found` is False where no figure could be told from its background: then the mask is the whole picture.
    """

    mask: Image.Image
    plate: Image.Image
    box: tuple[int, int, int, int]
    found: bool


def cut_out(picture: Image.Image, alpha: Image.Image | None = None) -> Cutout:
    """`picture` in RGB; `alpha` (L, same size) is believed where the file brought its own."""
    shape = (max(8, picture.width * SMALL // max(picture.size)), max(8, picture.height * SMALL // max(picture.size)))
    small = picture.resize(shape, Image.Resampling.BOX)
    inside = alpha.resize(shape).point(lambda v: 255 if v > 40 else 0) if alpha else _not_background(small)
    inside = (
        inside.filter(ImageFilter.MaxFilter(3)).filter(ImageFilter.MinFilter(3)).filter(ImageFilter.MedianFilter(3))
    )
    if not _plausible(inside):
        return Cutout(Image.new("L", picture.size, 255), picture, (0, 0, *picture.size), found=False)
    floor = Image.new("L", shape) if alpha else _floor_shadow(small, inside)
    inside = ImageChops.subtract(inside, floor).filter(ImageFilter.MedianFilter(3))
    full = picture.size
    hole = inside.filter(ImageFilter.MaxFilter(7))
    if dark := floor.getbbox():
        # The shadow's soft rim was taken for background, and would stay behind when the figure walks away.
        ImageDraw.Draw(hole).ellipse((dark[0] - 12, dark[1] - 3, dark[2] + 12, dark[3] + 10), fill=255)
    behind = _inpaint(small, hole).resize(full, Image.Resampling.BICUBIC)
    mask = alpha or _fine_mask(picture, behind, inside, floor)
    hole = hole.filter(ImageFilter.BoxBlur(1)).resize(full, Image.Resampling.BICUBIC)
    box = mask.point(lambda v: 255 if v > 60 else 0).getbbox() or (0, 0, *full)
    return Cutout(mask, Image.composite(behind, picture, hole), box, found=True)


def _fine_mask(picture: Image.Image, behind: Image.Image, inside: Image.Image, floor: Image.Image) -> Image.Image:
    """The rough figure `inside` with an edge as fine as the picture: where it differs from what lies behind."""
    near = inside.filter(ImageFilter.MaxFilter(5))
    if dark := floor.getbbox():
        # Beside the feet the floor differs from itself by its shadow: there the rough outline is the better one.
        near.paste(inside.crop((0, dark[1], inside.width, inside.height)), (0, dark[1]))
    near = near.resize(picture.size, Image.Resampling.BICUBIC)
    core = inside.filter(ImageFilter.MinFilter(3)).resize(picture.size, Image.Resampling.BICUBIC)
    red, green, blue = ImageChops.difference(picture, behind).split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    edge = most.point(lambda v: max(0, min(255, (v - 14) * 9))).filter(ImageFilter.GaussianBlur(0.7))
    return ImageChops.lighter(ImageChops.darker(edge, near), core)


def _floor_shadow(small: Image.Image, inside: Image.Image) -> Image.Image:
    """White where the figure's lower end is the background's own colour, only darker: the floor in its shadow."""
    box = inside.getbbox()
    width, pixels, flags = small.width, small.tobytes(), inside.tobytes()
    shadow = bytearray(len(flags))
    if not box:
        return inside
    for y in range(box[1] + (box[3] - box[1]) * 9 // 10, box[3]):
        beside = y * width + min(width - 1, box[2] + 4)
        ground = pixels[beside * 3 : beside * 3 + 3]
        for at in range(y * width + box[0], y * width + box[2]):
            colour = pixels[at * 3 : at * 3 + 3]
            share = sum(colour) / max(1, sum(ground))
            if flags[at] and 0.35 < share < 1.02:
                near = all(abs(c - share * g) < 20 for c, g in zip(colour, ground, strict=True))
                shadow[at] = 255 if near else 0
    return Image.frombytes("L", small.size, bytes(shadow)).filter(ImageFilter.MedianFilter(3))


def _not_background(small: Image.Image) -> Image.Image:
    """White where the background, growing from the border over small steps of colour, does not reach."""
    width, height = small.size
    # The bottom edge is left out: a figure that is cut by it must not be taken for background.
    border = [*range(width), *(y * width + x for y in range(height) for x in (0, width - 1))]
    inside = bytearray(b"\xff" * (width * height))
    _grow(small, inside, border, STEP)
    _grow(small, inside, _gaps(small, inside), STEP // 2)
    return Image.frombytes("L", small.size, bytes(inside))


def _grow(small: Image.Image, inside: bytearray, seeds: list[int], step: int) -> None:
    """Clears `inside` from `seeds` on, as long as a neighbour differs by at most `step` in every channel."""
    width, height = small.size
    pixels = small.tobytes()
    queue = deque(seeds)
    for at in seeds:
        inside[at] = 0
    while queue:
        at = queue.popleft()
        x = at % width
        for other in (at - width, at + width, at - 1 if x else -1, at + 1 if x < width - 1 else -1):
            if 0 <= other < width * height and inside[other] and _apart(pixels, at, other) <= step:
                inside[other] = 0
                queue.append(other)


def _gaps(small: Image.Image, inside: bytearray) -> list[int]:
    """Background that the figure encloses, between its legs or in the crook of an arm.

    It has the colour of the background on both sides of the figure in that very row, and so do its neighbours.
    """
    width, height = small.size
    pixels = small.tobytes()
    alike: set[int] = set()
    for y in range(height):
        row = [x for x in range(width) if inside[y * width + x]]
        if not row or row[0] == 0 or row[-1] == width - 1:
            continue
        left, right = y * width + max(0, row[0] - 3), y * width + min(width - 1, row[-1] + 3)
        alike.update(
            y * width + x
            for x in row
            if _apart(pixels, y * width + x, left) <= STEP and _apart(pixels, y * width + x, right) <= STEP
        )
    return [at for at in alike if {at - 1, at + 1, at - width, at + width} <= alike]


def _apart(pixels: bytes, at: int, other: int) -> int:
    a, b = at * 3, other * 3
    return max(abs(pixels[a] - pixels[b]), abs(pixels[a + 1] - pixels[b + 1]), abs(pixels[a + 2] - pixels[b + 2]))


def _plausible(inside: Image.Image) -> bool:
    """A figure fills a part of its picture, has a middle that is filled, and keeps clear of the upper corners."""
    share = inside.resize((1, 1), Image.Resampling.BOX).tobytes()[0] / 255
    box = inside.getbbox()
    if not box or not 0.04 < share < 0.7:
        return False
    filled = inside.crop(box).resize((1, 1), Image.Resampling.BOX).tobytes()[0] / 255
    return filled > 0.3 and (box[3] - box[1]) > 0.35 * inside.height


def _inpaint(small: Image.Image, hole: Image.Image) -> Image.Image:
    """Lets the colours around `hole` flow into it."""
    known = Image.composite(Image.new("RGB", small.size, _mean_colour(small, hole)), small, hole)
    for radius in (r for r in (24, 16, 10, 6, 4, 3, 2) for _ in range(8)):
        known = Image.composite(known.filter(ImageFilter.BoxBlur(radius)), small, hole)
    return known


def _mean_colour(small: Image.Image, hole: Image.Image) -> tuple[int, int, int]:
    outside = ImageChops.invert(hole)
    total = max(1, sum(outside.tobytes()) // 255)
    red, green, blue = (sum(ImageChops.multiply(band, outside).tobytes()) // total for band in small.split())
    return red, green, blue


def rounded(size: tuple[int, int]) -> Image.Image:
    """A mask for a picture that stands as a card, because its figure could not be cut out."""
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), radius=min(size) // 12, fill=255)
    return mask
