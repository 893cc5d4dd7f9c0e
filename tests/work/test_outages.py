"""Outages as a process sees them: which failures come from one, and when a line is written."""

import errno
import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.db.utils import DatabaseErrorWrapper

from tests.fake_apixo import FakeApixo
from tests.worker_steps import fresh
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.work import outages
from wanstudio.work.advance import advance
from wanstudio.work.outages import AWAY, BUSY, DAMAGED, FULL, UNWRITABLE, Outage, cause


def as_django(wrong: Exception) -> Exception:
    """The error as Django raises it for a driver's."""
    try:
        with DatabaseErrorWrapper(connection) if connection.vendor == "sqlite" else connection.wrap_database_errors:
            raise wrong
    except Exception as raised:
        return raised


def sqlite_error(path: Path, damage: str) -> Exception:
    with closing(sqlite3.connect(path, timeout=0)) as database:
        database.execute("PRAGMA page_size=512")
        database.execute("CREATE TABLE t (x)")
        database.commit()
        try:
            if damage == "full":
                database.execute("PRAGMA max_page_count=2")
                database.execute("INSERT INTO t VALUES (zeroblob(100000))")
            elif damage == "locked":
                database.execute("BEGIN EXCLUSIVE")
                with closing(sqlite3.connect(path, timeout=0)) as other:
                    other.execute("INSERT INTO t VALUES (1)")
            elif damage == "read only":
                with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as other:
                    other.execute("INSERT INTO t VALUES (1)")
            elif damage == "no database":
                path.write_bytes(b"no database at all" * 100)
                with closing(sqlite3.connect(path)) as other:
                    other.execute("SELECT * FROM t")
            elif damage == "malformed":
                data = bytearray(path.read_bytes())
                data[512:1024] = b"\xff" * 512
                path.write_bytes(data)
                with closing(sqlite3.connect(path)) as other:
                    other.execute("SELECT * FROM t").fetchall()
            elif damage == "away":
                sqlite3.connect(path / "in" / "a file").execute("SELECT 1")
            else:
                database.execute("SELECT * FROM missing")
        except sqlite3.Error as wrong:
            return wrong
    raise AssertionError(f"{damage}: no error")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="errors of SQLite")
@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ("full", FULL),
        ("locked", BUSY),
        ("read only", UNWRITABLE),
        ("no database", DAMAGED),
        ("malformed", DAMAGED),
        ("away", DAMAGED),
        ("no such table", None),
    ],
)
def test_error_of_sqlite_is_the_outage_it_comes_from(tmp_path: Path, damage: str, sentence: str | None) -> None:
    found = cause(as_django(sqlite_error(tmp_path / "a.sqlite3", damage)))
    assert (found.sentence if found else None) == sentence


def test_broken_connection_is_an_outage_and_a_wrong_statement_is_none() -> None:
    found = cause(OperationalError("connection refused"))
    assert found
    assert found.sentence == AWAY
    assert cause(ValueError("a fault of ours")) is None


def test_error_of_a_file_is_an_outage_if_the_file_is_ours() -> None:
    ours, foreign = str(Path(settings.DATA_DIR) / "media" / "a.mp4"), "/etc/shadow"
    found = [
        cause(wrong)
        for wrong in (
            OSError(errno.ENOSPC, "No space left on device"),
            PermissionError(errno.EACCES, "Permission denied", ours),
            OSError(errno.EROFS, "Read-only file system", ours),
            PermissionError(errno.EACCES, "Permission denied", foreign),
            ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"),
        )
    ]
    assert [each.sentence if each else None for each in found] == [FULL, UNWRITABLE, UNWRITABLE, None, None]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


def test_outage_is_written_as_it_begins_each_five_minutes_and_as_it_ends(
    clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    outage = Outage("The database is back")
    with caplog.at_level(logging.WARNING):
        for _ in range(4 * 400):
            outage.failed("It is away.")
            clock[0] += 0.25
        assert not outage.may_be_over
        clock[0] += 6
        assert outage.may_be_over
        outage.over()
        outage.over()
        lines = [record.getMessage() for record in caplog.records]
    away = "It is away. The studio recovers automatically."
    assert lines == [away, away, "The database is back after 406 s."]


def test_outage_that_comes_again_at_once_is_the_same_one(clock: list[float], caplog: pytest.LogCaptureFixture) -> None:
    outage = Outage("The database is back")
    for _ in range(20):
        outage.failed("It is away.")
        clock[0] += 6
        outage.over()
    assert len(caplog.records) == 2


@pytest.mark.django_db(transaction=True)
def test_job_whose_attempt_cannot_be_recorded_is_not_sent(
    job: Job, apixo: FakeApixo, caplog: pytest.LogCaptureFixture
) -> None:
    """What cannot be written down cannot be paid for: the job is due again, nothing was sent, and nobody is alarmed."""

    def full(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        if sql.startswith('INSERT INTO "wanstudio_attempt"'):
            raise OperationalError("the connection was lost")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(full):
        assert advance(Job, job.pk)
    now = fresh(job)
    assert (apixo.posts, now.state, now.submissions.count()) == ([], State.QUEUED, 0)
    assert now.due_at is not None
    assert [record for record in caplog.records if record.exc_info] == []
    assert [record.name for record in caplog.records if record.levelno == logging.ERROR] == [outages.__name__]
