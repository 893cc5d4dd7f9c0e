"""Backgrounds: a coral studio, a street by day, a skyline at dusk. All sizes in pixels."""

from collections.abc import Sequence

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from tools.samples.paint import Colour, mix

Stop = tuple[float, Colour]


def gradient(size: tuple[int, int], stops: Sequence[Stop]) -> Image.Image:
    """From top to bottom through `stops` of (share of the height 0…1, colour)."""
    strip = Image.new("RGB", (1, size[1]))
    for y in range(size[1]):
        share = y / max(1, size[1] - 1)
        above = max((s for s in stops if s[0] <= share), key=lambda s: s[0], default=stops[0])
        below = min((s for s in stops if s[0] >= share), key=lambda s: s[0], default=stops[-1])
        span = below[0] - above[0]
        strip.putpixel((0, y), mix(above[1], below[1], (share - above[0]) / span if span else 0))
    return strip.resize(size)


def smooth(share: float) -> float:
    """0…1 to 0…1 without a corner at either end; beyond is cut off."""
    share = min(1.0, max(0.0, share))
    return share * share * (3 - 2 * share)


def glow(picture: Image.Image, box: tuple[int, int, int, int], colour: Colour, strength: float) -> None:
    """A soft ellipse of light in `box`, fading to nothing at its edge."""
    size = (box[2] - box[0], box[3] - box[1])
    mask = ImageChops.invert(Image.radial_gradient("L")).resize(size, Image.Resampling.BICUBIC)
    # The gradient still has 75 of 255 left where the ellipse touches its box; below that is outside.
    picture.paste(colour, box[:2], mask.point(lambda v: int(255 * strength * smooth((v - 75) / 180))))


def vignette(picture: Image.Image, strength: float) -> None:
    mask = Image.radial_gradient("L").resize(picture.size, Image.Resampling.BICUBIC)
    dark = picture.point(lambda v: int(v * 0.45))
    picture.paste(dark, mask=mask.point(lambda v: int(max(0, v - 90) * strength)))


def shadow(picture: Image.Image, centre: tuple[float, float], radius: tuple[float, float], strength: float) -> None:
    """What a body throws on the floor: a blurred dark ellipse."""
    mask = Image.new("L", picture.size)
    (x, y), (rx, ry) = centre, radius
    ImageDraw.Draw(mask).ellipse((x - rx, y - ry, x + rx, y + ry), fill=round(255 * strength))
    box = (int(x - rx * 1.6), int(y - ry * 3), int(x + rx * 1.6), int(y + ry * 3))
    soft = mask.crop(box).filter(ImageFilter.GaussianBlur(ry * 0.5))
    picture.paste((30, 14, 18), box[:2], soft)


def coral(size: tuple[int, int]) -> Image.Image:
    width, height = size
    picture = gradient(
        size, [(0, (206, 128, 112)), (0.5, (232, 156, 140)), (0.72, (238, 162, 144)), (1, (196, 112, 96))]
    )
    glow(picture, (-width // 4, height // 8, width + width // 4, height - height // 10), (244, 184, 168), 0.55)
    vignette(picture, 0.5)
    return picture


def street(size: tuple[int, int]) -> Image.Image:
    width, height = size
    picture = gradient(size, [(0, (160, 190, 208)), (0.42, (206, 222, 226)), (0.8, (214, 220, 218))])
    pen = ImageDraw.Draw(picture)
    kerb = round(height * 0.735)
    houses: list[
        tuple[float, float, float, Colour]
    ] = [  # left, right (shares of the width), roof (of the height), wall
        (-0.02, 0.15, 0.34, (134, 144, 158)),
        (0.15, 0.35, 0.345, (172, 164, 162)),
        (0.35, 0.54, 0.15, (174, 164, 160)),
        (0.54, 0.71, 0.24, (190, 176, 156)),
        (0.71, 0.945, 0.17, (192, 176, 154)),
        (0.945, 1.1, 0.145, (184, 166, 142)),
    ]
    for left, right, roof, wall in houses:
        _house(pen, (left * width, roof * height, right * width, kerb), wall, round(height * 0.068))
    pen.rectangle((0, kerb, width, kerb + height * 0.024), fill=(190, 190, 182))
    road = gradient((width, height - kerb), [(0, (140, 142, 146)), (1, (88, 90, 96))])
    picture.paste(road, (0, round(kerb + height * 0.024)))
    for index in range(4):
        x = width * (0.05 + index * 0.25)
        y = height * 0.945
        ImageDraw.Draw(picture).rectangle((x, y, x + width * 0.12, y + height * 0.007), fill=(206, 206, 198))
    vignette(picture, 0.5)
    return picture


def _house(pen: ImageDraw.ImageDraw, box: tuple[float, float, float, float], wall: Colour, storey: int) -> None:
    left, roof, right, ground = box
    pen.rectangle(box, fill=wall)
    pen.line((left, roof, left, ground), fill=mix(wall, (255, 255, 255), 0.25), width=max(1, storey // 40))
    gap = (right - left) / 4
    pane = gap * 0.62
    y = roof + storey * 0.36
    while y + storey * 0.8 < ground:
        for column in range(3):
            x = left + gap * (0.69 + column)
            pen.rectangle((x, y, x + pane, y + storey * 0.55), fill=mix(wall, (60, 62, 72), 0.5))
        y += storey


def dusk(size: tuple[int, int]) -> Image.Image:
    width, height = size
    picture = gradient(
        size,
        [(0, (38, 32, 76)), (0.1, (70, 46, 96)), (0.28, (126, 64, 128)), (0.4, (196, 98, 110)), (0.5, (240, 150, 106)),
         (0.6, (250, 186, 128))],
    )  # fmt: skip
    glow(
        picture,
        (round(width * 0.1), round(height * 0.16), round(width * 1.3), round(height * 0.9)),
        (255, 206, 146),
        0.9,
    )
    rows: list[tuple[Colour, float, Sequence[float]]] = [
        ((184, 106, 132), 0.0, (0.47, 0.455, 0.44, 0.5, 0.485, 0.52, 0.435, 0.45, 0.54, 0.47, 0.53, 0.485)),
        ((122, 66, 118), 0.4, (0.46, 0.455, 0.5, 0.45, 0.6, 0.575, 0.53, 0.58, 0.565, 0.6, 0.57, 0.505)),
        ((66, 40, 92), 0.75, (0.53, 0.55, 0.605, 0.57, 0.575, 0.595, 0.58, 0.54, 0.55, 0.545, 0.56, 0.54)),
    ]
    pen = ImageDraw.Draw(picture)
    ground = 0.8 * height
    for wall, offset, roofs in rows:
        step = width / (len(roofs) - 1)
        for index, roof in enumerate(roofs):
            left = (index - offset) * step
            pen.rectangle((left, roof * height, left + step + 1, ground), fill=wall)
            if wall == rows[-1][0]:
                _lit_windows(pen, (left, roof * height, left + step, 0.76 * height), index)
    floor = gradient((width, round(height - ground)), [(0, (74, 42, 92)), (0.4, (52, 32, 76)), (1, (26, 20, 48))])
    picture.paste(floor, (0, round(ground)))
    glow(
        picture,
        (round(width * 0.22), round(height * 0.74), round(width * 1.08), round(height * 0.92)),
        (236, 150, 112),
        0.62,
    )
    vignette(picture, 0.6)
    return picture


def _lit_windows(pen: ImageDraw.ImageDraw, box: tuple[float, float, float, float], house: int) -> None:
    left, top, right, bottom = box
    side = (right - left) / 8
    for row in range(int((bottom - top) / (side * 2.2))):
        for column in range(3):
            # Any fixed scatter will do, as long as the same script draws the same picture.
            if (house * 3747613 ^ row * 6682657 ^ column * 2147483) // 97 % 6 == 0:
                x, y = left + side * (1.4 + column * 2.4), top + side * (1.6 + row * 2.2)
                pen.rectangle((x, y, x + side, y + side), fill=(238, 198, 132))
