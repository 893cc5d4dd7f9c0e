"""HTTP of the stand-in: three calls of the API, and the results, which are served to anyone as a CDN does."""

import hmac
import json
import logging
import os
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Hashable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import BinaryIO, ClassVar
from urllib.parse import parse_qs, urlsplit

from .request_body import Faults, Refused, Request, validate
from .task_inputs import price_cents, probe_duration
from .task_runner import MESSAGES, TaskRunner, error_body, status_data, success_body

logger = logging.getLogger("wanstudio.sandbox")
MAX_BODY_BYTES = 1024 * 1024
MAX_DRAIN_BYTES = 16 * 1024 * 1024
HANG_S = 600.0
RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
RESULT = re.compile(r"/results/(task_[0-9a-f]{16})-(\d)(-fresh)?\.mp4")
GATEWAY_PAGE = b"<html><head><title>%d</title></head><body><center><h1>%d</h1></center><hr>gateway</body></html>"
BAD_FILE = b"<!doctype html><title>Not the video</title><p>This is a web page where a video should be.</p>"


class HttpServer(ThreadingHTTPServer):
    """A thread a connection. A client that goes away is not worth a traceback."""

    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        logger.debug("connection broke off", exc_info=True)


class Handler(BaseHTTPRequestHandler):
    """A route can raise Refused; an OSError closes the connection without an answer."""

    runner: ClassVar[TaskRunner]
    faulty: ClassVar[Counter[Hashable]]
    faulty_lock = Lock()
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "Sandbox", ""
    timeout = 60
    task_id, answered = "-", 0

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_HEAD(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def _answer(self, act: Callable[[], None]) -> None:
        self.task_id, self.answered, began = "-", 0, time.monotonic()
        path = self.path.partition("?")[0][:200]
        try:
            act()
        except Refused as refused:
            self._error(refused.code, refused.message)
        except OSError:
            self.close_connection = True
        except sqlite3.Error as wrong:
            logger.warning("cannot store: %s", wrong)
            self._error(500)
        except Exception:
            logger.exception("surprise in %s %s", self.command, path)
            self._error(500)
        ms = round((time.monotonic() - began) * 1000)
        logger.info(
            "request method=%s path=%s status=%d ms=%d task=%s", self.command, path, self.answered, ms, self.task_id
        )

    def _get(self) -> None:
        url, model = urlsplit(self.path), self.runner.options.model
        if match := RESULT.fullmatch(url.path):
            self._result(match[1], int(match[2]), fresh=bool(match[3]))
            return
        self._authorise(url.path)
        if url.path == "/api/v1/apikeys/current-balance":
            self._success(self.runner.store.balance_cents() / 100)
        elif url.path == f"/api/v1/statusTask/{model}":
            self._status(parse_qs(url.query).get("taskId", [""])[0])
        elif url.path == f"/api/v1/generateTask/{model}":
            raise Refused(405, "Method not allowed: use POST.")
        else:
            raise Refused(404, "No such model or route.")

    def _post(self) -> None:
        # Read before anything is refused: an answer to a request that is still being sent is lost with its connection.
        raw = self._body()
        path = urlsplit(self.path).path
        self._authorise(path)
        if path != f"/api/v1/generateTask/{self.runner.options.model}":
            raise Refused(404, "No such model or route.")
        if self.headers.get_content_type() != "application/json":
            raise Refused(400, "Invalid Content-Type: it must be application/json.")
        try:
            body = json.loads(raw)
        except (ValueError, RecursionError):
            raise Refused(400, "Invalid request body: it is not valid JSON.") from None
        self._generate(validate(body, self.runner.options.studio))

    def _authorise(self, path: str) -> None:
        if not path.startswith("/api/v1/"):
            raise Refused(404, "No such route.")
        given = self.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self.runner.options.key}".encode()):
            raise Refused(401, MESSAGES[401])

    def _generate(self, request: Request) -> None:
        faults = self._faults_of_submit(request)
        if faults.http:
            self._error(faults.http)
            return
        if faults.html:
            self._reply(faults.html, "text/html", GATEWAY_PAGE % (faults.html, faults.html))
            return
        price = price_cents(probe_duration(self.runner.fetcher, request.video_url), request.resolution)
        task = self.runner.store.create(request, price, self.runner.options.pending_s)
        self.task_id = task.id
        self.runner.follow(task)
        if faults.hang:
            self.runner.stopping.wait(HANG_S)
        if faults.hang or faults.lost:
            raise ConnectionAbortedError
        self._success({"taskId": task.id})

    def _faults_of_submit(self, request: Request) -> Faults:
        """None any more once this request got them as often as it orders: the count starts again then."""
        # Not known by its callback address: the same request is sent again with another.
        known_by = (request.behaviour, request.resolution, request.seed, request.prompt)
        faults = request.faults
        with self.faulty_lock:
            self.faulty[known_by] += 1
            if self.faulty[known_by] <= faults.submits and (faults.http or faults.html or faults.hang or faults.lost):
                return faults
            del self.faulty[known_by]
            return Faults()

    def _status(self, task_id: str) -> None:
        task = self.runner.store.polled(task_id)
        if task is None:
            raise Refused(404, "Task not found.")
        self.task_id = task.id
        if task.request.faults.status and task.polls < task.request.faults.polls:
            self._error(task.request.faults.status)
        else:
            self._success(status_data(task, self.runner.origin))

    def _result(self, task_id: str, number: int, *, fresh: bool) -> None:
        self.task_id = task_id
        task, path = self.runner.store.get(task_id), self.runner.result_path(task_id, number)
        if task is None or task.state != "success" or task.is_expired or not path.is_file():
            raise Refused(404, "No such file.")
        if task.request.faults.expired and not fresh:
            self.runner.store.renew_url(task.id)
            raise Refused(403, "This link has expired.")
        if task.request.faults.badfile:
            self._reply(200, "text/html", BAD_FILE)
            return
        with path.open("rb") as file:
            self._send_video(file)

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        size = int(length) if re.fullmatch(r"\d{1,12}", length) else -1
        if size < 0 or size > MAX_BODY_BYTES:
            self.close_connection = True
            # Some of it is swallowed: an answer to someone who is still sending would be lost.
            self.rfile.read(min(max(size, 0), MAX_DRAIN_BYTES))
            reason = "it needs a Content-Length" if size < 0 else "it is larger than 1 MiB"
            raise Refused(400, f"Invalid request body: {reason}.")
        body = self.rfile.read(size)
        if len(body) < size:
            raise ConnectionAbortedError
        return body

    def _success(self, data: object) -> None:
        self._reply(200, "application/json", success_body(data))

    def _error(self, code: int, message: str = "") -> None:
        extra = {"Retry-After": "2"} if code == 429 else {}
        self._reply(code, "application/json", error_body(code, message), extra)

    def _reply(self, code: int, content_type: str, body: bytes, extra: dict[str, str] | None = None) -> None:
        self._head(code, {"Content-Type": content_type, "Content-Length": str(len(body)), **(extra or {})})
        if self.command != "HEAD":
            self.wfile.write(body)

    def _send_video(self, file: BinaryIO) -> None:
        """The file as 200, the part of it that was asked for as 206, or 416 if there is no such part."""
        size = os.fstat(file.fileno()).st_size
        part = parse_range(self.headers.get("Range", ""), size)
        if part is not None and not part:
            self._reply(416, "application/json", error_body(416), {"Content-Range": f"bytes */{size}"})
            return
        span = range(size) if part is None else part
        headers = {"Accept-Ranges": "bytes", "Content-Type": "video/mp4", "Content-Length": str(len(span))}
        if part is not None:
            headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
        self._head(200 if part is None else 206, headers)
        if self.command != "HEAD":
            self.connection.sendfile(file, span.start, len(span))

    def _head(self, code: int, headers: dict[str, str]) -> None:
        self.answered = code
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """For requests that are not HTTP: the library would answer with a separate page."""
        self.close_connection = True
        if not getattr(self, "headers", None):
            self.command, self.request_version = self.command or "GET", "HTTP/1.1"
        self._error(405 if code == 501 else code)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """The library's own line is left out: `_answer` writes a structured one."""


def parse_range(header: str, size: int) -> range | None:
    """The bytes asked for; None for the whole file (no range, several, or nonsense); empty if there is no such part."""
    match = RANGE.fullmatch(header.strip())
    if not match or not any(match.groups()):
        return None
    first, last = match.groups()
    if first and last and int(last) < int(first):
        return None
    start = int(first) if first else max(0, size - int(last))
    return range(start, min(int(last) + 1, size) if first and last else size)
