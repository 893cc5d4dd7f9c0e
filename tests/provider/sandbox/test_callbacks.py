"""Callbacks: the same envelope as statusTask, sent until it is answered with 200, four times at most."""

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.provider.sandbox.caller import Caller, Json


class Receiver:
    """Answers with the statuses it is given, then 200; keeps when and what it received."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.received: list[tuple[float, Json]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = receiver.statuses.pop(0) if receiver.statuses else 200
                receiver.received.append((time.monotonic(), body))
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"

    def wait(self, count: int, folder: Path) -> list[Json]:
        """So many callbacks, and the sandbox with this folder has none left to send."""
        ends = time.monotonic() + 60
        while len(self.received) < count or callbacks_left(folder):
            assert time.monotonic() < ends, self.received
            time.sleep(0.02)
        assert len(self.received) == count
        return [body for _, body in self.received]


def callbacks_left(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "sandbox.sqlite3", timeout=60)) as db:
        return int(db.execute("SELECT count(*) FROM callback WHERE due_at IS NOT NULL").fetchone()[0])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of the fixture `sandbox`."""
    return tmp_path / "sandbox"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.server.shutdown()
    running.server.server_close()


def test_callback_carries_the_status_answer(caller: Caller, receiver: Receiver, folder: Path) -> None:
    task_id = caller.submit(receiver.url)
    [body] = receiver.wait(1, folder)
    assert body == {"code": 200, "message": "success", "data": caller.status(task_id)}
    assert body["data"]["state"] == "success"


def test_callback_reports_a_failure(caller: Caller, receiver: Receiver, folder: Path) -> None:
    caller.submit(receiver.url, prompt="[fail:NSFW]")
    [body] = receiver.wait(1, folder)
    assert (body["data"]["state"], body["data"]["failCode"]) == ("failed", "NSFW")


def test_callback_is_repeated_until_it_is_answered_with_200(caller: Caller, receiver: Receiver, folder: Path) -> None:
    receiver.statuses = [500, 302]
    caller.submit(receiver.url, prompt="[fail:NSFW]")
    first, second, third = receiver.wait(3, folder)
    assert first == second == third


def test_callback_is_repeated_three_times_with_growing_delays(caller: Caller, receiver: Receiver, folder: Path) -> None:
    receiver.statuses = [503] * 9
    caller.submit(receiver.url, prompt="[fail:NSFW]")
    receiver.wait(4, folder)
    at = [moment for moment, _ in receiver.received]
    assert at[1] - at[0] >= 0.06
    assert at[2] - at[1] >= 0.12
    assert at[3] - at[2] >= 0.24
    # A receiver that never takes it holds nothing else up.
    assert caller.status(caller.submit(prompt="[stuck]"))["state"] in ("pending", "processing")


def test_async_mode_sends_no_callback(caller: Caller, receiver: Receiver, folder: Path) -> None:
    caller.finished(caller.submit(prompt="[fail:NSFW]"))
    receiver.wait(0, folder)
