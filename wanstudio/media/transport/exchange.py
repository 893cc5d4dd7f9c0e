"""Exchanges: one request and its whole, short answer, with our own word on whether writing ever began."""

import http.client
import zlib
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

from wanstudio.media.errors import FetchError

from .connections import connect
from .deadlines import Deadline
from .public_addresses import Reach
from .targets import parse

CHUNK_BYTES = 64 * 1024


def unchecked() -> None:
    """The last check of a request that needs none."""


@dataclass(frozen=True)
class Request:
    """What is to be sent. `before_write` runs once connected (TLS included), immediately before the first byte."""

    method: str
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
    """Sends it within this reach. Trouble on the network, or an address beyond it, is returned and never raised.

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
            response = stack.enter_context(connection.ask(request.method, request.headers, request.body))
            _receive(response, received, request.max_answer_bytes)
            return Answer(response.status, dict(response.headers.items()), bytes(received))
        except (OSError, http.client.HTTPException, ValueError, zlib.error) as error:
            return Broken(error, written=True, status=response.status if response else None, body=bytes(received))


def _receive(response: http.client.HTTPResponse, received: bytearray, max_bytes: int) -> None:
    """What there is goes into `received`, also where an error follows: a task id survives an answer that breaks off."""
    packed = response.headers.get("Content-Encoding", "").lower() in ("gzip", "x-gzip", "deflate")
    # Nobody asked for that, but an answer that cannot be read may be a task that is paid for.
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 32) if packed else None
    length, arrived = response.length, 0
    while chunk := response.read1(CHUNK_BYTES):
        arrived += len(chunk)
        received += unpack.decompress(chunk, max_bytes + 1) if unpack else chunk
        if len(received) > max_bytes:
            raise ValueError(f"the answer is longer than {max_bytes:,} bytes")
    if length is not None and arrived < length:
        raise http.client.IncompleteRead(b"", length - arrived)
