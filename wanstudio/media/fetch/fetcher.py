"""The fetcher: GETs and POSTs of URLs that people gave.

Every hop is parsed, resolved, checked and then dialled at the checked address itself: a name that resolves
differently a moment later changes nothing.
"""

import hashlib
import http.client
import ssl
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import BinaryIO

from wanstudio.media.errors import FetchError, FetchProblem, timed_out, too_large, unreachable
from wanstudio.media.exchange import Broken, Deadline, DeadlinePassed, Request, connect, exchange
from wanstudio.media.targets import Reach, Resolver, Target, parse, redirected, system_resolver

from .opened import Opened, total_size

ByteRange = tuple[int, int | None]
"""First and last byte, both included; None: the end."""

# A server that drips its headers holds nobody for longer, whatever the body may take.
HEAD_S = 60.0
# How long a download's speed is measured before it is judged.
SPEED_OVER_S = 60.0
MAX_REDIRECTS = 5
REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class Limits:
    """Of one download. Slower than `min_bytes_a_minute` is as good as silent.

    `heartbeat` is called about every 5 s, from the same thread, also while the server is silent; what it raises ends
    the download and propagates.
    """

    max_bytes: int
    deadline_s: float
    idle_s: float = 30.0
    min_bytes_a_minute: int = 0
    heartbeat: Callable[[], None] | None = None


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
        self._reach = Reach(self._allowed_hosts, resolver, tls)

    @contextmanager
    def open(
        self,
        url: str,
        *,
        byte_range: ByteRange | None = None,
        deadline_s: float = 30.0,
        idle_s: float = 30.0,
        heartbeat: Callable[[], None] | None = None,
    ) -> Iterator[Opened]:
        """GETs a URL, at most 5 redirects further.

        The answer is 200, or 206 with exactly the range's start; everything else raises FetchError, as does a deadline
        that passes while the body is read.
        """
        deadline = Deadline(deadline_s, idle_s, heartbeat)
        target = parse(url)
        for requests in range(1, MAX_REDIRECTS + 2):
            with ExitStack() as stack:
                response = self._get(target, byte_range, deadline, stack)
                location = response.headers.get("Location")
                if response.status in REDIRECTS and location:
                    target = redirected(target, location)
                    continue
                yield Opened(target.url, total_size(response, byte_range), requests, response, deadline)
                return
        raise FetchError(
            FetchProblem.TOO_MANY_REDIRECTS,
            "This link redirects too many times. Open it in a browser and copy the address where it ends.",
        )

    def download(self, url: str, target: BinaryIO, limits: Limits) -> Download:
        """Streams a whole file into `target`. What was written before a FetchError stays there: throw it away."""
        digest = hashlib.sha256()
        size = 0
        with self.open(url, deadline_s=limits.deadline_s, idle_s=limits.idle_s, heartbeat=limits.heartbeat) as opened:
            if opened.total_size is not None and opened.total_size > limits.max_bytes:
                raise too_large(limits.max_bytes)
            speed = Speed(limits.min_bytes_a_minute)
            for chunk in opened.chunks(limits.max_bytes + 1):
                size += len(chunk)
                speed.judge(size)
                if size > limits.max_bytes:
                    raise too_large(limits.max_bytes)
                digest.update(chunk)
                target.write(chunk)
            return Download(size, digest.hexdigest(), opened.headers.get_content_type(), opened.final_url)

    def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, deadline_s: float, max_bytes: int
    ) -> tuple[int, bytes]:
        """POSTs once, over https or to a listed host, and follows no redirect: status and the answer's first bytes.

        Raises FetchError if no answer came. What was written may have arrived all the same.
        """
        deadline = Deadline(deadline_s, deadline_s)
        target = parse(url)
        if target.scheme != "https" and target.address not in self._allowed_hosts:
            raise FetchError(FetchProblem.INVALID_URL, "Use an address that begins with https://.")
        request = Request("POST", url, headers, body, connect_s=deadline_s, max_answer_bytes=max_bytes)
        answer = exchange(request, deadline, self._reach)
        if isinstance(answer, Broken) and answer.status is None:
            with _in_words(deadline):
                raise answer.error
        # The status is the answer; the body only illustrates it.
        return answer.status or 0, answer.body[:max_bytes]

    def _get(
        self, target: Target, byte_range: ByteRange | None, deadline: Deadline, stack: ExitStack
    ) -> http.client.HTTPResponse:
        addresses = self._reach.addresses(target, deadline.left())
        headers = {}
        if byte_range is not None:
            first, last = byte_range
            headers["Range"] = f"bytes={first}-{'' if last is None else last}"
        with deadline.within(HEAD_S), _in_words(deadline):
            connection = stack.enter_context(connect(target, addresses, deadline, self._reach.tls))
            return stack.enter_context(connection.ask("GET", headers))


@contextmanager
def _in_words(deadline: Deadline) -> Iterator[None]:
    """What goes wrong with a connection in here becomes a FetchError with a sentence."""
    try:
        yield
    except ssl.SSLCertVerificationError:
        raise unreachable("The server's certificate is not valid for this link. Use another link.") from None
    except TimeoutError as late:
        if isinstance(late, DeadlinePassed) or deadline.has_passed:
            raise timed_out() from None
        raise unreachable("The server behind this link does not answer. Try again later.") from None
    except OSError:
        raise unreachable("The server behind this link cannot be reached. Check the link, or try later.") from None
    except http.client.HTTPException:
        raise unreachable("The server behind this link gave no understandable answer. Use another link.") from None


class Speed:
    """The speed of a download, judged every minute: a server that drips would hold a thread for hours."""

    def __init__(self, min_bytes_a_minute: int) -> None:
        self._min = min_bytes_a_minute * SPEED_OVER_S / 60
        self._since, self._size = monotonic(), 0

    def judge(self, size: int) -> None:
        if monotonic() - self._since < SPEED_OVER_S:
            return
        if size - self._size < self._min:
            raise FetchError(FetchProblem.TIMED_OUT, "The file arrives too slowly. Try again later.")
        self._since, self._size = monotonic(), size
