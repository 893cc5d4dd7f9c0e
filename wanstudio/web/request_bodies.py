"""Bodies of requests from machines, read within limits: so much, so long, and so many at a time.

The server hands a request over as soon as its head is in, so a slow body holds a thread of the web process.
"""

import time
from threading import BoundedSemaphore

from django.http import HttpRequest

WITHIN_S = 5.0
# Bodies that are being read at once, a process of 64 threads: who says nothing holds up others like him, and no page.
MAX_AT_ONCE = 16
_slots = BoundedSemaphore(MAX_AT_ONCE)


class TooLarge(Exception):
    """It is longer than allowed, by its own word or by what arrived."""


class TooSlow(Exception):
    """It did not arrive in time, or too many others are arriving just now."""


def read_body(request: HttpRequest, max_bytes: int, within_s: float = WITHIN_S) -> bytes:
    """The whole body, also of a request that does not tell its length. Raises TooLarge or TooSlow.

    What broke off reads as what there was of it.
    """
    announced = request.headers.get("Content-Length") or ""
    if announced.isdecimal() and (len(announced) > 18 or int(announced) > max_bytes):
        raise TooLarge
    until = time.monotonic() + within_s
    # Django reads what Content-Length announces, and so nothing of a chunked body; a server like ours ends the stream.
    ended = request.META.get("wsgi.input_terminated")
    stream = request.META["wsgi.input"] if ended else request
    body = bytearray()
    if not _slots.acquire(blocking=False):
        raise TooSlow
    try:
        # Byte by byte: a longer read waits until it has all of them, however slowly they come. 64 KiB take 20 ms.
        while byte := stream.read(1):
            body += byte
            if len(body) > max_bytes:
                raise TooLarge
            if time.monotonic() > until:
                raise TooSlow
    except OSError:
        pass
    finally:
        _slots.release()
    return bytes(body)
