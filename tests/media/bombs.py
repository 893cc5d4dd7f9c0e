"""Bombs: small files of every accepted format that cost a decoder gigabytes or minutes. Seeded, and made quickly."""

import io
import random
import struct
import zlib
from collections.abc import Callable

from PIL import Image

from tests.media.clips import FASTSTART, FRAGMENTED, box, boxes, clip, part, patched, rebuilt
from tests.pictures import noise

MANY = 20_000_000
STBL = ["moov", "trak", "mdia", "minf", "stbl"]


def _plain(container: str = "mp4") -> bytes:
    data = clip(0.5, options=FASTSTART, container=container)
    # What the file is padded with makes it as large as those that were met.
    return data + box("free", random.Random(8).randbytes(250_000))


def _table(kind: str, content: bytes) -> bytes:
    """A clip whose table of this kind has other content, and is added where it had none."""

    def change(stbl: bytes) -> bytes:
        kept = b"".join(stbl[start:end] for name, start, end in boxes(stbl) if name != kind)
        return kept + box(kind, content)

    return rebuilt(_plain(), STBL, change)


def samples_of_one_size(container: str = "mp4") -> bytes:
    """266 kB of which the tables say: twenty million samples."""
    data = patched(_plain(container), "stsz", 4, struct.pack(">II", 1, MANY))
    return patched(data, "stts", 4, struct.pack(">III", 1, MANY, 1))


def samples_of_sound() -> bytes:
    """The same for a track of sound, in a file that is large enough for them; as zeros it packs to nothing."""
    data = clip(0.5, options=FASTSTART, audio=True)
    at = data.rindex(b"stsz") + 4
    data = data[: at + 4] + struct.pack(">II", 1, MANY) + data[at + 12 :]
    at = data.rindex(b"stts") + 4
    data = data[: at + 4] + struct.pack(">III", 1, MANY, 1024) + data[at + 16 :]
    return data + box("free", bytes(MANY))


def runs_without_fields() -> bytes:
    """Fragments whose runs claim samples in eight bytes each."""
    data = clip(1.0, options=FRAGMENTED)
    moof = part(data, "moof")
    at = data.index(moof)
    run = box("trun", struct.pack(">II", 0, MANY))
    head = rebuilt(moof, ["moof", "traf"], lambda traf: traf[: traf.index(b"trun") - 4] + run * 100)
    return data[:at] + head + data[at + len(moof) :]


def endless_fragments() -> bytes:
    data = clip(0.5, options=FRAGMENTED)
    moof, mdat = part(data, "moof"), part(data, "mdat")
    return data[: data.index(moof)] + (moof + mdat) * 3_000


def nested_boxes() -> bytes:
    nested = b""
    for _ in range(5_000):
        nested = box("meta", bytes(4) + nested) if len(nested) % 3 else box("udta", nested)
    return rebuilt(_plain("mov"), ["moov"], lambda moov: moov + box("udta", nested))


def huge_tags() -> bytes:
    """Sizes that lead beyond the file, and texts without end, among the notes of a clip."""
    return rebuilt(
        _plain(),
        ["moov"],
        lambda moov: moov + box("udta", box("meta", bytes(4) + struct.pack(">I4s", 0x7FFFFFFF, b"ilst") + bytes(9))),
    )


def m4v() -> bytes:
    return samples_of_one_size().replace(b"ftypisom", b"ftypM4V ", 1)


def _jpeg(size: tuple[int, int], scans: int) -> bytes:
    """A progressive JPEG with one of its scans repeated."""
    out = io.BytesIO()
    noise((97, 97), 90).resize(size).convert("L").save(out, "JPEG", quality=5, progressive=True)
    data = out.getvalue()
    starts = [at for at in range(len(data) - 1) if data[at : at + 2] == b"\xff\xda"]
    scan = data[starts[-1] : -2]
    return data[:-2] + scan * (scans - len(starts)) + b"\xff\xd9"


def jpeg_of_300_scans() -> bytes:
    return _jpeg((3000, 3000), 300)


def jpeg_of_many_slow_scans() -> bytes:
    """Just as many scans as are let through, each over as many pixels as are."""
    return _jpeg((8000, 8000), 99)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *chunks: bytes) -> bytes:
    """RGBA, all zeros, packed a hundredfold."""
    packer = zlib.compressobj(1)
    row = bytes(1 + width * 4)
    pixels = b"".join([*(packer.compress(row) for _ in range(height)), packer.flush()])
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    body = b"".join([_chunk(b"IHDR", head), *chunks, _chunk(b"IDAT", pixels), _chunk(b"IEND", b"")])
    return b"\x89PNG\r\n\x1a\n" + body


def png_of_64_million_pixels() -> bytes:
    return png(8000, 8000)


def png_too_wide() -> bytes:
    """Its head promises 3.6 billion pixels, its data is that of a small one."""
    small = png(64, 64)
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 6, 0, 0, 0))
    return small[:8] + head + small[8 + len(head) :]


def png_with_packed_text() -> bytes:
    text = zlib.compress(bytes(40_000_000), 9)
    return png(64, 64, _chunk(b"zTXt", b"a\0\0" + text), _chunk(b"iTXt", b"b\0\1\0\0\0" + text))


def png_with_packed_profile() -> bytes:
    return png(64, 64, _chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(40_000_000), 9)))


def png_of_many_chunks() -> bytes:
    return png(64, 64, _chunk(b"tEXt", b"a\0b") * 300_000)


def _webp(width: int, height: int, frames: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (16, 16), "red").save(out, "WEBP", lossless=True)
    still = out.getvalue()[12:]

    def three(number: int) -> bytes:
        return struct.pack("<I", number)[:3]

    def riff(kind: bytes, content: bytes) -> bytes:
        return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)

    head = riff(b"VP8X", b"\x02\0\0\0" + three(width - 1) + three(height - 1))
    frame = riff(b"ANMF", three(0) * 2 + three(15) * 2 + three(10) + b"\0" + still)
    body = b"WEBP" + head + riff(b"ANIM", bytes(6)) + frame * frames
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_of_268_million_pixels() -> bytes:
    return _webp(16_384, 16_384, 2)


def webp_of_64_million_pixels() -> bytes:
    return _webp(8_000, 8_000, 2)


def webp_of_many_frames() -> bytes:
    return _webp(4_000, 4_000, 60_000)


CLIPS: dict[str, Callable[[], bytes]] = {
    "mp4 stsz": samples_of_one_size,
    "mov stsz": lambda: samples_of_one_size("mov"),
    "m4v stsz": m4v,
    "mp4 stsz without room": lambda: _table("stsz", struct.pack(">III", 0, 0, MANY)),
    "mp4 stco": lambda: _table("stco", struct.pack(">II", 0, MANY)),
    "mp4 stss": lambda: _table("stss", struct.pack(">II", 0, MANY)),
    "mp4 ctts": lambda: _table("ctts", struct.pack(">II", 0, MANY)),
    "mp4 stts": lambda: _table("stts", struct.pack(">IIII", 0, 1, 0x7FFFFFFF, 1)),
    "mp4 trun": runs_without_fields,
}
PICTURES: dict[str, Callable[[], bytes]] = {
    "jpeg scans": jpeg_of_300_scans,
    "png pixels": png_of_64_million_pixels,
    "png size": png_too_wide,
    "png profile": png_with_packed_profile,
    "webp size": webp_of_268_million_pixels,
    "webp pixels": webp_of_64_million_pixels,
}
"""Each of these is refused."""

HARMLESS: dict[str, Callable[[], bytes]] = {
    "mp4 stsz of sound": samples_of_sound,
    "mp4 stsc": lambda: _table("stsc", struct.pack(">IIIII", 0, 1, 1, 0x7FFFFFFF, 1)),
    "mp4 fragments": endless_fragments,
    "mov nested": nested_boxes,
    "mp4 tags": huge_tags,
    "jpeg slow scans": jpeg_of_many_slow_scans,
    "png text": png_with_packed_text,
    "png chunks": png_of_many_chunks,
    "webp frames": webp_of_many_frames,
}
"""These cost something, and can be either refused or taken; but within the limits."""
