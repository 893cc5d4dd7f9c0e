"""A brush for flat shapes with a soft shadow side and a lit rim, in the figure's own units."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
Point = tuple[float, float]


@dataclass(frozen=True)
class Light:
    """Where the light comes from: the rim's colour, its side (-1 left, 1 right) and its strength (0…1)."""

    colour: Colour = (226, 236, 244)
    side: int = -1
    strength: float = 0.55


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """`a` with `share` (0…1) of `b` in it."""
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return red, green, blue


class Brush:
    """Paints on a transparent canvas. Coordinates are units around `origin` (pixels); a unit is `scale` pixels."""

    def __init__(self, size: tuple[int, int], origin: Point, scale: float, light: Light) -> None:
        self.canvas = Image.new("RGBA", size)
        self.origin = origin
        self.scale = scale
        self.light = light

    def capsule(self, points: Sequence[Point], width: float, colour: Colour, *, rim: float = 1.0) -> None:
        """A line through `points` with round ends and joints: a limb."""
        around = [(x + dx, y + dy) for x, y in points for dx in (-width, width) for dy in (-width, width)]

        def draw(pen: ImageDraw.ImageDraw, place: Callable[[Point], Point]) -> None:
            pen.line([place(p) for p in points], fill=255, width=round(width * self.scale), joint="curve")
            half = width * self.scale / 2
            for x, y in map(place, points):
                pen.ellipse((x - half, y - half, x + half, y + half), fill=255)

        self._fill(draw, around, colour, rim)

    def polygon(self, points: Sequence[Point], colour: Colour, *, rim: float = 1.0, soften: float = 0.0) -> None:
        """A closed shape; `soften` (units) rounds its corners."""

        def draw(pen: ImageDraw.ImageDraw, place: Callable[[Point], Point]) -> None:
            pen.polygon([place(p) for p in points], fill=255)

        self._fill(draw, points, colour, rim, soften)

    def ellipse(self, centre: Point, radius: Point, colour: Colour, *, rim: float = 1.0) -> None:
        (x, y), (rx, ry) = centre, radius

        def draw(pen: ImageDraw.ImageDraw, place: Callable[[Point], Point]) -> None:
            pen.ellipse((*place((x - rx, y - ry)), *place((x + rx, y + ry))), fill=255)

        self._fill(draw, [(x - rx, y - ry), (x + rx, y + ry)], colour, rim)

    def _fill(
        self,
        draw: Callable[[ImageDraw.ImageDraw, Callable[[Point], Point]], None],
        around: Sequence[Point],
        colour: Colour,
        rim: float,
        soften: float = 0.0,
    ) -> None:
        pad = round(self.scale * 0.25) + 2
        left = int(min(x for x, _ in around) * self.scale + self.origin[0]) - pad
        top = int(min(y for _, y in around) * self.scale + self.origin[1]) - pad
        right = int(max(x for x, _ in around) * self.scale + self.origin[0]) + pad
        bottom = int(max(y for _, y in around) * self.scale + self.origin[1]) + pad
        size = (right - left, bottom - top)

        def place(point: Point) -> Point:
            return point[0] * self.scale + self.origin[0] - left, point[1] * self.scale + self.origin[1] - top

        mask = Image.new("L", size)
        draw(ImageDraw.Draw(mask), place)
        if soften:
            # Blur and a hard threshold: cheaper than arcs at every corner, and it works for any outline.
            mask = mask.filter(ImageFilter.GaussianBlur(soften * self.scale)).point(lambda v: 255 if v > 127 else 0)
        body = Image.composite(
            Image.new("RGB", size, mix(colour, (24, 10, 40), 0.22)),
            Image.new("RGB", size, colour),
            self._shadow_side(size),
        )
        if rim:
            reach = 0.1 * self.scale
            inner = ImageChops.offset(
                mask.filter(ImageFilter.GaussianBlur(reach * 0.7)), round(-self.light.side * reach), round(reach * 0.55)
            )
            edge = ImageChops.subtract(mask, inner).point(lambda v: int(v * self.light.strength * rim))
            body.paste(self.light.colour, mask=edge)
        self.canvas.paste(body, (left, top), mask)

    def _shadow_side(self, size: tuple[int, int]) -> Image.Image:
        ramp = Image.linear_gradient("L").rotate(90 if self.light.side < 0 else -90)
        down = Image.linear_gradient("L")
        return ImageChops.add(ramp, down, scale=2).resize(size)
