"""Restarts after kill -9 and SIGTERM: the process is a real one here."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.media.servers import FileServer
from tests.provider.sandbox.caller import Caller
from tests.provider.sandbox.conftest import running_sandbox
from tests.provider.sandbox.test_callbacks import Receiver, receiver  # noqa: F401
from tests.servers import free_port

# A refused callback is due again after ten minutes, unless a test moves its time.
PROGRAM = """
import logging, sys
from pathlib import Path
from wanstudio.media import isolated
from wanstudio.media.fetch import Fetcher
from wanstudio.provider.sandbox.sandbox_server import serve
from wanstudio.provider.sandbox.task_runner import Options
logging.basicConfig(level=logging.INFO)
isolated.slots.folder = Path(sys.argv[1]) / "slots"
options = Options(pace=20.0, pending_s=0.1, processing_s=0.5)
serve(int(sys.argv[3]), Path(sys.argv[1]), Fetcher({sys.argv[2]}), options)
"""


@dataclass(frozen=True)
class Running:
    """The process of a sandbox, a caller of it, and the file of what it has written to stderr."""

    process: subprocess.Popen[bytes]
    caller: Caller
    log: Path


Start = Callable[[], Running]


@pytest.fixture
def start(tmp_path: Path, files: FileServer) -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []
    port = free_port()

    def run() -> Running:
        log = tmp_path / f"log-{len(started)}"
        command = [sys.executable, "-c", PROGRAM, str(tmp_path / "data"), files.host, str(port)]
        with log.open("wb") as file:
            process = subprocess.Popen(command, cwd=Path(__file__).parents[3], stderr=file)
        started.append(process)
        ends = time.monotonic() + 120
        while not (found := re.search(r"base_url=(\S+)\n", log.read_text())):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < ends, log.read_text()
            time.sleep(0.05)
        return Running(process, Caller(found[1], files), log)

    yield run
    for process in started:
        process.kill()
        process.wait()


def kill(process: subprocess.Popen[bytes]) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def test_tasks_balance_and_callbacks_survive_kill_9(
    start: Start,
    tmp_path: Path,
    files: FileServer,
    receiver: Receiver,  # noqa: F811
) -> None:
    first = start()
    caller = first.caller
    done, stuck = caller.submit(), caller.submit(prompt="[stuck]")
    caller.finished(done)
    caller.reached(stuck, "processing")
    receiver.statuses = [500]
    failing = caller.submit(receiver.url, prompt="[fail:NSFW]")
    receiver_has_one(receiver)
    # Two are stopped as they fetch their pictures, and there is no slot for a third.
    killed = threading.Event()
    files.before = lambda path: path.endswith(".png") and killed.wait(60)
    processing = [caller.submit() for _ in range(2)]
    for task_id in processing:
        caller.reached(task_id, "processing")
    pending = caller.submit()
    assert caller.status(pending)["state"] == "pending"
    kill(first.process)
    killed.set()
    with closing(sqlite3.connect(tmp_path / "data" / "sandbox.sqlite3")) as db, db:
        db.execute("UPDATE callback SET due_at = 0 WHERE due_at IS NOT NULL")

    caller = start().caller
    assert caller.status(done)["state"] == "success"
    for task_id in (pending, *processing):
        assert caller.finished(task_id)["state"] == "success"
    assert caller.finished(failing)["failCode"] == "NSFW"
    assert caller.status(stuck)["state"] == "processing"
    for task_id in (done, pending, *processing):
        [url] = caller.results(caller.status(task_id))
        assert requests.get(url, timeout=60).content[4:8] == b"ftyp"
    assert caller.balance() == 99.2
    assert len(receiver.wait(2, tmp_path / "data")) == 2


def receiver_has_one(receiver: Receiver) -> None:  # noqa: F811
    ends = time.monotonic() + 60
    while not receiver.received:
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_sigterm_ends_it_within_seconds_and_without_a_traceback(start: Start) -> None:
    running = start()
    running.caller.reached(running.caller.submit(), "processing")
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(60) == 0
    assert "Traceback" not in running.log.read_text()


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
        assert receiver.wait(1, tmp_path / "data")[0]["data"]["taskId"] == old
