"""Files for browsers, whole or in part: RFC 9110, sections 13 (conditions) and 14 (ranges).

Nothing ready-made answers all of it: static file servers get `bytes=0-0` or If-Range wrong.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, http_date, parse_http_date_safe, quote_etag

# Cached, but revalidated each time: access to a file can change.
ASKED_ABOUT = "private, no-cache"
_CHUNK = 256 * 1024
_RANGE = re.compile(r"bytes=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*", re.IGNORECASE)


@dataclass(frozen=True)
class ServedFile:
    """`etag` is the strong validator, with or without its quotes; `modified` is aware.

    It is opened for 200 and 206 of a GET only, before anything is sent, so what `opener` raises can still become a
    404; it is closed with the response.
    """

    opener: Callable[[], BinaryIO]
    size_bytes: int
    etag: str
    modified: datetime
    content_type: str
    filename: str
    attachment: bool = False
    cache_control: str = ASKED_ABOUT

    def headers(self) -> dict[str, str]:
        """What is said of the whole file, and of any part of it."""
        return {
            "Content-Type": self.content_type,
            "Content-Disposition": content_disposition_header(self.attachment, self.filename) or "inline",
            "Cache-Control": self.cache_control,
            "X-Content-Type-Options": "nosniff",
        }


def ranged_response(request: HttpRequest, file: ServedFile) -> HttpResponseBase:
    """Answers a GET or HEAD with 200, 206, 304, 412 or 416; several ranges with the whole file, as the RFC allows."""
    etag = quote_etag(file.etag)
    modified_s = int(file.modified.timestamp())
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": etag,
        "Last-Modified": http_date(modified_s),
        "Cache-Control": file.cache_control,
        "X-Content-Type-Options": "nosniff",
    }
    if early := get_conditional_response(request, etag, modified_s):
        for name, value in headers.items():
            early.headers[name] = value
        return early
    asked = _asked_span(request, file.size_bytes, etag, modified_s)
    span = range(file.size_bytes) if asked is None else asked
    if asked is not None:
        if not span:
            headers |= {"Content-Range": f"bytes */{file.size_bytes}", "Content-Length": "0"}
            return HttpResponse(status=416, headers=headers)
        headers["Content-Range"] = f"bytes {span.start}-{span.stop - 1}/{file.size_bytes}"
    headers["Content-Length"] = str(len(span))
    headers |= file.headers()
    if request.method == "HEAD":
        return HttpResponse(headers=headers)
    span_file = _Span(file.opener(), span)
    response = StreamingHttpResponse(span_file, status=200 if asked is None else 206, headers=headers)
    # Django gives a file to the server as it is, if the server can send one: then a slow reader holds no thread.
    response.file_to_stream, response.block_size = span_file, _CHUNK  # type: ignore[attr-defined]
    return response


class _Span(Iterator[bytes]):
    """The bytes of a span, as chunks, or as a file positioned at its start; the server counts by Content-Length.

    A class, for a generator that is never started does not close its file.
    """

    def __init__(self, file: BinaryIO, span: range) -> None:
        self._file = file
        self._left = len(span)
        self.read, self.tell, self.seek, self.fileno = file.read, file.tell, file.seek, file.fileno
        file.seek(span.start)

    def __next__(self) -> bytes:
        chunk = self._file.read(min(_CHUNK, self._left))
        if not chunk:
            raise StopIteration
        self._left -= len(chunk)
        return chunk

    def close(self) -> None:
        self._file.close()


def _asked_span(request: HttpRequest, size_bytes: int, etag: str, modified_s: int) -> range | None:
    """The bytes asked for; None for the whole file: also where the header is invalid."""
    match = _RANGE.fullmatch(request.headers.get("Range", ""))
    # A range is defined for GET alone; HEAD answers as if none were asked for.
    if request.method != "GET" or match is None or not any(match.groups()):
        return None
    first, last = match.groups()
    condition = request.headers.get("If-Range")
    # Compared strongly: W/"..." never equals our strong tag, and a date must be the very one we gave.
    if condition is not None and condition != etag and parse_http_date_safe(condition) != modified_s:
        return None
    if not first:
        return range(max(0, size_bytes - int(last)), size_bytes)
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, size_bytes) if last else size_bytes)
