"""MP4 and MOV files: the boxes they are made of, and the index (`moov`) with its duration and tracks.

ISO/IEC 14496-12, sections 4.2 (boxes: size, kind, content, one after another) and 8.2 to 8.8 (the index).
"""

import io
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

from .errors import MediaError, MediaProblem
from .pictures.sample_entries import codec_of, pixel_of

_MAX_BOXES = 100_000
_MAX_TRACKS = 100
_MAX_TIMES = 4096
_PICTURE_ENTRY_BYTES = 94
MAX_SAMPLES = 1_000_000
"""Of one track: an hour at 240 pictures a second. A decoder keeps a hundred bytes for each."""
# Tables of a track: bytes before their first entry, of which the last four are the count, and bits of one entry.
_TABLES = {
    **dict.fromkeys(("stts", "ctts", "co64"), (8, 64)),
    **dict.fromkeys(("stss", "stps", "stco"), (8, 32)),
    "stsc": (8, 96),
    "stsz": (12, 32),
    "stz2": (12, 4),
}


class SeekableFile(Protocol):
    """The part of a file's interface that is needed; local files and RemoteFile both have it."""

    def read(self, size: int = ..., /) -> bytes: ...
    def seek(self, offset: int, whence: int = ..., /) -> int: ...
    def tell(self) -> int: ...


@dataclass(frozen=True)
class Box:
    """Offsets from the start of the file, in bytes; the content is between `body` and `end`."""

    kind: str
    start: int
    body: int
    end: int


def size_of(file: SeekableFile) -> int:
    return file.seek(0, io.SEEK_END)


def read_at(file: SeekableFile, offset: int, count: int) -> bytes:
    file.seek(offset)
    data = file.read(count)
    if len(data) < count:
        raise MediaError(MediaProblem.TRUNCATED)
    return data


def top_boxes(file: SeekableFile, start: int, size: int) -> Iterator[Box]:
    """The outermost boxes. Raises MediaError TRUNCATED if one reaches past the end of the file."""
    return _walk(file, start, size, MediaError(MediaProblem.TRUNCATED))


def boxes_in(file: SeekableFile, parent: Box) -> Iterator[Box]:
    """The boxes inside another one. One that reaches out of its parent contradicts it: MediaError UNREADABLE."""
    return _walk(file, parent.body, parent.end, MediaError(MediaProblem.UNREADABLE))


def content(file: SeekableFile, box: Box, most: int, offset: int = 0) -> bytes:
    """At most `most` bytes of a box, from `offset` in its content."""
    return read_at(file, box.body + offset, max(0, min(most, box.end - box.body - offset)))


def unpack(layout: str, data: bytes, offset: int = 0) -> tuple[int, ...]:
    """struct.unpack_from for big-endian integers; a box too small for its fields is MediaError UNREADABLE."""
    try:
        return struct.unpack_from(">" + layout, data, offset)
    except struct.error:
        raise MediaError(MediaProblem.UNREADABLE) from None


def _walk(file: SeekableFile, position: int, end: int, reaches_out: MediaError) -> Iterator[Box]:
    for _ in range(_MAX_BOXES):
        # Less than a header is padding: QuickTime ends some lists with four zero bytes.
        if end - position < 8:
            return
        size, kind = struct.unpack(">I4s", read_at(file, position, 8))
        body = position + 8
        if size == 1:
            (size,) = unpack("Q", read_at(file, body, 8))
            body += 8
        elif size == 0:
            size = end - position
        if not all(0x20 <= letter < 0x7F or letter == 0xA9 for letter in kind):
            # Zeros or notes that some cameras append. Before the index there is none to be found behind it either.
            return
        if position + size < body:
            raise MediaError(MediaProblem.UNREADABLE)
        if position + size > end:
            raise reaches_out
        yield Box(kind.decode("latin-1"), position, body, position + size)
        position += size
    raise MediaError(MediaProblem.UNREADABLE)


@dataclass
class Track:
    """Times are in ticks of `timescale` per second; `frames` were counted over `frame_ticks`."""

    number: int = 0
    handler: str = ""
    timescale: int = 0
    ticks: int = 0
    width: int = 0
    height: int = 0
    # The display matrix by its signs: (0, 1, -1, 0) is a quarter turn clockwise.
    matrix: tuple[int, ...] = (1, 0, 0, 1)
    codec: str = ""
    pixel: Fraction = Fraction(1)
    frames: int = 0
    frame_ticks: int = 0


@dataclass
class Movie:
    """`seconds` and `fragments_seconds` are 0 where the file says 0 or nothing."""

    seconds: float = 0.0
    fragmented: bool = False
    fragments_seconds: float = 0.0
    tracks: list[Track] = field(default_factory=list)
    default_ticks: dict[int, int] = field(default_factory=dict)


def read_movie(file: SeekableFile, moov: Box) -> Movie:
    """Reads only what is needed, so that an index of many megabytes costs no more than a small one."""
    movie = Movie()
    timescale = fragments_ticks = 0
    for box in boxes_in(file, moov):
        if box.kind == "mvhd":
            timescale, ticks = _times(file, box)
            movie.seconds = ticks / timescale if timescale else 0.0
        elif box.kind == "trak":
            if len(movie.tracks) == _MAX_TRACKS:
                raise MediaError(MediaProblem.UNREADABLE)
            movie.tracks.append(Track())
            _visit(file, box, movie.tracks[-1])
        elif box.kind == "mvex":
            movie.fragmented = True
            fragments_ticks = _extends(file, box, movie)
    movie.fragments_seconds = fragments_ticks / timescale if timescale else 0.0
    return movie


def _times(file: SeekableFile, box: Box) -> tuple[int, int]:
    """Timescale and duration of a mvhd or mdhd. A duration of all ones means "not known" and becomes 0.

    Raises MediaError for a timescale beyond 31 bits: players disagree on what it means, and so on the price.
    """
    data = content(file, box, 32)
    long = data[:1] == b"\1"
    timescale, ticks = unpack("IQ", data, 20) if long else unpack("II", data, 12)
    if timescale >= 1 << 31:
        raise MediaError(MediaProblem.UNREADABLE)
    return timescale, 0 if ticks == (0xFFFFFFFFFFFFFFFF if long else 0xFFFFFFFF) else ticks


def _visit(file: SeekableFile, parent: Box, track: Track) -> None:
    for box in boxes_in(file, parent):
        if parent.kind == "stbl" and box.kind in _TABLES:
            _check_table(file, box, track)
        match parent.kind, box.kind:
            # Only these are entered, so the depth is fixed.
            case ("trak", "mdia") | ("mdia", "minf") | ("minf", "stbl"):
                _visit(file, box, track)
            case "trak", "tkhd":
                _read_tkhd(file, box, track)
            case "mdia", "mdhd":
                track.timescale, track.ticks = _times(file, box)
            case "mdia", "hdlr":
                track.handler = content(file, box, 4, offset=8).decode("latin-1")
            case "stbl", "stsd":
                _read_stsd(file, box, track)
            case "stbl", "stts":
                _read_stts(file, box, track)


def _check_table(file: SeekableFile, box: Box, track: Track) -> None:
    """Refuses a table that claims more entries than it has room for, or than a clip can need: FFmpeg would trust it."""
    head_bytes, bits = _TABLES[box.kind]
    head = content(file, box, head_bytes)
    (count,) = unpack("I", head, head_bytes - 4)
    (sample_bytes,) = unpack("I", head, 4) if box.kind == "stsz" else (0,)
    if sample_bytes:
        # All of one size, and so no table.
        bits = 0
    if head_bytes + count * bits // 8 > box.end - box.body or count * sample_bytes > size_of(file):
        raise MediaError(MediaProblem.UNREADABLE)
    # Uncompressed sound is millions of samples of one size, which no decoder keeps one by one.
    if count > MAX_SAMPLES and not (sample_bytes and track.handler == "soun"):
        raise MediaError(MediaProblem.TOO_COSTLY)


def _read_tkhd(file: SeekableFile, box: Box, track: Track) -> None:
    data = content(file, box, 96)
    long = data[:1] == b"\1"
    (track.number,) = unpack("I", data, 20 if long else 12)
    a, b, _, c, d = unpack("5i", data, 52 if long else 40)
    axes = (0, b, c, 0) if abs(b) + abs(c) > abs(a) + abs(d) else (a, 0, 0, d)
    track.matrix = tuple((part > 0) - (part < 0) for part in axes)


def _read_stsd(file: SeekableFile, box: Box, track: Track) -> None:
    data = content(file, box, 44)
    if len(data) >= 16:
        track.codec = codec_of(data[12:16].decode("latin-1"))
    if len(data) == 44:
        track.width, track.height = unpack("HH", data, 40)
        end = min(box.end, box.body + 8 + unpack("I", data, 8)[0])
        # Contradictions in what no player needs are ignored.
        with suppress(MediaError):
            for part in boxes_in(file, Box("", box.start, box.body + _PICTURE_ENTRY_BYTES, end)):
                track.pixel = pixel_of(*unpack("II", content(file, part, 8))) if part.kind == "pasp" else track.pixel


def _read_stts(file: SeekableFile, box: Box, track: Track) -> None:
    (entries,) = unpack("I", content(file, box, 8), 4)
    data = content(file, box, 8 * min(entries, _MAX_TIMES), offset=8)
    numbers = unpack(f"{len(data) // 8 * 2}I", data)
    track.frames = sum(numbers[::2])
    track.frame_ticks = sum(count * ticks for count, ticks in zip(numbers[::2], numbers[1::2], strict=True))
    if track.frames > MAX_SAMPLES and track.handler != "soun":
        raise MediaError(MediaProblem.TOO_COSTLY)


def _extends(file: SeekableFile, mvex: Box, movie: Movie) -> int:
    """Keeps the defaults of the fragments; returns the whole duration in ticks of the movie, 0 if it is not told."""
    ticks = 0
    for box in boxes_in(file, mvex):
        data = content(file, box, 24)
        if box.kind == "mehd":
            (ticks,) = unpack("Q", data, 4) if data[:1] == b"\1" else unpack("I", data, 4)
        elif box.kind == "trex":
            number, _, default = unpack("III", data, 4)
            movie.default_ticks[number] = default
    return ticks
