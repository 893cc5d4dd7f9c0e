"""Open pages: a browser's part of many job pages at once, as little of it as the studio can notice.

Each page has a connection of its own, which it keeps, and asks when its poller says; what it is told decides the next.
"""

import heapq
import re
import selectors
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape

POLLER = re.compile(rb'<div id="poller"[^>]*>')
ASKS = re.compile(rb' hx-get="([^"]+)" hx-trigger="every (\d+)s')
CHIP = re.compile(rb'<span class="chip[^"]*">(?:<svg.*?</svg>)?([A-Z][a-z]+)</span>', re.DOTALL)
SIZE = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(eq=False)
class Page:
    """A page of one job. `every_s` None: it asks no more. `shown`: when a state first stood on it, by its chip."""

    job: int
    path: str = ""
    every_s: float | None = 0.0
    asked_at: float = 0.0
    answer: bytes = b""
    connection: socket.socket | None = None
    # By the clock that the studio's rows have.
    shown: dict[str, float] = field(default_factory=dict)

    def take(self, body: bytes) -> None:
        if found := POLLER.search(body):
            asks = ASKS.search(found[0])
            self.path, self.every_s = (unescape(asks[1].decode()), float(asks[2])) if asks else ("", None)
        if chip := CHIP.search(body):
            self.shown.setdefault(chip[1].decode(), time.time())


class OpenPages:
    """Runs pages. `took_s`: from asking to the whole answer; `failed`: what went wrong."""

    def __init__(self, port: int, cookie: str, pages: list[Page]) -> None:
        self._port, self._selector = port, selectors.DefaultSelector()
        self._head = f"HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\nHX-Request: true\r\n\r\n"
        self.pages, self.took_s, self.failed = pages, list[float](), list[str]()
        self._due: list[tuple[float, int, Page]] = []

    def open(self, at_once: int = 4) -> None:
        """Loads every page, some at a time; its first poll comes when a browser's would."""
        for page in self.pages:
            page.path = f"/jobs/{page.job}/"
        waiting = list(reversed(self.pages))
        asking = 0
        while waiting or asking:
            while waiting and asking < at_once:
                self._ask(waiting.pop())
                asking += 1
            asking -= sum(1 for _ in self._answers(1.0))
        self.took_s.clear()
        # Their polls came while the others were being opened: all that are late would be asked for in one moment.
        self.spread()

    def spread(self) -> None:
        """For pages that know what to ask: their first polls, evenly over their interval."""
        now = time.monotonic()
        self._due.clear()
        for number, page in enumerate(self.pages):
            heapq.heappush(self._due, (now + (page.every_s or 0) * number / len(self.pages), page.job, page))

    def run(self, for_s: float) -> None:
        until = time.monotonic() + for_s
        while (now := time.monotonic()) < until:
            while self._due and self._due[0][0] <= now:
                self._ask(heapq.heappop(self._due)[2])
            wait = min(self._due[0][0] - now, 0.1) if self._due else 0.1
            for _ in self._answers(max(wait, 0)):
                pass

    def close(self) -> None:
        for page in self.pages:
            self._drop(page)

    def _ask(self, page: Page) -> None:
        page.asked_at, page.answer = time.monotonic(), b""
        if page.connection is None:
            page.connection = socket.create_connection(("127.0.0.1", self._port))
            page.connection.setblocking(False)
            page.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(page.connection, selectors.EVENT_READ, page)
        try:
            page.connection.send(f"GET {page.path} {self._head}".encode())
        except OSError as wrong:
            self._end(page, f"not sent: {wrong}")

    def _answers(self, timeout_s: float) -> Iterator[Page]:
        """Pages whose answer is whole now."""
        for key, _ in self._selector.select(timeout_s):
            page: Page = key.data
            try:
                part = page.connection.recv(1 << 16) if page.connection else b""
            except OSError as wrong:
                self._end(page, f"broke off: {wrong}")
                continue
            page.answer += part
            if not part:
                self._end(page, "closed by the server")
            elif self._is_whole(page):
                yield page

    def _is_whole(self, page: Page) -> bool:
        head, gap, body = page.answer.partition(b"\r\n\r\n")
        size = SIZE.search(head)
        if not gap or (size and len(body) < int(size[1])):
            return False
        assert size or head[9:12] == b"204", f"an answer without a length: {head!r}"
        now, status = time.monotonic(), int(head[9:12])
        self.took_s.append(now - page.asked_at)
        if status == 200:
            page.take(body)
        elif status != 204:
            self.failed.append(f"HTTP {status}")
        if page.every_s is not None:
            # As htmx does: so long after the answer has changed the page, else after the last time.
            start = now if status == 200 or page.asked_at + page.every_s < now else page.asked_at
            heapq.heappush(self._due, (start + page.every_s, page.job, page))
        return True

    def _end(self, page: Page, why: str) -> None:
        self.failed.append(why)
        self._drop(page)
        heapq.heappush(self._due, (time.monotonic() + (page.every_s or 2), page.job, page))

    def _drop(self, page: Page) -> None:
        if page.connection is not None:
            self._selector.unregister(page.connection)
            page.connection.close()
            page.connection = None
