"""Small real pictures."""

import io

from PIL import Image


def picture(kind: str) -> bytes:
    """A picture of 64 × 48 as JPEG, PNG or WEBP."""
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(out, kind)
    return out.getvalue()
