"""The database after a long wait: what was learned is written, and broken connections are not met."""

import pytest
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


def test_write_is_given_up_after_a_minute(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
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
