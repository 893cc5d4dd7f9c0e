"""Preparations at the same time, of several machines on one database: one by one, and each ends well."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.e2e.studio import ROOT, Studio, wait_until
from wanstudio.management.commands.prepare import ANOTHER
from wanstudio.operations.preparation_lock import NUMBER

HOLDS = """
import time
import django; django.setup()
from wanstudio.operations.preparation_lock import alone
with alone(lambda: print("waits", flush=True)):
    print("has it", flush=True)
    time.sleep(300)
"""
MakeStudio = Callable[[str], Studio]


@pytest.fixture
def machines(make_studio: MakeStudio, tmp_path: Path) -> tuple[Studio, Studio]:
    """Two on one new database: on PostgreSQL each has its own folder, on SQLite they share it."""
    first = make_studio("a")
    url = first.env.get("DATABASE_URL")
    return first, Studio(tmp_path / "b", DATABASE_URL=url) if url else first


@contextmanager
def running(studio: Studio, *words: str) -> Iterator["subprocess.Popen[str]"]:
    studio.data.mkdir(mode=0o700, exist_ok=True)
    with studio.log.open("a") as log:
        process = subprocess.Popen(
            [sys.executable, *words], cwd=ROOT, env=studio.env, stdout=log, stderr=log, text=True
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait(60)


@contextmanager
def held(studio: Studio) -> Iterator[None]:
    """The lock, as another machine that prepares has it."""
    if url := studio.env.get("DATABASE_URL"):
        with psycopg.connect(url, autocommit=True) as line:
            line.execute("SELECT pg_advisory_lock(%s)", [NUMBER])
            yield
        return
    studio.data.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(studio.data / "prepare.lock", os.O_CREAT | os.O_RDWR)
    fcntl.flock(handle, fcntl.LOCK_EX)
    yield
    os.close(handle)


def test_preparation_waits_for_the_one_that_is_under_way_and_ends_when_it_is_told_to(
    machines: tuple[Studio, Studio],
) -> None:
    _, second = machines
    with held(second), running(second, "manage.py", "prepare") as process:
        wait_until(lambda: ANOTHER in second.said() or process.poll() is not None, "it waits", 100)
        assert process.poll() is None, second.said()
        process.terminate()
        assert process.wait(60) == 143
    assert second.said().count("\n") == 1


def test_lock_goes_to_the_next_when_its_process_is_killed(machines: tuple[Studio, Studio]) -> None:
    """One after the other: on SQLite both write into one log."""
    first, second = machines

    def owners() -> int:
        return sum(log.read_text().count("has it") for log in {first.log, second.log} if log.exists())

    with running(first, "-c", HOLDS) as one:
        wait_until(lambda: owners() == 1, "the first has it", 60)
        with running(second, "-c", HOLDS):
            wait_until(lambda: "waits" in second.said(), "the second waits", 60)
            assert owners() == 1
            one.kill()
            wait_until(lambda: owners() == 2, "the second has it", 60)
