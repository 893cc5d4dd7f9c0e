"""Small real pictures."""

import io
from random import Random

from PIL import Image


def picture(kind: str) -> bytes:
    """A picture of 64 × 48 as JPEG, PNG or WEBP."""
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(out, kind)
    return out.getvalue()


def noise(size: tuple[int, int], spread: float = 74) -> Image.Image:
    """Greys around 128, the same each time: Pillow's own noise is another one each time."""
    even = Image.frombytes("L", size, Random(7).randbytes(size[0] * size[1]))
    return even.point(lambda value: 128 + (value - 128) * spread / 74)
