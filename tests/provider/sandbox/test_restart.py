"""Restarts after kill -9 and SIGTERM: the process is a real one here."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.media.servers import FileServer
from tests.provider.sandbox.caller import Caller
from tests.provider.sandbox.conftest import running_sandbox
from tests.provider.sandbox.test_callbacks import Receiver, receiver  # noqa: F401

PROGRAM = """
import sys
from pathlib import Path
from wanstudio.media.fetch import Fetcher
from wanstudio.provider.sandbox.sandbox_server import serve
from wanstudio.provider.sandbox.task_runner import Options
options = Options(pace=0.02, pending_s=0.1, processing_s=0.5)
serve(int(sys.argv[1]), Path(sys.argv[2]), Fetcher({sys.argv[3]}), options)
"""
Start = Callable[[], subprocess.Popen[str]]


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def start(tmp_path: Path, files: FileServer, port: int) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def run() -> subprocess.Popen[str]:
        command = [sys.executable, "-c", PROGRAM, str(port), str(tmp_path / "data"), files.host]
        process = subprocess.Popen(command, cwd=Path(__file__).parents[3], stderr=subprocess.PIPE, text=True)
        started.append(process)
        ends = time.monotonic() + 30
        while time.monotonic() < ends:
            try:
                requests.get(f"http://127.0.0.1:{port}/", timeout=5)
            except requests.ConnectionError:
                time.sleep(0.05)
            else:
                return process
        raise AssertionError("the sandbox did not start")

    yield run
    for process in started:
        process.kill()
        process.wait()
        assert process.stderr
        process.stderr.close()


def kill(process: subprocess.Popen[str]) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def test_tasks_balance_and_callbacks_survive_kill_9(
    start: Start,
    port: int,
    files: FileServer,
    receiver: Receiver,  # noqa: F811
) -> None:
    caller = Caller(f"http://127.0.0.1:{port}/api/v1", files)
    process = start()
    done = caller.submit()
    caller.finished(done)
    receiver.statuses = [500]
    failing = caller.submit(receiver.url, prompt="[fail:NSFW]")
    receiver_has_one(receiver)
    pending = caller.submit()
    processing, stuck = caller.submit(prompt="[slow:1]"), caller.submit(prompt="[stuck]")
    while caller.status(processing)["state"] == "pending":
        time.sleep(0.01)
    kill(process)

    start()
    assert caller.status(done)["state"] == "success"
    assert caller.finished(pending)["state"] == "success"
    assert caller.finished(processing)["state"] == "success"
    assert caller.finished(failing)["failCode"] == "NSFW"
    assert caller.status(stuck)["state"] == "processing"
    for task_id in (done, pending, processing):
        [url] = caller.results(caller.status(task_id))
        assert requests.get(url, timeout=10).content[4:8] == b"ftyp"
    assert caller.balance() == 99.4
    assert len(receiver.wait(2)) == 2


def receiver_has_one(receiver: Receiver) -> None:  # noqa: F811
    ends = time.monotonic() + 10
    while not receiver.received:
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_sigterm_ends_it_within_seconds_and_without_a_traceback(start: Start, port: int, files: FileServer) -> None:
    process = start()
    caller = Caller(f"http://127.0.0.1:{port}/api/v1", files)
    caller.submit()
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    assert process.wait(8) == 0
    assert process.stderr
    assert "Traceback" not in process.stderr.read()


SCHEMA_OF_RELEASE_0_1 = """
CREATE TABLE task (
    id TEXT PRIMARY KEY, created REAL NOT NULL, request TEXT NOT NULL, price_cents INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending', due_at REAL NOT NULL, results INTEGER NOT NULL DEFAULT 0,
    fail_code TEXT NOT NULL DEFAULT '', fail_message TEXT NOT NULL DEFAULT '', has_outcome INTEGER NOT NULL DEFAULT 0,
    started REAL, completed REAL, polls INTEGER NOT NULL DEFAULT 0,
    readings INTEGER NOT NULL DEFAULT 0, url_version INTEGER NOT NULL DEFAULT 0,
    swept INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE callback (
    task_id TEXT PRIMARY KEY, url TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0, due_at REAL, delivered REAL
);
CREATE TABLE account (id INTEGER PRIMARY KEY CHECK (id = 1), balance_cents INTEGER NOT NULL);
INSERT INTO account VALUES (1, 5000);
"""


def test_file_of_an_older_release_is_taken_over(
    tmp_path: Path,
    files: FileServer,
    receiver: Receiver,  # noqa: F811
) -> None:
    (tmp_path / "data").mkdir()
    request = {
        "behaviour": "animate", "image_url": files.url("mira.png"), "video_url": files.url("clip.mp4"),
        "resolution": "480p", "seed": 1, "prompt": "", "callback_url": receiver.url,
    }  # fmt: skip
    old = "task_00000000000000aa"
    with sqlite3.connect(tmp_path / "data" / "sandbox.sqlite3") as db:
        db.executescript(SCHEMA_OF_RELEASE_0_1)
        db.execute(
            "INSERT INTO task (id, created, request, price_cents, state, due_at, started) "
            "VALUES (?, ?, ?, 20, 'processing', 0, 1)",
            (old, time.time(), json.dumps(request)),
        )
    db.close()
    with running_sandbox(tmp_path / "data", files) as sandbox:
        caller = Caller(sandbox.base_url, files)
        assert caller.finished(old)["state"] == "success"
        assert caller.finished(caller.submit())["state"] == "success"
        assert caller.balance() == 49.6
    assert receiver.wait(1)[0]["data"]["taskId"] == old
