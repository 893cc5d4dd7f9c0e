"""Placeholders of posters: some pixels in about 80 bytes, shown blurred until the poster is there.

One travels within its poster, as the comment of the JPEG: anyone who stores a poster stores both, and opens no picture.
"""

import re

# A comment of a JPEG, and how many bytes its length takes and counts.
_COMMENT, _LENGTH_BYTES = b"\xff\xfe", 2
# What a poster has in front of its comment is 20 bytes long.
_WITHIN_BYTES = 1024
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{40,400}={0,2}")


def placeholder_of(poster: bytes) -> str:
    """The WebP in base64; empty for a poster without one, and for any other comment."""
    _, marker, after = poster[:_WITHIN_BYTES].partition(_COMMENT)
    length = int.from_bytes(after[:_LENGTH_BYTES])
    found = _BASE64.fullmatch(after[_LENGTH_BYTES:length])
    return found[0].decode() if marker and found else ""
