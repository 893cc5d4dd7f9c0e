"""Every way a POST can end, by its class in the rule book; written from the book, not from the product."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Class(StrEnum):
    ACCEPTED = "accepted"
    NOT_SENT = "not sent"
    REJECTED = "rejected"
    ACCOUNT = "account"
    THROTTLED = "throttled"
    NOT_ACCEPTED = "not accepted"
    UNKNOWN = "unknown"


# After these the studio may POST again by itself: nothing was taken, and the answer says so.
MAY_REPEAT = {Class.NOT_SENT, Class.ACCOUNT, Class.THROTTLED, Class.NOT_ACCEPTED}
# Of a job's POSTs and failed connections, so many may end like this before it is given up.
MOST_FAILURES = 4
COUNTED = {Class.NOT_SENT, Class.NOT_ACCEPTED}
# In the marker of a case that is not answered: the worker waits for it a second, and for all others half a minute.
HANGS = " hangs"

Words = Callable[[str], bytes]


@dataclass(frozen=True)
class Variant:
    """`words` gives the bytes of the answer for a task id; `ending` is what the line does then: close, reset, hang.

    `via` names a broken way on which nothing is ever written (class not sent).
    """

    name: str
    kind: Class
    words: Words = lambda task_id: b""
    ending: str = "close"
    takes: bool = False
    via: str = ""


def http(status: int, body: object, *headers: str, longer: int = 0) -> bytes:
    """An answer in full; `longer` bytes are promised and never come."""
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Chaos", f"Content-Length: {len(payload) + longer}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + payload


def says(code: int, data: object = None) -> dict[str, object]:
    return {"code": code, "message": "success" if code == 200 else f"code {code}", "data": data}


HTML = b"<html><body><h1>Bad Gateway</h1></body></html>"


def _plain(name: str, kind: Class, status: int, body: object, *headers: str, takes: bool = False) -> Variant:
    return Variant(name, kind, lambda task_id: http(status, body, *headers), takes=takes)


def _accepted() -> list[Variant]:
    def told(status: int, longer: int = 0) -> Words:
        return lambda task_id: http(status, says(200, {"taskId": task_id}), longer=longer)

    return [
        Variant("200", Class.ACCEPTED, told(200), takes=True),
        Variant("201", Class.ACCEPTED, told(201), takes=True),
        Variant("500 with a task id", Class.ACCEPTED, told(500), takes=True),
        Variant("cut off behind the task id", Class.ACCEPTED, told(200, longer=20), "reset", takes=True),
    ]


def _unknown() -> list[Variant]:
    """Each once with a task made and once without: nobody can tell them apart, least of all the studio."""
    found = []
    for takes in (True, False):
        suffix = " (taken)" if takes else ""
        found += [
            _plain(f"{name}{suffix}", Class.UNKNOWN, status, body, *headers, takes=takes)
            for name, status, body, *headers in (
                ("502 HTML", 502, HTML),
                ("504 HTML", 504, HTML),
                ("504", 504, says(504)),
                ("500 HTML", 500, HTML),
                ("400 HTML", 400, HTML),
                ("403 HTML", 403, HTML),
                ("301", 301, b"", "Location: /api/v1/elsewhere"),
                ("307", 307, b"", "Location: /api/v1/elsewhere"),
                ("200 bad JSON", 200, b'{"code": 200, "mess'),
                ("200 without a task id", 200, says(200, {})),
                ("200, empty", 200, b""),
                ("200, other code", 200, says(504)),
            )
        ]
        found += [
            Variant(f"reset before the headers{suffix}", Class.UNKNOWN, lambda task_id: b"", "reset", takes),
            Variant(
                f"reset after the headers{suffix}",
                Class.UNKNOWN,
                lambda task_id: b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n",
                "reset",
                takes,
            ),
            Variant(f"time-out{suffix}", Class.UNKNOWN, lambda task_id: b"", "hang", takes),
        ]
    return found


def _refusals() -> list[Variant]:
    found = []
    for kind, statuses in {
        Class.REJECTED: (400, 403, 404),
        Class.ACCOUNT: (401, 402),
        Class.THROTTLED: (429,),
        Class.NOT_ACCEPTED: (500, 502, 503),
    }.items():
        for status in statuses:
            found.append(_plain(str(status), kind, status, says(status)))
            found.append(_plain(f"200, code {status}", kind, 200, says(status)))
    found.append(_plain("429 HTML", Class.THROTTLED, 429, HTML))
    found.append(_plain("429 Retry-After", Class.THROTTLED, 429, says(429), "Retry-After: 1"))
    return found


# Ways on which a connection, or its TLS handshake, never comes about.
WAYS = ("refused", "reset", "garbage")
VARIANTS = [
    *_accepted(),
    *_unknown(),
    *_refusals(),
    *(Variant(f"connection: {way}", Class.NOT_SENT, via=way) for way in WAYS),
]
ACCEPT = VARIANTS[0]
BY_CLASS = {kind: [variant for variant in VARIANTS if variant.kind == kind] for kind in Class}
