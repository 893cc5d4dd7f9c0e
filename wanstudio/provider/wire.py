"""One HTTP request on one fresh connection, which remembers whether writing it ever began.

Built on requests' adapter without its Session: a Session brings proxies, .netrc, cookies and redirects along, and even
with redirects off it downloads the whole body of a 3xx.
"""

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException, IncompleteRead
from socket import SHUT_RDWR, socket
from threading import Lock, Timer
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from .failures import Error
from .messages import clean_text

LONGEST_ANSWER_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """An answer that arrived whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Trouble:
    """No answer, or a broken one: `status` and `body` are what arrived of it. `written` says that writing began."""

    error: Error
    cause: str
    written: bool
    status: int | None = None
    body: bytes = b""


def exchange(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    *,
    before_write: Callable[[], None],
    connect_timeout_s: float,
    read_timeout_s: float,
) -> Answer | Trouble:
    """Send one request and read its answer, up to 1 MiB, within the sum of both time-outs.

    `before_write` runs once connected (TLS included), immediately before the first byte; what it raises is raised
    from here with nothing written. Trouble on the network is returned, never raised.
    """
    flight = _Flight(before_write)
    # A time-out of a socket starts again with every byte that drips in; this one does not.
    deadline = Timer(connect_timeout_s + read_timeout_s, flight.expire)
    deadline.daemon = True
    deadline.start()
    surrounding = sys.exception()
    adapter = _Adapter(flight)
    response: requests.Response | None = None
    received = bytearray()
    try:
        request = requests.Request(method, url, headers=dict(headers), data=body).prepare()
        response = adapter.send(request, stream=True, timeout=(connect_timeout_s, read_timeout_s), verify=True)
        # read1 hands over what there is: a task id survives an answer that breaks off behind it.
        while chunk := response.raw.read1(65536, decode_content=True):
            received += chunk
            if len(received) > LONGEST_ANSWER_BYTES:
                raise ValueError("the answer is longer than 1 MiB")
        if flight.expired:
            raise TimeoutError("a body without a length looks as if it had ended when the deadline cuts it off")
        return Answer(response.status_code, response.headers, bytes(received))
    except _Withheld as withheld:
        refusal = withheld.refusal
    except (requests.RequestException, HTTPError, HTTPException, OSError, ValueError) as trouble:
        root = _root(trouble, surrounding)
        status = response.status_code if response is not None else None
        cause = clean_text(f"{type(root).__name__}: {root}", 300)
        return Trouble(_name(root, flight), cause, flight.writing, status, bytes(received))
    finally:
        deadline.cancel()
        adapter.close()
        flight.close()
    # Out here it is again exactly what was raised, not an error that happened while handling another.
    raise refusal


class _Withheld(Exception):
    """Carries a refusal past urllib3, which wraps or even swallows some exceptions; never leaves this file."""

    def __init__(self, refusal: Exception) -> None:
        super().__init__()
        self.refusal = refusal


class _Flight:
    """One request under way, shared by its connection, its deadline and its caller."""

    def __init__(self, before_write: Callable[[], None]) -> None:
        self.writing = False
        self.expired = False
        self._before_write = before_write
        self._line: socket | None = None
        self._lock = Lock()

    def watch(self, line: socket) -> None:
        # A duplicate, because the TLS handshake takes the socket itself away into another object.
        with self._lock:
            self._line = line.dup()
        if self.expired:  # while a name was looked up, which nothing can interrupt
            self.expire()

    def begin_writing(self) -> None:
        try:
            self._before_write()
        except Exception as refusal:
            raise _Withheld(refusal) from None
        if self.expired:
            raise TimeoutError("the deadline passed before anything was written")
        self.writing = True

    def expire(self) -> None:
        with self._lock:
            self.expired = True
            if self._line:
                with suppress(OSError):  # the other side may be faster
                    self._line.shutdown(SHUT_RDWR)

    def close(self) -> None:
        with self._lock:
            if self._line:
                self._line.close()
                self._line = None


class _Plain(HTTPConnection):
    flight: _Flight

    def _new_conn(self) -> socket:
        line = super()._new_conn()
        self.flight.watch(line)
        return line

    def send(self, data: Any) -> None:
        if not self.flight.writing:
            if self.sock is None:
                self.connect()
            self.flight.begin_writing()
        super().send(data)


class _Secure(_Plain, HTTPSConnection):
    """The same above TLS: `_Plain`'s super() is HTTPSConnection here."""


class _Adapter(HTTPAdapter):
    """Retries nothing (its default), pools nothing beyond the one request, and puts our connection under it."""

    def __init__(self, flight: _Flight) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1)
        self._flight = flight

    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: bool | str | None,
        proxies: Mapping[str, str] | None = None,
        cert: tuple[str, str] | str | None = None,
    ) -> HTTPConnectionPool:
        pool = cast(HTTPConnectionPool, super().get_connection_with_tls_context(request, verify, proxies, cert))
        kind = _Secure if isinstance(pool, HTTPSConnectionPool) else _Plain
        pool.ConnectionCls = type(kind.__name__, (kind,), {"flight": self._flight})
        return pool


def _root(trouble: BaseException, surrounding: BaseException | None) -> BaseException:
    # What the operating system said, below the layers of requests and urllib3.
    while (below := trouble.__cause__ or trouble.__context__) and below is not surrounding:
        trouble = below
    return trouble


def _name(root: BaseException, flight: _Flight) -> Error:
    if not flight.writing:
        return Error.NOT_CONNECTED
    if flight.expired or isinstance(root, TimeoutError):
        return Error.TIMED_OUT
    return Error.CONNECTION_LOST if isinstance(root, OSError | IncompleteRead) else Error.MALFORMED
