"""The database after a long wait: what was learned is written, and broken connections are not met."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.core.signals import request_started
from django.db import InterfaceError, OperationalError, connection

from tests.worker_steps import fresh
from wanstudio.jobs.models.job import Job
from wanstudio.work import reconnect as database
from wanstudio.work.reconnect import durably, refresh


def test_write_is_tried_until_the_database_answers(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "PAUSE_S", 0)
    failures: list[Exception] = [OperationalError("the database system is starting up"), InterfaceError("closed")]

    def write() -> int:
        if failures:
            raise failures.pop()
        return Job.objects.filter(pk=job.pk).update(problem="written")

    assert durably(write) == 1
    assert fresh(job).problem == "written"


def test_write_is_given_up_after_an_hour(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "PATIENCE_S", -1)

    def write() -> None:
        raise OperationalError("gone for good")

    with pytest.raises(OperationalError):
        durably(write)


def test_error_of_the_write_itself_is_raised_at_once(job: Job) -> None:
    with pytest.raises(ZeroDivisionError):
        durably(lambda: 1 / 0)


def test_refresh_closes_a_broken_connection(job: Job) -> None:
    if connection.vendor == "postgresql":
        connection.connection.close()
    refresh()
    assert fresh(job) == job


def words_in(path: Path, words: str) -> Path:
    with closing(sqlite3.connect(path)) as made, made:
        made.execute("PRAGMA journal_mode=WAL")
        made.execute("CREATE TABLE said (words)")
        made.execute("INSERT INTO said VALUES (?)", [words])
    return path


def said() -> str:
    with connection.cursor() as cursor:
        return str(cursor.execute("SELECT words FROM said").fetchone()[0])


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="a server has no file that can be replaced")
def test_kept_connection_notices_that_its_file_was_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "NAME", str(words_in(tmp_path / "studio", "old")))
    try:
        request_started.send(None)
        assert said() == "old"
        kept = connection.connection
        request_started.send(None)
        assert said() == "old"
        assert connection.connection is kept

        os.replace(words_in(tmp_path / "other", "new"), tmp_path / "studio")
        request_started.send(None)
        assert said() == "new"
        assert connection.connection is not kept
    finally:
        connection.close()
