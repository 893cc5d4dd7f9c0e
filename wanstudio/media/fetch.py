"""Fetching a URL that a person gave, without becoming their way into our network.

Every hop is parsed, resolved, checked and then dialled at the checked address itself: a name that resolves
differently a moment later changes nothing. http.client, and not requests: it brings no cookies, proxies, .netrc,
redirects or decompression that would have to be switched off again.
"""

import hashlib
import http.client
import re
import ssl
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email.message import Message
from functools import cache
from time import monotonic
from typing import BinaryIO

import certifi

from .addresses import Resolver, checked_addresses, system_resolver
from .errors import FetchError, FetchProblem, refused_by_server, too_large
from .links import Target, parse, redirected
from .wire import Patience, Wire, dial, secure

__all__ = ["Download", "FetchError", "FetchProblem", "Fetcher", "Opened"]

_CHUNK = 256 * 1024
# A server that drips its headers holds nobody for longer, whatever the body may take.
HEAD_S = 60.0
# How long a download's speed is measured before it is judged.
PACE_OVER_S = 60.0
_MOST_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)")


@dataclass(frozen=True)
class Download:
    size_bytes: int
    sha256: str
    content_type: str
    final_url: str


@dataclass
class Opened:
    """An answer whose body is still to be read. `total_size` is the whole file's, in bytes, None if not told."""

    status: int
    headers: Message
    final_url: str
    total_size: int | None
    requests: int
    _response: http.client.HTTPResponse = field(repr=False)
    _length: int | None = field(repr=False)
    _patience: Patience = field(repr=False)

    def chunks(self, max_bytes: int) -> Iterator[bytes]:
        """At most `max_bytes` of the body. Raises FetchError CUT_SHORT if the server sends less than it announced."""
        wanted = max_bytes if self._length is None else min(max_bytes, self._length)
        got = 0
        while got < wanted:
            try:
                chunk = self._response.read1(min(_CHUNK, wanted - got))
            except (OSError, http.client.HTTPException):
                raise _cut_short() from None
            if not chunk:
                break
            got += len(chunk)
            self._patience.beat()
            yield chunk
        if self._length is not None and got < wanted:
            raise _cut_short()


class Fetcher:
    """Fetches from public addresses, and from the literal `host:port` pairs in `allowed_hosts`. Shared by threads."""

    def __init__(
        self,
        allowed_hosts: Collection[str] = (),
        *,
        resolver: Resolver = system_resolver,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allowed_hosts = frozenset(host.lower() for host in allowed_hosts)
        self._resolver = resolver
        self._tls = tls

    @contextmanager
    def open(
        self,
        url: str,
        *,
        byte_range: tuple[int, int | None] | None = None,
        deadline_s: float = 30.0,
        idle_s: float = 30.0,
        heartbeat: Callable[[], None] | None = None,
    ) -> Iterator[Opened]:
        """GETs a URL, at most 5 redirects further. `byte_range` is first and last byte (both included; None: the end).

        The answer is 200, or 206 with exactly that start; everything else raises FetchError, as does a deadline
        that passes while the body is read.
        """
        patience = Patience(deadline_s, idle_s, heartbeat)
        target = parse(url)
        for requests in range(1, _MOST_REDIRECTS + 2):
            with ExitStack() as stack:
                response = self._get(target, byte_range, patience, stack)
                location = response.headers.get("Location")
                if response.status in _REDIRECTS and location:
                    target = redirected(target, location)
                    continue
                total_size = _total_size(response, byte_range)
                yield Opened(
                    response.status,
                    response.headers,
                    target.url,
                    total_size,
                    requests,
                    _response=response,
                    _length=response.length,
                    _patience=patience,
                )
                return
        raise FetchError(
            FetchProblem.TOO_MANY_REDIRECTS,
            "This link redirects too many times. Open it in a browser and copy the address where it ends.",
        )

    def download(
        self,
        url: str,
        target: BinaryIO,
        *,
        max_bytes: int,
        deadline_s: float,
        idle_s: float = 30.0,
        least_bytes_a_minute: int = 0,
        heartbeat: Callable[[], None] | None = None,
    ) -> Download:
        """Streams a whole file into `target`. What was written before a FetchError stays there: throw it away.

        Slower than `least_bytes_a_minute` is as good as silent, and raises TIMED_OUT.

        `heartbeat` is called about every 5 s, from this thread, also while the server is silent; what it raises
        ends the download and propagates.
        """
        digest = hashlib.sha256()
        size = 0
        with self.open(url, deadline_s=deadline_s, idle_s=idle_s, heartbeat=heartbeat) as opened:
            if opened.total_size is not None and opened.total_size > max_bytes:
                raise too_large(max_bytes)
            pace = Pace(least_bytes_a_minute)
            for chunk in opened.chunks(max_bytes + 1):
                size += len(chunk)
                pace.judge(size)
                if size > max_bytes:
                    raise too_large(max_bytes)
                digest.update(chunk)
                target.write(chunk)
            return Download(size, digest.hexdigest(), opened.headers.get_content_type(), opened.final_url)

    def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, deadline_s: float, max_bytes: int
    ) -> tuple[int, bytes]:
        """POSTs once, over https or to a listed host, and follows no redirect: status and the answer's first bytes.

        Raises FetchError if no answer came. What was written may have arrived all the same.
        """
        patience = Patience(deadline_s, deadline_s)
        target = parse(url)
        if target.scheme != "https" and target.address not in self._allowed_hosts:
            raise FetchError(FetchProblem.INVALID_URL, "Use an address that begins with https://.")
        addresses = checked_addresses(target, self._allowed_hosts, self._resolver, patience.left())
        usual = {"Host": target.netloc, "User-Agent": "WanStudio", "Accept": "*/*", "Connection": "close"}
        with ExitStack() as stack:
            response = self._ask("POST", target, {**usual, **headers}, body, patience, addresses, stack)
            try:
                return response.status, response.read(max_bytes)
            except (FetchError, OSError, http.client.HTTPException):
                # The status is the answer; the body only illustrates it.
                return response.status, b""

    def _get(
        self, target: Target, byte_range: tuple[int, int | None] | None, patience: Patience, stack: ExitStack
    ) -> http.client.HTTPResponse:
        addresses = checked_addresses(target, self._allowed_hosts, self._resolver, patience.left())
        headers = {
            "Host": target.netloc,
            "User-Agent": "WanStudio",
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "Connection": "close",
        }
        if byte_range is not None:
            first, last = byte_range
            headers["Range"] = f"bytes={first}-{'' if last is None else last}"
        return self._ask("GET", target, headers, None, patience, addresses, stack)

    def _ask(
        self,
        method: str,
        target: Target,
        headers: Mapping[str, str],
        body: bytes | None,
        patience: Patience,
        addresses: Sequence[str],
        stack: ExitStack,
    ) -> http.client.HTTPResponse:
        """One request over a connection of its own, to one of these addresses and to nobody else."""
        connection = http.client.HTTPConnection(target.host, target.port)
        stack.enter_context(hurry := ExitStack())
        hurry.enter_context(patience.within(HEAD_S))
        try:
            sock = stack.enter_context(dial(addresses, target.port, patience))
            if target.scheme == "https":
                sock = stack.enter_context(secure(sock, target.host, self._tls or _usual_tls(), patience))
            # A connection that has a socket does not dial: nobody resolves the name a second time.
            connection.sock = Wire(sock, patience)
            connection.request(method, target.path, body=body, headers=dict(headers))
            response = stack.enter_context(connection.getresponse())
            hurry.close()
            return response
        except ssl.SSLCertVerificationError:
            raise _unreachable("The server's certificate is not valid for this link. Use another link.") from None
        except TimeoutError:
            patience.left()
            raise _unreachable("The server behind this link does not answer. Try again later.") from None
        except OSError:
            raise _unreachable("The server behind this link cannot be reached. Check the link, or try later.") from None
        except http.client.HTTPException:
            raise _unreachable("The server behind this link gave no understandable answer. Use another link.") from None


def _total_size(response: http.client.HTTPResponse, byte_range: tuple[int, int | None] | None) -> int | None:
    if response.status == 200:
        return response.length
    if response.status != 206 or byte_range is None:
        raise refused_by_server(response.status)
    match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
    if match is None or int(match[1]) != byte_range[0]:
        raise _unreachable("The server sent another part of the file than the one asked for. Use another link.")
    return None if match[3] == "*" else int(match[3])


class Pace:
    """Judges a download every minute by what arrived in it: whoever drips would hold a thread for hours."""

    def __init__(self, least_bytes_a_minute: int) -> None:
        self._least = least_bytes_a_minute * PACE_OVER_S / 60
        self._since, self._size = monotonic(), 0

    def judge(self, size: int) -> None:
        if monotonic() - self._since < PACE_OVER_S:
            return
        if size - self._size < self._least:
            raise FetchError(FetchProblem.TIMED_OUT, "The file arrives too slowly. Try again later.")
        self._since, self._size = monotonic(), size


@cache
def _usual_tls() -> ssl.SSLContext:
    # The system's authorities, an intranet's own among them, and certifi's for a system that has none.
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _unreachable(sentence: str) -> FetchError:
    return FetchError(FetchProblem.UNREACHABLE, sentence)


def _cut_short() -> FetchError:
    return FetchError(FetchProblem.CUT_SHORT, "The file stopped arriving before it was complete. Try again.")
