"""Opened files: a server's answer to a GET, whether it is what was asked for, and its body while it arrives."""

import http.client
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message

from wanstudio.media.errors import FetchError, FetchProblem, refused_by_server, timed_out, unreachable
from wanstudio.media.exchange import Deadline, DeadlinePassed

CHUNK_BYTES = 256 * 1024
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)")


@dataclass
class Opened:
    """An answer whose body is still to be read. `total_size` is the whole file's, in bytes, None if not told."""

    final_url: str
    total_size: int | None
    requests: int
    _response: http.client.HTTPResponse = field(repr=False)
    _deadline: Deadline = field(repr=False)

    @property
    def status(self) -> int:
        return self._response.status

    @property
    def headers(self) -> Message:
        return self._response.headers

    def chunks(self, max_bytes: int) -> Iterator[bytes]:
        """At most `max_bytes` of the body. Raises FetchError CUT_SHORT if the server sends less than it announced."""
        length = self._response.length
        expected = max_bytes if length is None else min(max_bytes, length)
        got = 0
        while got < expected:
            try:
                chunk = self._response.read1(min(CHUNK_BYTES, expected - got))
            except DeadlinePassed:
                raise timed_out() from None
            except (OSError, http.client.HTTPException):
                raise _cut_short() from None
            if not chunk:
                break
            got += len(chunk)
            self._deadline.beat()
            yield chunk
        if length is not None and got < expected:
            raise _cut_short()


def _cut_short() -> FetchError:
    return FetchError(FetchProblem.CUT_SHORT, "The file stopped arriving before it was complete. Try again.")


def total_size(response: http.client.HTTPResponse, byte_range: tuple[int, int | None] | None) -> int | None:
    """The whole file's, in bytes, None if not told. Raises FetchError unless it is the file, or the part asked for."""
    if response.status == 200:
        return response.length
    if response.status != 206 or byte_range is None:
        raise refused_by_server(response.status)
    match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
    if match is None or int(match[1]) != byte_range[0]:
        raise unreachable("The server sent another part of the file than the one asked for. Use another link.")
    return None if match[3] == "*" else int(match[3])
