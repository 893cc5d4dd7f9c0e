"""User data in pictures: what cameras write beside those of H.264 and HEVC (SEI, payload type 5), and into JPEGs."""

import re
from collections.abc import Iterable, Iterator

from wanstudio.media.decoder_messages import Span
from wanstudio.media.movie import SeekableFile, read_at

# By a decoder's configuration: which kinds of units have it, the bytes of a unit's head, and where it is said how many
# bytes the length of a unit has.
UNITS = {"avcC": ({6}, 1, 4), "hvcC": ({39, 40}, 2, 21)}
_USER_DATA, _ID_BYTES, _MAX_UNIT_BYTES = 5, 16, 64 * 1024
# Decoders ask for it: it says which of an encoder's errors are to be made good.
_ENCODERS = re.compile(b"x264 - core|x265 \\(build")
# A byte that only keeps zeros from looking like the beginning of a unit stays, with them.
_PARTS = re.compile(rb"\x00\x00\x03|((?:(?!\x00\x00\x03).)+)", re.DOTALL)
_JPEG, _MARKER = re.compile(b"\xff\xd8\xff"), re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
# Which version a JPEG is of, how its colours are coded, and where its fields are.
_KEPT = re.compile(rb"JFIF\x00.{9}|AVI1.{10}|Adobe.{7}|.{4}mjpg.{32}", re.DOTALL)


def user_data(file: SeekableFile, config: str, length_bytes: int, chunks: Iterable[Span]) -> Iterator[Span]:
    """Spans of it in chunks of samples, which are units with their lengths in front."""
    kinds, head, _ = UNITS[config]
    for at, end in chunks:
        while at + length_bytes < end:
            *length, start = read_at(file, at, length_bytes + 1)
            size, at = int.from_bytes(bytes(length)), at + length_bytes
            if not 0 < size <= end - at:
                break
            if (start & 0x1F if head == 1 else start >> 1) in kinds and size <= _MAX_UNIT_BYTES:
                unit = read_at(file, at, size)
                for span in () if _ENCODERS.search(unit) else _spans(unit, head):
                    yield from (
                        (at + part.start(), at + part.end()) for part in _PARTS.finditer(unit, *span) if part[1]
                    )
            at += size


def jpeg_notes(file: SeekableFile, chunks: Iterable[Span]) -> Iterator[Span]:
    """Spans of EXIF and comments in the pictures of Motion JPEG, and of what is behind them; none of other codecs."""
    for at, end in chunks:
        while at < end - 2 and _JPEG.match(read_at(file, at, 3)):
            kind = 0
            while kind != 0xD9 and (at := _next(file, at, end, _MARKER)) < end - 1:
                kind = read_at(file, at, 2)[1]
                body, at = at + 4, at + 2
                if kind not in (0xD8, 0xD9):
                    at += int.from_bytes(read_at(file, at, 2))
                if 0xE0 <= kind <= 0xEF or kind == 0xFE:
                    kept = _KEPT.match(read_at(file, body, max(0, min(40, at - body))))
                    yield body + (kept.end() if kept else 0), min(at, end)
            yield at, (at := _next(file, at, end, _JPEG))


def _next(file: SeekableFile, at: int, end: int, sign: re.Pattern[bytes]) -> int:
    while at < end - 1:
        if found := sign.search(read_at(file, at, min(end - at, _MAX_UNIT_BYTES))):
            return at + found.start()
        at += _MAX_UNIT_BYTES - 2
    return end


def _spans(unit: bytes, head: int) -> Iterator[Span]:
    data = [at for at in range(head, len(unit)) if not (unit[at] == 3 and unit[at - 2 : at] == b"\0\0")]
    at = 0
    while at < len(data) - 2:
        numbers = [0, 0]
        for which in (0, 1):
            # Each 255 says that more is added.
            while at < len(data) - 1 and unit[data[at]] == 0xFF:
                numbers[which], at = numbers[which] + 0xFF, at + 1
            numbers[which], at = numbers[which] + unit[data[at]], min(at + 1, len(data) - 1)
        kind, size = numbers
        if kind == _USER_DATA and _ID_BYTES < size <= len(data) - at:
            yield data[at + _ID_BYTES], data[at + size - 1] + 1
        at += size
