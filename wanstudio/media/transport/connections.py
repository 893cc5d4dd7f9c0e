"""Connections: one request over a socket of its own, dialled at addresses that were checked and at no others."""

import http.client
import io
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from time import monotonic

import certifi

from .deadlines import Deadline
from .targets import Target

MAX_ADDRESSES = 4
MAX_DIAL_S = 10.0


class Connection:
    """A socket that stands, TLS included, on which not a byte of the request was written yet."""

    def __init__(self, sock: socket.socket, target: Target, deadline: Deadline) -> None:
        self._target = target
        self._http = http.client.HTTPConnection(target.host, target.port)
        # A connection that has a socket does not dial: nobody resolves the name a second time.
        self._http.sock = _TimedSocket(sock, deadline)

    def ask(self, method: str, headers: Mapping[str, str], body: bytes | None = None) -> http.client.HTTPResponse:
        """Writes the request and reads the head of its answer. Raises OSError or HTTPException."""
        usual = {"Host": self._target.netloc, "User-Agent": "WanStudio", "Accept": "*/*", "Connection": "close"}
        # A server may answer before it has read everything, and close: its answer is worth more than that.
        with suppress(BrokenPipeError, ConnectionResetError):
            self._http.request(method, self._target.path, body=body, headers={**usual, **headers})
        return self._http.getresponse()


@contextmanager
def connect(
    target: Target, addresses: Sequence[str], deadline: Deadline, tls: ssl.SSLContext | None = None
) -> Iterator[Connection]:
    """A connection to one of these addresses, closed at the end. `tls` None: the usual authorities. Raises OSError."""
    with ExitStack() as stack:
        sock = stack.enter_context(_dial(addresses, target.port, deadline))
        if target.scheme == "https":
            sock.settimeout(deadline.left())
            # The certificate is checked for the name in the URL and not for the address.
            name = target.host.removesuffix(".")
            sock = stack.enter_context((tls or _usual_tls()).wrap_socket(sock, server_hostname=name))
        yield Connection(sock, target, deadline)


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


class _TimedSocket:
    """As much of a socket as http.client uses.

    A socket's own time-out starts anew with every byte, so that a server that drips could hold us for ever.
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
        return io.BufferedReader(_TimedReader(self._sock, self._deadline))

    def close(self) -> None:
        """http.client closes before the body is read; the socket belongs to whoever dialled it."""


class _TimedReader(io.RawIOBase):
    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline

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
