"""Fetching a URL that a person gave, without becoming their way into our network.

Every hop is parsed, resolved, checked and then dialled at the checked address itself: a name that resolves
differently a moment later changes nothing. http.client, and not requests: it brings no cookies, proxies, .netrc,
redirects or decompression that would have to be switched off again.
"""

import hashlib
import http.client
import ssl
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import BinaryIO

from .addresses import Resolver, checked_addresses, system_resolver
from .answers import Opened, total_size
from .asking import ask
from .errors import FetchError, FetchProblem, too_large
from .links import Target, parse, redirected
from .wire import Patience

__all__ = ["Download", "FetchError", "FetchProblem", "Fetcher"]

# How long a download's speed is measured before it is judged.
PACE_OVER_S = 60.0
_MOST_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class Download:
    size_bytes: int
    sha256: str
    content_type: str
    final_url: str


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
                yield Opened(
                    response.status,
                    response.headers,
                    target.url,
                    total_size(response, byte_range),
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
            response = ask("POST", target, {**usual, **headers}, body, patience, addresses, stack=stack, tls=self._tls)
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
        return ask("GET", target, headers, None, patience, addresses, stack=stack, tls=self._tls)


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
