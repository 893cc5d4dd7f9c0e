"""A connection to an address that was checked, with one deadline over all that happens on it."""

import io
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic

from .errors import FetchError, FetchProblem

BEAT_S = 5.0
_MOST_ADDRESSES = 4


class Patience:
    """How long a fetch may take as a whole, and how long it may hear nothing; calls `heartbeat` every 5 s meanwhile."""

    def __init__(self, deadline_s: float, idle_s: float, heartbeat: Callable[[], None] | None = None) -> None:
        self._ends = monotonic() + deadline_s
        self._idle_s = idle_s
        self._heartbeat = heartbeat
        self._next_beat = monotonic() + BEAT_S

    def left(self, silent_since: float | None = None) -> float:
        """Seconds until patience ends, always above 0. Raises FetchError TIMED_OUT when it has."""
        now = monotonic()
        left = self._ends - now
        if silent_since is not None:
            left = min(left, silent_since + self._idle_s - now)
        if left <= 0:
            raise FetchError(
                FetchProblem.TIMED_OUT, "The server took too long to hand out the file. Try again, or use another link."
            )
        return left

    @contextmanager
    def within(self, limit_s: float) -> Iterator[None]:
        """What happens in here may take no longer than `limit_s`, however much patience there is altogether."""
        ends = self._ends
        self._ends = min(ends, monotonic() + limit_s)
        try:
            yield
        finally:
            self._ends = ends

    def beat(self) -> None:
        if self._heartbeat is not None and monotonic() >= self._next_beat:
            self._next_beat = monotonic() + BEAT_S
            self._heartbeat()


class Wire:
    """As much of a socket as http.client uses.

    A socket's own time-out starts anew with every byte, so that a server that drips could hold us for ever.
    """

    def __init__(self, sock: socket.socket, patience: Patience) -> None:
        self._sock = sock
        self._patience = patience

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(self._patience.left())
        self._sock.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._sock, self._patience))

    def close(self) -> None:
        """http.client closes before the body is read; the socket belongs to whoever dialled it."""


class _Reader(io.RawIOBase):
    def __init__(self, sock: socket.socket, patience: Patience) -> None:
        self._sock = sock
        self._patience = patience

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        silent_since = monotonic()
        while True:
            self._sock.settimeout(min(BEAT_S, self._patience.left(silent_since)))
            try:
                return self._sock.recv_into(buffer)
            except TimeoutError:
                self._patience.beat()


def dial(addresses: Sequence[str], port: int, patience: Patience) -> socket.socket:
    """Connects to the first address that answers; each gets its share of the time. Raises OSError or FetchError."""
    tried = addresses[:_MOST_ADDRESSES]
    for number, address in enumerate(tried):
        share_s = patience.left() / (len(tried) - number)
        try:
            return socket.create_connection((address, port), timeout=min(share_s, 10.0))
        except OSError as error:
            trouble = error
    raise trouble


def secure(sock: socket.socket, host: str, context: ssl.SSLContext, patience: Patience) -> ssl.SSLSocket:
    """TLS over it, the certificate checked for the name in the URL and not for the address."""
    sock.settimeout(patience.left())
    return context.wrap_socket(sock, server_hostname=host.removesuffix("."))
