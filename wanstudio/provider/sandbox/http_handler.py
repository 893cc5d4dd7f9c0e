"""HTTP: three calls of the API, and the results, which are served to anybody as a CDN does."""

import hmac
import json
import logging
import re
import select
import socket
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from wanstudio.provider.sandbox import envelopes as answers
from wanstudio.provider.sandbox.prompt_orders import Orders, read_orders
from wanstudio.provider.sandbox.request_body import Refused, validate
from wanstudio.provider.sandbox.result_files import send_result
from wanstudio.provider.sandbox.serving import Api
from wanstudio.provider.sandbox.task_inputs import price_cents, probe_motion

logger = logging.getLogger("wanstudio.sandbox")
BODY_MAX_BYTES = 1024 * 1024
DRAIN_MAX_BYTES = 16 * 1024 * 1024
HANG_S = 600.0
RETRY_AFTER_S = 2
GATEWAY_PAGE = b"<html><head><title>%d</title></head><body><center><h1>%d</h1></center><hr>gateway</body></html>"


class Abandoned(Exception):
    """The connection is closed without an answer."""


class Handler(BaseHTTPRequestHandler):
    api: ClassVar[Api]
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "Sandbox", ""
    timeout = 60
    task_id, answered, began = "-", 0, 0.0

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_HEAD(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def _answer(self, act: Callable[[], None]) -> None:
        self.task_id, self.answered, self.began = "-", 0, time.monotonic()
        try:
            self._try(act)
        except (Abandoned, OSError):
            # OSError: the client is gone. Nothing can be said to it, and nothing is wrong here.
            self.close_connection = True
        took = round((time.monotonic() - self.began) * 1000)
        path = self.path.partition("?")[0][:200]
        logger.info(
            "request method=%s path=%s status=%d ms=%d task=%s", self.command, path, self.answered, took, self.task_id
        )

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Refused as refused:
            self._json(refused.code, answers.error(refused.code, refused.message))
        except (Abandoned, OSError):
            raise
        except Exception:
            logger.exception("surprise in %s %s", self.command, urlsplit(self.path).path)
            self._json(500, answers.error(500))

    def _get(self) -> None:
        url = urlsplit(self.path)
        if match := re.fullmatch(r"/results/(task_[0-9a-f]{16})-(\d)(-fresh)?\.mp4", url.path):
            self.task_id = match[1]
            send_result(self, match[1], int(match[2]), fresh=bool(match[3]))
            return
        self._authorise(url.path)
        if url.path == "/api/v1/apikeys/current-balance":
            self._json(200, answers.success(self.api.store.balance_cents() / 100))
        elif url.path == f"/api/v1/statusTask/{self.api.model}":
            self._status(parse_qs(url.query).get("taskId", [""])[0])
        elif url.path == f"/api/v1/generateTask/{self.api.model}":
            raise Refused(405, "Method not allowed: use POST.")
        else:
            raise Refused(404, "No such model or route.")

    def _status(self, task_id: str) -> None:
        task = self.api.store.get(task_id)
        if task is None:
            raise Refused(404, "Task not found.")
        self.task_id = task.id
        self.api.store.count_poll(task.id)
        if task.orders.status and task.polls < task.orders.polls:
            self._json(task.orders.status, answers.error(task.orders.status))
            return
        self._json(200, answers.success(answers.status(task, self.api.origin())))

    def _post(self) -> None:
        # Read before anything is refused: an answer to a request that is still being sent is lost with its connection.
        raw = self._body()
        path = urlsplit(self.path).path
        self._authorise(path)
        if path != f"/api/v1/generateTask/{self.api.model}":
            raise Refused(404, "No such model or route.")
        if self.headers.get_content_type() != "application/json":
            raise Refused(400, "Invalid Content-Type: it must be application/json.")
        try:
            body = json.loads(raw)
        except (ValueError, RecursionError):
            raise Refused(400, "Invalid request body: it is not valid JSON.") from None
        request = validate(body)
        orders = read_orders(request.prompt)
        ordered = (orders.http or orders.html or orders.hang or orders.lost) and self.api.strikes(request, orders)
        if ordered and self._refuse_as_ordered(orders):
            return
        facts = probe_motion(self.api.fetcher, request.video_url)
        price = price_cents(facts.duration if facts else 0, request.resolution)
        self.task_id = self.api.store.create(request, price, self.api.pending_s)
        self.api.runner.wake()
        if ordered and orders.hang:
            self._hang()
        if ordered and orders.lost:
            raise Abandoned
        self._json(200, answers.success({"taskId": self.task_id}))

    def _refuse_as_ordered(self, orders: Orders) -> bool:
        if orders.http:
            self._json(orders.http, answers.error(orders.http))
        elif orders.html:
            self.reply(orders.html, "text/html", GATEWAY_PAGE % (orders.html, orders.html))
        return bool(orders.http or orders.html)

    def _hang(self) -> None:
        ends = time.monotonic() + HANG_S
        while time.monotonic() < ends and not self.api.stopping.is_set():
            readable, _, _ = select.select([self.connection], [], [], 0.25)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                break
        raise Abandoned

    def _authorise(self, path: str) -> None:
        if not path.startswith("/api/v1/"):
            raise Refused(404, "No such route.")
        given = self.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self.api.key}".encode()):
            raise Refused(401, answers.MESSAGES[401])

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch(r"\d{1,12}", length):
            self.close_connection = True
            raise Refused(400, "Invalid request body: it needs a Content-Length.")
        if int(length) > BODY_MAX_BYTES:
            self.close_connection = True
            # Some of it is swallowed: an answer to somebody who is still sending would be lost.
            self.rfile.read(min(int(length), DRAIN_MAX_BYTES))
            raise Refused(400, "Invalid request body: it is larger than 1 MiB.")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise Abandoned
        return body

    def _json(self, code: int, body: bytes) -> None:
        extra = {"Retry-After": str(RETRY_AFTER_S)} if code == 429 else {}
        self.reply(code, "application/json", body, extra)

    def reply(self, code: int, content_type: str, body: bytes, extra: dict[str, str] | None = None) -> None:
        self.head(code, {"Content-Type": content_type, "Content-Length": str(len(body)), **(extra or {})})
        if self.command != "HEAD":
            self.wfile.write(body)

    def head(self, code: int, headers: dict[str, str]) -> None:
        """The status line and headers of an answer whose body follows."""
        self.answered = code
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """For requests that are not HTTP: the library would answer with a page of its own."""
        self.close_connection = True
        if not getattr(self, "headers", None):
            self.command, self.request_version = self.command or "GET", "HTTP/1.1"
        self.reply(code if code != 501 else 405, "application/json", answers.error(405 if code == 501 else code))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """One structured line a request is written in `_answer`; the library's own is not wanted."""
