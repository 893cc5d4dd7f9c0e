"""Messages between the studio and its decoder processes: frames of bytes with their length in front; facts; files."""

import base64
import io
import json
import os
import socket
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from time import monotonic
from typing import IO, TypeVar

# A picture as large as a provider takes, in base64, with its poster.
MAX_BYTES = 16 * 1024 * 1024
READ_BYTES = 1024 * 1024
# Between a template and who started it: 0 for a new process, or the id of one to end; and the id, or the exit code.
ORDER = ">q"
UNKNOWN_SIZE = 1 << 62
"""Of a file whose server does not say its size and does not end within the budget."""
_TYPES: dict[str, type | tuple[type, ...]] = {"str": str, "int": int, "float": (int, float), "bool": bool}

F = TypeVar("F", "ImageFacts", "VideoFacts")
Span = tuple[int, int]
_FILL_BYTES = 64 * 1024


@dataclass(frozen=True)
class ImageFacts:
    """`format` is JPEG, PNG or WebP; width and height in pixels as displayed, so after a turn."""

    format: str
    width: int
    height: int
    size_bytes: int


@dataclass(frozen=True)
class VideoFacts:
    """`container` is mp4, mov, m4v, 3gp, webm or mkv; `duration` in seconds, the container's; width and height in
    square pixels as displayed; `fps` and `size_bytes` are 0 where they are unknown.

    `conversion`: empty for what every browser plays; "shown" for what needs a preview; "sent" for what a provider, too,
    gets as MP4."""

    container: str
    duration: float
    width: int
    height: int
    fps: float
    codec: str
    has_audio: bool
    size_bytes: int
    conversion: str = ""


@dataclass(frozen=True)
class Cleaning:
    """What is removed before an upload leaves the studio: by another `file`, or in place: boxes that become `free`
    (offsets of their kinds), and spans that become `zero` (from, to)."""

    file: bytes = b""
    free: list[int] = field(default_factory=list)
    zero: list[Span] = field(default_factory=list)
    blank: list[Span] = field(default_factory=list)

    def apply(self, file: IO[bytes], size: int) -> None:
        """Overwrites in place. Offsets beyond the file are ignored: a compromised decoder can report any."""
        for offset in self.free:
            if 0 <= offset <= size - 4:
                file.seek(offset)
                file.write(b"free")
        for fill, (start, end) in [(b"\0", span) for span in self.zero] + [(b" ", span) for span in self.blank]:
            position = max(0, start)
            while position < (stop := min(end, size)):
                file.seek(position)
                position += file.write(fill * min(stop - position, _FILL_BYTES))
        if self.free or self.zero or self.blank:
            file.flush()
            # A power cut must not bring back what the row says is gone. What is in memory has no number.
            with suppress(io.UnsupportedOperation):
                os.fdatasync(file.fileno())
        file.seek(0)


class SizedFile(io.RawIOBase):
    """A file to read from, whose `size` is asked for only where it is needed."""

    _position = 0

    @property
    def size(self) -> int:
        raise NotImplementedError

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = self.size if whence == io.SEEK_END else self._position if whence == io.SEEK_CUR else 0
        self._position = max(0, base + offset)
        return self._position


def facts(kind: type[F], values: object) -> F:
    """The facts in a message. Raises ValueError for anything else: a compromised decoder can send it."""
    types = {each.name: getattr(each.type, "__name__", "") for each in fields(kind)}
    if not isinstance(values, dict) or values.keys() != types.keys():
        raise ValueError("other facts were expected")
    if not all(isinstance(values[name], _TYPES[wanted]) for name, wanted in types.items()):
        raise ValueError("facts of other types were expected")
    return kind(**values)


def cleaning(message: Mapping[str, object]) -> Cleaning:
    """The cleaning in a message. Raises ValueError for anything else."""
    match message:
        case {"clean": str(file), "free": list(free), "zero": list(zero), "blank": list(blank)}:
            whole = base64.b64decode(file)
            if all(isinstance(each, int) for each in (*free, *(number for span in zero + blank for number in span))):
                zeros, blanks = ([(start, end) for start, end in spans] for spans in (zero, blank))
                return Cleaning(whole, free, zeros, blanks)
    raise ValueError("a cleaning was expected")


def send(sock: socket.socket, frame: bytes | Mapping[str, object]) -> None:
    data = frame if isinstance(frame, bytes) else json.dumps(frame).encode()
    sock.sendall(struct.pack(">I", len(data)) + data)


def receive(sock: socket.socket, left: Callable[[], float | None] = lambda: None) -> bytes:
    """The next frame. `left` returns seconds, or raises TimeoutError. Raises EOFError, ValueError or OSError."""
    (length,) = struct.unpack(">I", _exactly(sock, 4, left))
    if length > MAX_BYTES:
        raise ValueError("the message is too long")
    return _exactly(sock, length, left)


def receive_object(sock: socket.socket, left: Callable[[], float | None] = lambda: None) -> dict[str, object]:
    message = json.loads(receive(sock, left))
    if not isinstance(message, dict):
        raise ValueError("an object was expected")
    return message


def _exactly(sock: socket.socket, count: int, left: Callable[[], float | None]) -> bytes:
    data = bytearray()
    while len(data) < count:
        sock.settimeout(left())
        with suppress(TimeoutError):
            if not (chunk := sock.recv(count - len(data))):
                raise EOFError("the other side is gone")
            data += chunk
    return bytes(data)


class Broken(Exception):
    """The process ended, was too slow, or sent an invalid message; the cause says which."""


class Line:
    """Our end of the socket."""

    def __init__(self, sock: socket.socket, ends: float, check: Callable[[], None] | None) -> None:
        self._sock = sock
        self._ends = ends
        self._check = check

    def say(self, frame: bytes | Mapping[str, object]) -> None:
        try:
            self._sock.settimeout(max(0.01, self._ends - monotonic()))
            send(self._sock, frame)
        except OSError as error:
            raise Broken from error

    def hear(self) -> dict[str, object]:
        try:
            return receive_object(self._sock, self._left)
        except (OSError, EOFError, ValueError, RecursionError) as error:
            raise Broken from error

    def _left(self) -> float:
        if self._check:
            self._check()
        left = self._ends - monotonic()
        if left <= 0:
            raise TimeoutError("no answer in time")
        return min(left, 0.5)
