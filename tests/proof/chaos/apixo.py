"""The provider: plays the outcomes that the cases ask for, keeps its books, and kills who is talking to it."""

import json
import os
import random
import signal
import socket
import struct
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.media.clips import FASTSTART, box, clip
from tests.proof.chaos.board import Order
from tests.proof.chaos.ledger import Ledger, Post, Task
from tests.proof.chaos.outcomes import ACCEPT, HTML, Variant, http, says

KEY = "sk-of-the-chaos-apixo"
API = "/api/v1"
VICTIM = "x-victim"
# With a caller that stands still for a while.
PATIENCE_S = 120


class Apixo:
    """`script`: marker to what its POSTs are met with, in order; when it has run out, they are accepted.

    `order`: who dies while talking here. `call`: marker to early (before the
    answer), late or never; `calls`: tasks to call back about and after how long, for whoever delivers them;
    `in_hand`: conversations that are not over here, and may still add to `calls`, though the caller has long given up.
    """

    def __init__(self, seed: int) -> None:
        self.books = Ledger()
        self.script: dict[str, deque[Variant]] = {}
        self.call: dict[str, str] = {}
        self.order: Order | None = None
        self.hit = threading.Event()
        self.calls: deque[tuple[Task, float]] = deque()
        self.in_hand: set[int] = set()
        self._lock = threading.Lock()
        self._dice = random.Random(seed)
        self._films = [clip(1.0, fps=5, size=size, options=FASTSTART) for size in ((64, 48), (48, 64), (80, 80))]
        self._server = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._server.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}{API}"
        # Bound and never listening: whoever connects is refused, and nobody else can take the port.
        self._closed = socket.socket()
        self._closed.bind(("127.0.0.1", 0))
        self._rude = socket.create_server(("127.0.0.1", 0))
        self._garbage = socket.create_server(("127.0.0.1", 0))
        for target in (self._serve, self._serve_rude, self._serve_garbage):
            threading.Thread(target=target, daemon=True).start()

    @property
    def ways(self) -> dict[str, str]:
        """Addresses on which no POST is ever begun."""
        return {
            "refused": f"http://127.0.0.1:{self._closed.getsockname()[1]}{API}",
            "reset": f"https://127.0.0.1:{self._rude.getsockname()[1]}{API}",
            "garbage": f"https://127.0.0.1:{self._garbage.getsockname()[1]}{API}",
        }

    def kill_at(self, order: Order | None) -> None:
        self.hit.clear()
        self.order = order

    def _reached(self, point: str, marker: str, pid: int, post: Post | None = None) -> None:
        with self._lock:
            if not (pid and self.order and self.order.meets(point, marker)):
                return
            self.order = None
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        if post and point != "answer written":
            post.died = True
        self.hit.set()

    # --- lines ----------------------------------------------------------------------------------------

    def _serve(self) -> None:
        while True:
            line, _ = self._server.accept()
            threading.Thread(target=self._meet, args=(line,), daemon=True).start()

    def _serve_rude(self) -> None:
        while True:
            line, _ = self._rude.accept()
            # Whoever is killed meanwhile resets it.
            with suppress(OSError):
                line.recv(100)
            _reset(line)

    def _serve_garbage(self) -> None:
        while True:
            line, _ = self._garbage.accept()
            with line, suppress(OSError):
                line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                line.shutdown(socket.SHUT_WR)
                line.recv(65536)

    def _meet(self, line: socket.socket) -> None:
        self.in_hand.add(id(line))
        try:
            with line, suppress(OSError):
                line.settimeout(PATIENCE_S)
                if request := _read(line):
                    self._answer(line, *request)
        finally:
            self.in_hand.discard(id(line))

    def _answer(self, line: socket.socket, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        pid = int(headers.get(VICTIM, 0))
        if method == "POST":
            self._post(line, json.loads(body), pid)
        elif target.startswith(f"{API}/statusTask/"):
            self._status(line, parse_qs(urlsplit(target).query)["taskId"][0], pid)
        elif target == f"{API}/apikeys/current-balance":
            self._reached("balance asked", "", pid)
            line.sendall(http(200, says(200, 100_000.25)))
        else:
            self._file(line, target)

    # --- calls ----------------------------------------------------------------------------------------

    def _post(self, line: socket.socket, body: dict[str, Any], pid: int) -> None:
        marker = body["input"]["prompt"]
        left = self.script.get(marker)
        variant = left.popleft() if left else ACCEPT
        post = self.books.arrived(marker, variant, pid)
        self._reached("request read", marker, pid, post)
        task = self._make(marker, body) if variant.takes else None
        self._reached("task made", marker, pid, post)
        if task and self.call.get(marker) == "early":
            self.calls.append((task, 0.0))
        data = variant.words(task.task_id if task else "")
        line.sendall(data[: len(data) // 2])
        self._reached("half the answer", marker, pid, post)
        # Noted before it is out: whoever has read it can have written it down, and be dead, before this thread goes on.
        post.answered = not post.died
        try:
            line.sendall(data[len(data) // 2 :])
        except OSError:
            post.answered = False
            raise
        if variant.ending == "hang":
            # Until the caller gives up, or is dead.
            with suppress(OSError):
                line.recv(1)
        if task and self.call.get(marker) == "late":
            self.calls.append((task, self._dice.uniform(0, 0.4)))
        self._reached("answer written", marker, pid, post)
        if variant.ending == "reset":
            _reset(line)

    def _make(self, marker: str, body: dict[str, Any]) -> Task:
        dice = self._dice
        film = dice.choice(self._films)
        # Each result is a file of its own, so that a mix-up would show in its hash.
        files = [film + box("free", f"{marker} {number} {dice.random()}".encode()) for number in range(1)]
        if dice.random() < 0.1:
            files.append(dice.choice(self._films) + box("free", f"{marker} second {dice.random()}".encode()))
        return self.books.made(
            marker, body, fails=dice.random() < 0.08, looks=dice.choice((0, 0, 0, 1, 2)), files=files
        )

    def _status(self, line: socket.socket, task_id: str, pid: int) -> None:
        task = self.books.tasks.get(task_id)
        if task is None:
            return line.sendall(http(404, says(404)))
        self._reached("status asked", task.marker, pid)
        task.looks -= 1
        line.sendall(http(200, says(200, self.told(task))))
        return self._reached("status told", task.marker, pid)

    def told(self, task: Task) -> dict[str, object]:
        """The task as statusTask and callbacks tell it."""
        now = int(time.time() * 1000)
        data: dict[str, object] = {"taskId": task.task_id, "createTime": now - 1000}
        if task.looks >= 0:
            return data | {"state": "processing"}
        data |= {"completeTime": now, "costTime": 1000}
        if task.fails:
            return data | {"state": "failed", "failCode": "GENERATION_FAILED", "failMsg": "no"}
        links = [f"http://127.0.0.1:{self.port}/results/{task.task_id}/{n}.mp4" for n in range(len(task.files))]
        return data | {"state": "success", "resultJson": json.dumps({"resultUrls": links})}

    def _file(self, line: socket.socket, target: str) -> None:
        parts = target.split("/")
        task = self.books.tasks.get(parts[2]) if len(parts) == 4 and parts[1] == "results" else None
        if task is None:
            return line.sendall(http(404, HTML))
        data = http(200, task.files[int(parts[3][0])], "Content-Type: video/mp4")
        head = data.index(b"\r\n\r\n") + 4
        pid = _other_end(line)
        line.sendall(data[:head])
        self._reached("result begun", task.marker, pid)
        half = (head + len(data)) // 2
        line.sendall(data[head:half])
        self._reached("half the result", task.marker, pid)
        if self._dice.random() < 0.05:
            return _reset(line)
        line.sendall(data[half:])
        return self._reached("result sent", task.marker, pid)


def _read(line: socket.socket) -> tuple[str, str, dict[str, str], bytes] | None:
    """One whole request, or None if it breaks off: then it never was one."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (chunk := line.recv(65536)):
            return None
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (header.partition(":") for header in rest)}
    while len(body) < int(headers.get("content-length", "0")):
        if not (chunk := line.recv(65536)):
            return None
        body += chunk
    method, target, _ = first.split(" ")
    return method, target, headers, body


def _reset(line: socket.socket) -> None:
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


def _other_end(line: socket.socket) -> int:
    """The process at the other end of a line on this machine, or 0. A download names none by itself."""
    host, port = line.getpeername()[:2]
    here = f"{socket.inet_aton(host)[::-1].hex().upper()}:{port:04X}"
    with open("/proc/net/tcp") as table:
        inodes = [row.split()[9] for row in table if row.split()[1] == here]
    if not inodes:
        return 0
    wanted = f"socket:[{inodes[0]}]"
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            for entry in os.scandir(f"/proc/{pid}/fd"):
                with suppress(OSError):
                    if os.readlink(entry.path) == wanted:
                        return int(pid)
    return 0
