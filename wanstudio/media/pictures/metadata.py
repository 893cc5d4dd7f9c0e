"""Metadata of pictures: copies of JPEG, PNG and WebP files without it, bit for bit the same pictures.

Kept is what a decoder needs to show the picture; everything else goes, whatever it is called: EXIF, XMP, comments,
previews, and what cameras append behind the end. Colour profiles go too: what has another than sRGB is
converted before.
"""

import re
import struct
from collections.abc import Iterator

# JFIF's version, and Adobe's note of how the colours are coded: so many bytes, without previews after them.
_JPEG_KEPT = (b"\xff\xe0", b"JFIF\0", 12, b"\0\0"), (b"\xff\xee", b"Adobe", 12, b"")
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
# Each with the most bytes that it can need.
_PNG_KEPT = {b"IHDR": 13, b"PLTE": 768, b"tRNS": 256, b"IDAT": 1 << 31, b"IEND": 0}
_PNG_KEPT |= {b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"sBIT": 4, b"bKGD": 6, b"pHYs": 9}
_WEBP_KEPT = {b"VP8 ", b"VP8L", b"ALPH"}
_WEBP_ALPHA = 0x10


def without_metadata(data: bytes) -> bytes:
    """The same picture without metadata; equal to `data` if it has none. Raises ValueError for a broken structure."""
    try:
        if data.startswith(b"\xff\xd8"):
            return b"".join(_jpeg_parts(data))
        if data.startswith(b"\x89PNG"):
            return data[:8] + b"".join(_png_chunks(data))
        chunks = b"".join(_webp_chunks(data))
        return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks
    except (IndexError, struct.error):
        raise ValueError("the file ends too early") from None


def _jpeg_parts(data: bytes) -> Iterator[bytes]:
    yield data[:2]
    position = 2
    while True:
        while data[position : position + 2] == b"\xff\xff":
            position += 1
        marker = data[position : position + 2]
        if marker == b"\xff\xd9":
            yield marker
            return
        if len(marker) < 2 or marker[0] != 0xFF:
            raise ValueError("a marker was expected")
        end = position + 2 + struct.unpack_from(">H", data, position + 2)[0]
        if marker == b"\xff\xda":
            after = _AFTER_SCAN.search(data, end)
            if after is None:
                raise ValueError("the picture has no end")
            end = after.start()
        body = data[position + 4 : end]
        if not (0xE0 <= marker[1] <= 0xEF or marker[1] == 0xFE):
            yield data[position:end]
        for kept, name, length, rest in _JPEG_KEPT:
            if marker == kept and body.startswith(name):
                body = body[:length] + rest
                yield marker + struct.pack(">H", len(body) + 2) + body
        position = end


def _png_chunks(data: bytes) -> Iterator[bytes]:
    position, kind = 8, b""
    while kind != b"IEND":
        (length,) = struct.unpack_from(">I", data, position)
        kind, end = data[position + 4 : position + 8], position + 12 + length
        if end > len(data):
            raise ValueError("a chunk reaches past the end")
        if length <= _PNG_KEPT.get(kind, -1):
            yield data[position:end]
        position = end


def _webp_chunks(data: bytes) -> Iterator[bytes]:
    position, end = 12, min(len(data), 8 + struct.unpack_from("<I", data, 4)[0])
    while position + 8 <= end:
        kind, length = struct.unpack_from("<4sI", data, position)
        following = position + 8 + length + length % 2
        if kind == b"VP8X":
            # Of its flags only the one for transparency: it has no profile, no metadata, no frames any more.
            flags = bytes([data[position + 8] & _WEBP_ALPHA])
            yield data[position : position + 8] + flags + data[position + 9 : following]
        elif kind in _WEBP_KEPT:
            yield data[position:following]
        position = following
