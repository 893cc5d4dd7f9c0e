"""Celery's side without a broker: what is handed over, how often, and what a message does."""

import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.db.models.functions import Now

from tests.fake_apixo import FakeApixo
from tests.worker_fixtures import MakeJob
from tests.worker_steps import fresh
from wanstudio.celery import QUEUE, OneLine, Sweeper, app
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.keys import verbs as key_verbs
from wanstudio.keys.models import ProviderKey
from wanstudio.uploads.models import Source
from wanstudio.work import tasks
from wanstudio.work.leases import ANNOUNCED_FOR
from wanstudio.work.models import Heartbeat
from wanstudio.work.outages import Outage
from wanstudio.work.tasks import Presence, advance_row, presence, sweep

Told = list[tuple[Any, ...]]


@pytest.fixture
def told(apixo: FakeApixo) -> Iterator["Mailbox"]:
    """What was published, on Celery's broker in memory."""
    Source.objects.update(due_at=None)
    with app.connection_for_read() as line:
        box = Mailbox(line)
        box.read()
        yield box


class Mailbox:
    def __init__(self, line: Any) -> None:
        self._queue = app.amqp.queues[QUEUE].bind(line.default_channel)
        self._queue.declare()

    def read(self) -> Told:
        """The arguments of all messages since the last look."""
        found = []
        while message := self._queue.get(no_ack=True):
            found.append(tuple(message.payload[0]))
        return found


def jobs(told: Told) -> list[int]:
    return sorted(pk for name, pk in told if name == "Job")


def test_sweep_hands_over_due_rows(make_job: MakeJob, told: "Mailbox") -> None:
    due, later, nudged = make_job(), make_job(), make_job()
    Job.objects.filter(pk__in=[later.pk, nudged.pk]).update(due_at=F("due_at") + timedelta(hours=1))
    nudged.nudge()
    sweep()
    assert jobs(told.read()) == [due.pk, nudged.pk]


def test_row_is_handed_over_once_in_ten_seconds(job: Job, told: "Mailbox") -> None:
    sweep()
    sweep()
    assert jobs(told.read()) == [job.pk]
    Job.objects.update(announced_at=F("announced_at") - ANNOUNCED_FOR)
    sweep()
    assert jobs(told.read()) == [job.pk], "its message is lost by then"


def test_claimed_row_is_handed_over_again_at_once(job: Job, told: "Mailbox") -> None:
    sweep()
    mine = Job.claim(job.pk)
    assert mine
    mine.postpone(timedelta(0))
    mine.release()
    sweep()
    assert jobs(told.read()) == [job.pk, job.pk]


def test_sweep_is_bounded(make_job: MakeJob, told: "Mailbox", monkeypatch: pytest.MonkeyPatch) -> None:
    made = [make_job() for _ in range(5)]
    monkeypatch.setattr(tasks, "A_SWEEP", 3)
    sweep()
    assert len(jobs(told.read())) == 3
    sweep()
    assert len(jobs(told.read())) == 2, "the rest comes with the next one"
    assert len(made) == 5


def test_message_does_one_step(job: Job, apixo: FakeApixo, told: "Mailbox") -> None:
    advance_row("Job", job.pk)
    advance_row("Job", job.pk)
    assert fresh(job).state == State.RUNNING
    assert len(apixo.posts) == 1
    assert not jobs(told.read()), "its next step is not due yet"


def test_step_that_leaves_a_row_ready_is_followed_by_the_next(
    job: Job, apixo: FakeApixo, film: bytes, told: "Mailbox"
) -> None:
    advance_row("Job", job.pk)
    apixo.succeed(fresh(job).task_id, film)
    Job.objects.update(due_at=Now())
    advance_row("Job", job.pk)
    assert fresh(job).state == State.ARCHIVING
    assert jobs(told.read()) == [job.pk]


@pytest.mark.parametrize("name", ["Nothing", "User", "Team"])
def test_unknown_message_does_nothing(job: Job, told: "Mailbox", name: str) -> None:
    advance_row(name, job.pk)
    advance_row("Job", job.pk + 1000)
    assert fresh(job).state == State.QUEUED


def test_stopping_worker_begins_nothing(job: Job, told: "Mailbox", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "stopping", True)
    advance_row("Job", job.pk)
    assert fresh(job).state == State.QUEUED


def test_due_key_is_handed_over(told: "Mailbox") -> None:
    key = ProviderKey.at("apixo")
    key_verbs.ask_balance(key)
    sweep()
    assert ("ProviderKey", key.pk) in told.read()


def test_worker_is_working_during_steps_and_after_sweeps() -> None:
    worker = Presence()
    assert not worker.is_working
    with worker.step() as may_begin:
        assert may_begin
        assert worker.is_working
    assert not worker.is_working
    worker.swept_at = time.monotonic()
    assert worker.is_working


def test_worker_without_sweeps_does_not_beat(told: "Mailbox", monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter([None, None, True])

    def look(worker: Presence) -> bool:
        if next(looks):
            worker.stopping = True
        return False

    monkeypatch.setattr(Presence, "is_working", property(look))
    monkeypatch.setattr("wanstudio.work.tasks.LOOK_EVERY_S", 0)
    Presence().run()
    assert not Heartbeat.objects.exists()


def test_broker_that_is_away_is_one_line_as_it_goes_and_one_as_it_is_back(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wanstudio.celery.BROKER", Outage("The broker takes messages again"))
    beat, consumer = Sweeper(app, lazy=True), OneLine()

    def apply_async(*args: object, **options: object) -> None:
        if away:
            raise ConnectionError("refused")

    monkeypatch.setattr(beat, "apply_async", apply_async)
    msg = "consumer: Cannot connect to %s: %s.\n%s\n"
    retry = logging.makeLogRecord({"msg": msg, "args": ("redis://", "refused", "")})
    for away in (True, True, True, False, False):
        beat.apply_entry(None)
        assert not away or not consumer.filter(retry)
    assert [record.getMessage().split("(")[0].split(" after")[0] for record in caplog.records] == [
        "The broker takes no messages, so no sweep can be asked for ",
        "The broker takes messages again",
    ]
