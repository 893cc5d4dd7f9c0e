"""The boxes an MP4 or MOV file is made of (ISO/IEC 14496-12, section 4.2): size, kind, content, one after another."""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from .errors import MediaError, truncated, unreadable

_MAX_BOXES = 100_000


class SeekableFile(Protocol):
    """What is needed of a file: a local one and a RemoteFile have it alike."""

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
        raise truncated()
    return data


def top_boxes(file: SeekableFile, start: int, size: int) -> Iterator[Box]:
    """The outermost boxes. Raises MediaError TRUNCATED if one reaches past the end of the file."""
    return _walk(file, start, size, truncated())


def boxes_in(file: SeekableFile, parent: Box, skip: int = 0) -> Iterator[Box]:
    """The boxes inside another one. One that reaches out of its parent contradicts it: MediaError UNREADABLE."""
    return _walk(file, parent.body + skip, parent.end, unreadable())


def content(file: SeekableFile, box: Box, most: int, offset: int = 0) -> bytes:
    """At most `most` bytes of a box, from `offset` in its content."""
    return read_at(file, box.body + offset, max(0, min(most, box.end - box.body - offset)))


def unpack(layout: str, data: bytes, offset: int = 0) -> tuple[int, ...]:
    """struct.unpack_from for big-endian integers; a box too small for its fields is MediaError UNREADABLE."""
    try:
        return struct.unpack_from(">" + layout, data, offset)
    except struct.error:
        raise unreadable() from None


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
            raise unreadable()
        if position + size > end:
            raise reaches_out
        yield Box(kind.decode("latin-1"), position, body, position + size)
        position += size
    raise unreadable()
