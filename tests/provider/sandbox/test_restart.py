"""kill -9, and what is left: the process is a real one here."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.media.servers import FileServer
from tests.provider.sandbox.caller import Caller
from tests.provider.sandbox.test_callbacks import Receiver, receiver  # noqa: F401

PROGRAM = """
import sys
from pathlib import Path
from wanstudio.media.fetch import Fetcher
from wanstudio.provider.sandbox.server import serve
serve("127.0.0.1", int(sys.argv[1]), Path(sys.argv[2]), Fetcher({sys.argv[3]}), pace=0.02, pending_s=0.1, least_s=0.5)
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
    told = caller.submit(receiver.url, prompt="[fail:NSFW]")
    receiver_has_one(receiver)
    pending = caller.submit()
    processing = caller.submit(prompt="[slow:1]")
    while caller.status(processing)["state"] == "pending":
        time.sleep(0.01)
    kill(process)

    start()
    assert caller.status(done)["state"] == "success"
    assert caller.finished(pending)["state"] == "success"
    assert caller.finished(processing)["state"] == "success"
    assert caller.finished(told)["failCode"] == "NSFW"
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


def test_it_ends_within_seconds_of_sigterm_and_without_a_traceback(start: Start, port: int, files: FileServer) -> None:
    process = start()
    caller = Caller(f"http://127.0.0.1:{port}/api/v1", files)
    caller.submit()
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    assert process.wait(8) == 0
    assert process.stderr
    assert "Traceback" not in process.stderr.read()
