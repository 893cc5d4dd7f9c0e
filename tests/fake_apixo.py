"""An APIXO for tests: a real HTTP server on loopback that does what a test tells it, down to the bytes.

    apixo.on_post(answer(503, envelope(503)), accept)

Untold, it behaves: a POST makes a task, statusTask tells how far the task is, the balance stands, and files are
served. Its ledger of POSTs is its own, so that a test can compare what was really sent with what the studio believes.
"""

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.provider.scripted import Move, answer

KEY = "sk-of-the-fake-apixo"
API = "/api/v1"


def envelope(code: int = 200, data: object = None, message: str | None = None) -> dict[str, object]:
    return {"code": code, "message": message or ("success" if code == 200 else f"code {code}"), "data": data}


def refusal(status: int, message: str = "no", **headers: str) -> Move:
    """An error as the API itself words it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return answer(status, envelope(status, message=message), named)


HTML = b"<html><body><h1>Bad Gateway</h1></body></html>"


@dataclass(frozen=True)
class Taking:
    """A task is made, and then the answer to the POST is this move: it is given the task's id."""

    move: Callable[[str], Move]


accept = Taking(lambda task_id: answer(200, envelope(data={"taskId": task_id})))


def taken_but(move: Move) -> Taking:
    """The provider has the task, and we get to see only `move`."""
    return Taking(lambda task_id: move)


@dataclass
class Post:
    """One POST in the ledger; `task_id` empty: no task was made of it."""

    body: dict[str, Any]
    authorization: str
    task_id: str = ""

    @property
    def callback_path(self) -> str:
        return urlsplit(str(self.body["callback_url"])).path


@dataclass
class FakeApixo:
    posts: list[Post] = field(default_factory=list)
    polls: list[str] = field(default_factory=list)
    asked_by: list[str] = field(default_factory=list)
    balance_calls: int = 0
    fetched: list[str] = field(default_factory=list)
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    balance: float = 74.87

    def __post_init__(self) -> None:
        self.over = threading.Event()
        self._told: dict[str, deque[Move | Taking]] = {name: deque() for name in ("post", "status", "balance", "file")}
        self._always: dict[str, Move | Taking] = {}
        self._lock = threading.Lock()
        self.server = _Server(("127.0.0.1", 0), _Handler)
        self.server.apixo = self
        self.port: int = self.server.server_address[1]
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.host}{API}"

    # --- what a test says -----------------------------------------------------------------------------

    def on_post(self, *moves: Move | Taking, always: bool = False) -> None:
        """The next POSTs are met by these moves, one each; `always`: the last one again and again."""
        self._tell("post", moves, always)

    def on_status(self, *moves: Move, always: bool = False) -> None:
        self._tell("status", moves, always)

    def on_balance(self, *moves: Move, always: bool = False) -> None:
        self._tell("balance", moves, always)

    def on_file(self, *moves: Move, always: bool = False) -> None:
        self._tell("file", moves, always)

    def behave(self) -> None:
        """Forget what was told."""
        for told in self._told.values():
            told.clear()
        self._always.clear()

    def new_task(self, task_id: str = "") -> str:
        """A task that is being worked on, made here or behind the studio's back."""
        with self._lock:
            task_id = task_id or f"task_{len(self.tasks) + 1:04d}"
            self.tasks[task_id] = {"taskId": task_id, "state": "processing", "createTime": _now_ms()}
        return task_id

    def succeed(self, task_id: str, *results: bytes, **fields: Any) -> list[str]:
        """The task is done, with these files behind its links."""
        links = []
        for number, content in enumerate(results):
            path = f"/results/{task_id}/{number}.mp4"
            self.files[path] = content
            links.append(f"http://{self.host}{path}")
        done = {"state": "success", "resultJson": json.dumps({"resultUrls": links}), "completeTime": _now_ms()}
        self.tasks[task_id] |= done | {"costTime": 161388} | fields
        return links

    def fail(self, task_id: str, code: str, message: str = "") -> None:
        self.tasks[task_id] |= {"state": "failed", "failCode": code, "failMsg": message}

    @property
    def made(self) -> list[str]:
        """The tasks that POSTs have made: what is billed."""
        return [post.task_id for post in self.posts if post.task_id]

    def wait_for(self, condition: Callable[[], bool], timeout_s: float = 60) -> None:
        until = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < until, "the fake APIXO waited in vain"
            time.sleep(0.01)

    # --- what the server does -------------------------------------------------------------------------

    def respond(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Move:
        parts = urlsplit(target)
        if method == "POST":
            return self._post(Post(json.loads(body), headers.get("authorization", "")))
        if parts.path.startswith(f"{API}/statusTask/"):
            self.asked_by.append(headers.get("authorization", ""))
            return self._status(parse_qs(parts.query)["taskId"][0])
        if parts.path == f"{API}/apikeys/current-balance":
            self.balance_calls += 1
            told = self._next("balance")
            return told if callable(told) else answer(200, envelope(data=self.balance))
        self.fetched.append(parts.path)
        told = self._next("file")
        if callable(told):
            return told
        content = self.files.get(parts.path)
        return answer(404) if content is None else answer(200, content, {"Content-Type": "video/mp4"})

    def _post(self, post: Post) -> Move:
        told = self._next("post") or accept
        if isinstance(told, Taking):
            post.task_id = self.new_task()
        # Before anything is answered: a POST that arrived is in the ledger, whatever becomes of the answer.
        self.posts.append(post)
        return told.move(post.task_id) if isinstance(told, Taking) else told

    def _status(self, task_id: str) -> Move:
        self.polls.append(task_id)
        told = self._next("status")
        if callable(told):
            return told
        task = self.tasks.get(task_id)
        return answer(200, envelope(data=task)) if task else refusal(404, "Task not found")

    def _tell(self, name: str, moves: tuple[Move | Taking, ...], always: bool) -> None:
        self._told[name].extend(moves)
        if always:
            self._always[name] = moves[-1]

    def _next(self, name: str) -> Move | Taking | None:
        with self._lock:
            return self._told[name].popleft() if self._told[name] else self._always.get(name)


def _now_ms() -> int:
    return int(time.time() * 1000)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    apixo: FakeApixo

    def handle_error(self, request: object, client_address: object) -> None:
        """Connections break here all the time, on purpose."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _meet(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        apixo = self.server.apixo  # type: ignore[attr-defined]
        self.close_connection = True
        apixo.respond(self.command, self.path, headers, body)(self.connection, apixo.over)

    do_GET = do_POST = _meet  # noqa: N815 (the names that http.server calls)

    def log_message(self, *args: object) -> None:
        """Silent."""


@contextmanager
def running() -> Iterator[FakeApixo]:
    apixo = FakeApixo()
    threading.Thread(target=apixo.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield apixo
    finally:
        apixo.over.set()
        apixo.server.shutdown()
        apixo.server.server_close()
