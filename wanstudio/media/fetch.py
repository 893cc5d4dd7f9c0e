"""Fetching URLs that people gave, whole or in part, without giving them access to our network.

Every hop is parsed, resolved, checked and then dialled at the checked address itself: a name that resolves
differently a moment later changes nothing.
"""

import gzip
import hashlib
import http.client
import re
import shutil
import ssl
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from time import monotonic
from typing import BinaryIO

from .errors import FetchError, FetchProblem, MediaError, MediaProblem, refused_by_server, too_large, unreachable
from .exchange import Answer, Broken, Deadline, DeadlinePassed, Request, ask, connect, exchange
from .targets import Reach, Resolver, host_port, parse, redirected, system_resolver

ByteRange = tuple[int, int | None]
"""First and last byte, both included; None: the end."""

# A server that sends its headers slowly blocks a thread no longer than this; the body has its own limit.
HEAD_S = 60.0
# How long a download's speed is measured before it is judged.
SPEED_OVER_S = 60.0
MAX_REDIRECTS = 3
# One wrong header must not silence a key for days.
MAX_RETRY_AFTER_S = 3600.0
REDIRECTS = (301, 302, 303, 307, 308)
CHUNK_BYTES = 256 * 1024
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)")


@dataclass
class Opened:
    """An answer whose body is still to be read. `total_size` is the whole file's, in bytes, None if unknown."""

    final_url: str
    total_size: int | None
    requests: int
    response: http.client.HTTPResponse = field(repr=False)
    _deadline: Deadline = field(repr=False)

    def chunks(self, max_bytes: int) -> Iterator[bytes]:
        """At most `max_bytes` of the body. Raises FetchError CUT_SHORT if the server sends less than it announced."""
        length = self.response.length
        expected = max_bytes if length is None else min(max_bytes, length)
        got = 0
        while got < expected:
            try:
                chunk = self.response.read1(min(CHUNK_BYTES, expected - got))
            except DeadlinePassed:
                raise FetchError(FetchProblem.TIMED_OUT) from None
            except (OSError, http.client.HTTPException):
                raise FetchError(FetchProblem.CUT_SHORT) from None
            if not chunk:
                break
            got += len(chunk)
            self._deadline.beat()
            yield chunk
        if length is not None and got < expected:
            raise FetchError(FetchProblem.CUT_SHORT)


def total_size(response: http.client.HTTPResponse, byte_range: tuple[int, int | None] | None) -> int | None:
    """The whole file's size in bytes, or None. Raises FetchError unless it is the file, or the part asked for."""
    if response.status == 200:
        return response.length
    if response.status != 206 or byte_range is None:
        raise refused_by_server(response.status)
    match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
    if match is None or int(match[1]) != byte_range[0]:
        raise unreachable("The server sent the wrong part of the file. Use another link.")
    return None if match[3] == "*" else int(match[3])


@dataclass(frozen=True)
class Limits:
    """Of one download. A download slower than `min_bytes_a_minute` counts as silent.

    `heartbeat` is called about every 5 s, from the same thread, also while the server is silent; what it raises ends
    the download and propagates.
    """

    max_bytes: int
    deadline_s: float
    idle_s: float = 30.0
    min_bytes_a_minute: int = 0
    heartbeat: Callable[[], None] | None = None


class Fetcher:
    """Fetches from public addresses, and from the literal `host:port` pairs in `allowed_hosts`. Shared by threads."""

    def __init__(
        self,
        allowed_hosts: Collection[str] = (),
        *,
        resolver: Resolver = system_resolver,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allowed_hosts = frozenset(map(host_port, allowed_hosts))
        self._reach = Reach(self._allowed_hosts, resolver, tls)

    @contextmanager
    def open(
        self, url: str, *, byte_range: ByteRange | None = None, deadline: Deadline | None = None
    ) -> Iterator[Opened]:
        """GETs a URL, at most 3 redirects further, by default within half a minute.

        The answer is 200, or 206 with exactly the range's start; everything else raises FetchError, as does a deadline
        that passes while the body is read.
        """
        deadline = deadline or Deadline(30.0, 30.0)
        target = parse(url)
        headers = {}
        if byte_range is not None:
            headers["Range"] = f"bytes={byte_range[0]}-{'' if byte_range[1] is None else byte_range[1]}"
        for requests in range(1, MAX_REDIRECTS + 2):
            with ExitStack() as stack:
                with deadline.within(HEAD_S), _in_words(deadline):
                    addresses = self._reach.addresses(target, deadline.left())
                    connection = stack.enter_context(connect(target, addresses, deadline, self._reach.tls))
                    response = stack.enter_context(ask(connection, target, headers))
                location = response.headers.get("Location")
                if response.status in REDIRECTS and location:
                    target = redirected(target, location)
                    continue
                yield Opened(target.url, total_size(response, byte_range), requests, response, deadline)
                return
        raise FetchError(FetchProblem.TOO_MANY_REDIRECTS)

    def download(self, url: str, target: BinaryIO, limits: Limits) -> str:
        """Streams a whole file into `target`, and returns its SHA-256. After a FetchError the caller discards it."""
        digest = hashlib.sha256()
        size = 0
        with self.open(url, deadline=Deadline(limits.deadline_s, limits.idle_s, limits.heartbeat)) as opened:
            if opened.total_size is not None and opened.total_size > limits.max_bytes:
                raise too_large(limits.max_bytes)
            since, before = monotonic(), 0
            for chunk in opened.chunks(limits.max_bytes + 1):
                size += len(chunk)
                if monotonic() - since >= SPEED_OVER_S:
                    # A slow server would block a thread for hours.
                    if size - before < limits.min_bytes_a_minute * SPEED_OVER_S / 60:
                        raise FetchError(FetchProblem.TIMED_OUT, "The file arrives too slowly. Try again later.")
                    since, before = monotonic(), size
                if size > limits.max_bytes:
                    raise too_large(limits.max_bytes)
                digest.update(chunk)
                target.write(chunk)
            return digest.hexdigest()

    def post(self, url: str, body: bytes, headers: Mapping[str, str], *, deadline_s: float, max_bytes: int) -> Answer:
        """POSTs once, over https or to a listed host, and follows no redirect: the answer, with its first bytes.

        Raises FetchError if no answer came. What was written might have arrived all the same.
        """
        deadline = Deadline(deadline_s, deadline_s)
        target = parse(url)
        if target.scheme != "https" and target.address not in self._allowed_hosts:
            raise FetchError(FetchProblem.INVALID_URL, "Use an address that starts with https://.")
        request = Request(url, headers, body, connect_s=deadline_s, max_answer_bytes=max_bytes)
        answer = exchange(request, deadline, self._reach)
        if isinstance(answer, Broken) and answer.status is None:
            with _in_words(deadline):
                raise answer.error
        # The status is the answer; the body only illustrates it.
        headers = answer.headers if isinstance(answer, Answer) else {}
        return Answer(answer.status or 0, headers, answer.body[:max_bytes])


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait as the Retry-After header asks (a number or a date), at most an hour, or None."""
    value = next((value.strip() for name, value in headers.items() if name.lower() == "retry-after"), "")
    if re.fullmatch(r"[0-9]{1,9}", value):
        return min(float(value), MAX_RETRY_AFTER_S)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), MAX_RETRY_AFTER_S)


@contextmanager
def _in_words(deadline: Deadline) -> Iterator[None]:
    """What goes wrong with a connection in here becomes a FetchError with a sentence."""
    try:
        yield
    except ssl.SSLCertVerificationError:
        raise unreachable("The server's certificate is not valid for this link. Use another link.") from None
    except TimeoutError as late:
        if isinstance(late, DeadlinePassed) or deadline.has_passed:
            raise FetchError(FetchProblem.TIMED_OUT) from None
        raise unreachable("The server behind this link does not answer. Try again later.") from None
    except OSError:
        raise unreachable("The server behind this link cannot be reached. Check the link, or try later.") from None
    except http.client.HTTPException:
        raise unreachable("The server behind this link gave an invalid answer. Use another link.") from None


def unpacked(path: Path, max_bytes: int) -> str:
    """Unpacks the file in its place if it is gzip. Returns the SHA-256 of what came out, or "" for any other file.

    Raises MediaError for a broken one, FetchError for more than `max_bytes`: then `path` is as it was.
    """
    with path.open("rb") as packed:
        if packed.read(2) != b"\x1f\x8b":
            return ""
    digest, size, out = hashlib.sha256(), 0, path.with_suffix(".unpacked")
    try:
        with gzip.open(path) as packed, out.open("wb") as plain:
            while chunk := packed.read(CHUNK_BYTES):
                size += len(chunk)
                if size > max_bytes:
                    raise too_large(max_bytes)
                digest.update(chunk)
                plain.write(chunk)
        shutil.move(out, path)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise MediaError(MediaProblem.TRUNCATED) from None
    finally:
        out.unlink(missing_ok=True)
    return digest.hexdigest()
