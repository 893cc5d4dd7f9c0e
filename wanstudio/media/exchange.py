"""Exchanges over HTTP/1.1 with addresses that were checked: the one transport under every fetch, webhook and call.

Every request has a separate connection, dialled at the checked address itself; no redirect is followed, nothing is
taken from the environment, and one deadline is over everything. http.client, and not requests: it brings no cookies,
proxies, .netrc, redirects or decompression that would have to be switched off again.
"""

import http.client
import io
import socket
import ssl
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from time import monotonic
from typing import ClassVar

import certifi

from wanstudio.work.elsewhere import elsewhere

from .errors import FetchError
from .targets import Reach, Target, parse

CHUNK_BYTES = 64 * 1024
MAX_ADDRESSES = 4
MAX_DIAL_S = 10.0


class DeadlinePassed(TimeoutError):
    """The time limit, of the whole exchange or of one silence, has passed."""


class Deadline:
    """Calls `heartbeat` about every 5 s while something is waited for."""

    beat_s: ClassVar[float] = 5.0

    def __init__(self, total_s: float, idle_s: float, heartbeat: Callable[[], None] | None = None) -> None:
        self._ends = monotonic() + total_s
        self._idle_s = idle_s
        self._heartbeat = heartbeat
        self._next_beat = monotonic() + self.beat_s

    @property
    def has_passed(self) -> bool:
        return monotonic() >= self._ends

    def left(self, silent_since: float | None = None) -> float:
        """Seconds that are left, always above 0. Raises DeadlinePassed when there are none."""
        ends = self._ends if silent_since is None else min(self._ends, silent_since + self._idle_s)
        left = ends - monotonic()
        if left <= 0:
            raise DeadlinePassed("nothing came in time")
        return left

    @contextmanager
    def within(self, limit_s: float) -> Iterator[None]:
        """Limits what happens inside to `limit_s`, however much time is left in all."""
        ends = self._ends
        self._ends = min(ends, monotonic() + limit_s)
        try:
            yield
        finally:
            self._ends = ends

    def beat(self) -> None:
        if self._heartbeat is not None and monotonic() >= self._next_beat:
            self._next_beat = monotonic() + self.beat_s
            self._heartbeat()


@contextmanager
def connect(
    target: Target, addresses: Sequence[str], deadline: Deadline, tls: ssl.SSLContext | None = None
) -> Iterator[http.client.HTTPConnection]:
    """A connection to one of these addresses, TLS included, closed at the end; not a byte of a request is written.

    `tls` None: the usual authorities. Raises OSError.
    """
    with ExitStack() as stack:
        stack.enter_context(elsewhere())
        sock = stack.enter_context(_dial(addresses, target.port, deadline))
        if target.scheme == "https":
            sock.settimeout(deadline.left())
            # The certificate is checked for the name in the URL and not for the address.
            sock = stack.enter_context((tls or _usual_tls()).wrap_socket(sock, server_hostname=target.host))
        connection = http.client.HTTPConnection(target.host, target.port)
        # A connection that has a socket does not connect again, so the name is not resolved a second time.
        connection.sock = _TimedSocket(sock, deadline)
        yield connection


def ask(
    connection: http.client.HTTPConnection, target: Target, headers: Mapping[str, str], body: bytes | None = None
) -> http.client.HTTPResponse:
    """Writes a GET, or a POST of this body, and reads the head of its answer. Raises OSError or HTTPException."""
    usual = {"Host": target.netloc, "User-Agent": "WanStudio", "Accept": "*/*", "Connection": "close"}
    # A server can answer before it has read everything, and close: its answer is worth more than that.
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.request("GET" if body is None else "POST", target.path, body=body, headers={**usual, **headers})
    return connection.getresponse()


def _dial(addresses: Sequence[str], port: int, deadline: Deadline) -> socket.socket:
    """The first address that answers; each gets its share of the time."""
    dialled = addresses[:MAX_ADDRESSES]
    for number, address in enumerate(dialled):
        share_s = deadline.left() / (len(dialled) - number)
        try:
            return socket.create_connection((address, port), timeout=min(share_s, MAX_DIAL_S))
        except OSError as error:
            last = error
    raise last


@cache
def _usual_tls() -> ssl.SSLContext:
    # The system's authorities, an intranet's own among them, and certifi's for a system that has none.
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


class _TimedSocket(io.RawIOBase):
    """The part of a socket's interface that http.client uses.

    A socket's own timeout restarts with every byte, so that a server that sends byte by byte could block us for ever.
    """

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            self._sock.settimeout(self._deadline.left())
            rest = rest[self._sock.send(rest) :]

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        silent_since = monotonic()
        while True:
            self._sock.settimeout(min(self._deadline.beat_s, self._deadline.left(silent_since)))
            try:
                return self._sock.recv_into(buffer)
            except TimeoutError:
                self._deadline.beat()

    def close(self) -> None:
        """http.client closes before the body is read; the caller that opened the socket closes it."""


def unchecked() -> None:
    """The last check of a request that needs none."""


@dataclass(frozen=True)
class Request:
    """A POST, or a GET without a body. `before_write` runs once connected (TLS included), before the first byte."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)
    before_write: Callable[[], None] = unchecked
    connect_s: float = 10.0
    max_answer_bytes: int = 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """An answer that arrived whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Broken:
    """No answer, or a broken one: `status` and `body` are what arrived of it. `written`: writing had begun.

    `written` is our connection's word. The type of `error` alone proves nothing: a broken answer can raise the same.
    """

    error: Exception
    written: bool
    status: int | None = None
    body: bytes = b""


def exchange(request: Request, deadline: Deadline, reach: Reach) -> Answer | Broken:
    """Sends it within this reach. Failures of the network, and addresses out of reach, are returned and never raised.

    What `before_write` raises is raised from here unchanged, with nothing written.
    """
    with ExitStack() as stack:
        try:
            with deadline.within(request.connect_s):
                target = parse(request.url)
                addresses = reach.addresses(target, deadline.left())
                connection = stack.enter_context(connect(target, addresses, deadline, reach.tls))
            deadline.left()
        except (FetchError, OSError) as error:
            return Broken(error, written=False)
        request.before_write()
        try:
            deadline.left()
        except TimeoutError as late:
            return Broken(late, written=False)
        response: http.client.HTTPResponse | None = None
        received = bytearray()
        try:
            response = stack.enter_context(ask(connection, target, request.headers, request.body))
            _receive(response, received, request.max_answer_bytes)
            return Answer(response.status, dict(response.headers.items()), bytes(received))
        except (OSError, http.client.HTTPException, ValueError, zlib.error) as error:
            return Broken(error, written=True, status=response.status if response else None, body=bytes(received))


def _receive(response: http.client.HTTPResponse, received: bytearray, max_bytes: int) -> None:
    """What has arrived is put into `received` even if an error follows: a task id survives a truncated answer."""
    packed = response.headers.get("Content-Encoding", "").lower() in ("gzip", "x-gzip", "deflate")
    # Compression was not asked for, but an unreadable answer can be about a task that is paid for.
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 32) if packed else None
    length, arrived = response.length, 0
    while chunk := response.read1(CHUNK_BYTES):
        arrived += len(chunk)
        received += unpack.decompress(chunk, max_bytes + 1) if unpack else chunk
        if len(received) > max_bytes:
            raise ValueError(f"the answer is longer than {max_bytes:,} bytes")
    if length is not None and arrived < length:
        raise http.client.IncompleteRead(b"", length - arrived)
