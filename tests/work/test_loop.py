"""The embedded worker: finds what is due, tells that it lives, and stops in order."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import Settings

from tests.e2e.studio import wait_until
from tests.fake_apixo import FakeApixo, envelope, taken_but
from tests.provider.scripted import answer
from tests.worker_fixtures import MakeJob
from tests.worker_steps import fresh
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.keys.models import ProviderKey
from wanstudio.operations.sweep import sweep_drafts
from wanstudio.uploads.models import Source
from wanstudio.work import loop, registry
from wanstudio.work.advance import advance, due_of_all_kinds, quiet_s
from wanstudio.work.elsewhere import elsewhere
from wanstudio.work.leases import Leased
from wanstudio.work.loop import Loop
from wanstudio.work.models import Heartbeat

Working = Callable[..., AbstractContextManager[threading.Thread]]


@pytest.fixture
def working(apixo: FakeApixo, monkeypatch: pytest.MonkeyPatch) -> Working:
    """A loop at work in a thread; it has stopped when the block ends."""
    monkeypatch.setattr(loop, "LOOK_EVERY_S", 0.02)

    @contextmanager
    def work() -> Iterator[threading.Thread]:
        stop = threading.Event()
        thread = threading.Thread(target=Loop(stop).run)
        thread.start()
        try:
            yield thread
        finally:
            stop.set()
            thread.join(60)
        assert not thread.is_alive(), "it did not stop in time"

    return work


def test_loop_brings_a_job_from_the_click_to_done(job: Job, apixo: FakeApixo, film: bytes, working: Working) -> None:
    with working():
        apixo.wait_for(lambda: fresh(job).state == State.RUNNING)
        apixo.succeed(fresh(job).task_id, film)
        Job.objects.update(due_at=Now())
        apixo.wait_for(lambda: fresh(job).state == State.DONE)
    assert fresh(job).lease_token is None
    assert len(apixo.posts) == 1


def test_loop_sends_each_of_many_jobs_once(make_job: MakeJob, apixo: FakeApixo, film: bytes, working: Working) -> None:
    jobs = [make_job() for _ in range(30)]
    with working():
        apixo.wait_for(lambda: len(apixo.posts) == 30)
        apixo.wait_for(lambda: not Job.objects.exclude(state=State.RUNNING).exists())
    assert sorted(Job.objects.values_list("task_id", flat=True)) == sorted(apixo.made)
    assert len(apixo.posts) == len(jobs)


def test_loop_makes_posters_and_reads_the_balance(
    make_job: MakeJob, apixo: FakeApixo, film: bytes, working: Working
) -> None:
    source = make_job().motion
    apixo.files["/inputs/walk.mp4"] = film
    Source.objects.filter(pk=source.pk).update(due_at=Now())
    with working():
        apixo.wait_for(lambda: bool(Source.objects.get(pk=source.pk).poster))
        # The balance is asked for at every start.
        apixo.wait_for(lambda: ProviderKey.at("apixo").balance is not None)


def test_no_step_waits_behind_another_that_waits_for_a_network(
    make_job: MakeJob, apixo: FakeApixo, working: Working, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [make_job().pk for _ in range(2 * loop.THREADS + 1)]
    go, begun = threading.Event(), []

    connected = threading.Event()

    def wait_for_network(model: type[Job], pk: int) -> bool:
        begun.append(pk)
        connected.wait(120)
        with elsewhere():
            return go.wait(120)

    monkeypatch.setattr(loop, "due_of_all_kinds", lambda limit: [(Job, job) for job in jobs])
    monkeypatch.setattr(loop, "advance", wait_for_network)
    with working():
        apixo.wait_for(lambda: len(set(begun)) == loop.THREADS)
        connected.set()
        apixo.wait_for(lambda: set(begun) == set(jobs))
        go.set()


def test_idle_loop_rests_until_the_next_due_time_or_a_write(
    job: Job, apixo: FakeApixo, working: Working, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []

    def look(limit: int) -> list[tuple[type[Leased], int]]:
        looks.append(limit)
        return due_of_all_kinds(limit)

    Job.objects.update(due_at=Now() + timedelta(seconds=60))
    monkeypatch.setattr(loop, "LOOK_ANYWAY_S", 60)
    monkeypatch.setattr(loop, "due_of_all_kinds", look)
    with working():
        # What is due at the start is done; then nothing is written any more, and nothing looked for.
        apixo.wait_for(lambda: not _is_in_hand())
        if connection.vendor == "sqlite":
            # PostgreSQL speaks for all databases of a server, and other tests write into theirs.
            apixo.wait_for(lambda: _rests(looks))
        Job.objects.update(due_at=Now())
        apixo.wait_for(lambda: bool(apixo.posts))


def _rests(looks: list[int]) -> bool:
    before = len(looks)
    time.sleep(0.5)
    return len(looks) == before


def _is_in_hand() -> bool:
    return any(model.objects.filter(due_at__lte=Now()).exists() for model in registry.kinds)  # type: ignore[attr-defined]


def nothing_is_due() -> None:
    registry.load_steps()
    for model in registry.kinds:
        model._default_manager.update(due_at=None, nudged_at=None)


def test_next_due_time_is_foreseen_unless_a_row_is_in_hand(job: Job) -> None:
    nothing_is_due()
    assert quiet_s() == float("inf")
    Job.objects.update(due_at=Now() + timedelta(hours=1))
    assert 3500 < quiet_s() <= 3600
    Job.objects.update(nudged_at=Now())
    assert quiet_s() == 0
    Job.objects.update(nudged_at=None, due_at=Now())
    assert quiet_s() == 0


def test_kinds_take_turns_and_the_longest_due_of_each_come_first(make_job: MakeJob) -> None:
    nothing_is_due()
    late, early, nudged, beyond = (make_job() for _ in range(4))
    for ago, job in ((10, late), (20, early), (1, beyond)):
        Job.objects.filter(pk=job.pk).update(due_at=Now() - timedelta(seconds=ago))
    Job.objects.filter(pk=nudged.pk).update(due_at=None, nudged_at=Now() - timedelta(seconds=15))
    Source.objects.filter(pk=late.motion_id).update(due_at=Now())
    found = due_of_all_kinds(3)
    assert [pk for model, pk in found if model is Job] == [early.pk, nudged.pk, late.pk]
    assert {model for model, _ in found[:2]} == {Job, Source}, "no kind waits behind the second of another"
    assert len(found) == 4


def test_loop_writes_heartbeats_until_it_stops(apixo: FakeApixo, working: Working) -> None:
    assert not Heartbeat.alive()
    with working():
        apixo.wait_for(Heartbeat.alive)
        assert Heartbeat.objects.count() == 1
    assert not Heartbeat.alive(), "it said goodbye"


def test_loop_goes_on_after_a_failed_look(
    job: Job, apixo: FakeApixo, working: Working, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failures = [DatabaseError("database is locked")] * 2

    def due(limit: int) -> list[tuple[type[Leased], int]]:
        if failures:
            raise failures.pop()
        return [(Job, pk) for pk in Job.ready().values_list("pk", flat=True)]

    monkeypatch.setattr(loop, "due_of_all_kinds", due)
    with working():
        apixo.wait_for(lambda: fresh(job).state == State.RUNNING)
    assert "could not look for work" in caplog.text


def test_loop_survives_a_failed_claim(
    job: Job, apixo: FakeApixo, working: Working, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failures = [DatabaseError("database is locked")]

    def fail_once(model: type[Job], pk: int) -> bool:
        if model is Job and failures:
            raise failures.pop()
        return advance(model, pk)

    monkeypatch.setattr(loop, "advance", fail_once)
    with working():
        apixo.wait_for(lambda: fresh(job).state == State.RUNNING)
    assert "could not be claimed" in caplog.text


def test_stopping_loop_lets_a_submission_finish(
    job: Job, apixo: FakeApixo, working: Working, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping, end_worker = threading.Event(), loop.end_worker

    def answer_at_the_end(line: object, over: threading.Event) -> None:
        stopping.wait(60)
        answer(200, envelope(data={"taskId": apixo.made[0]}))(line, over)  # type: ignore[arg-type]

    def end(busy: Callable[[], int]) -> None:
        stopping.set()
        end_worker(busy)

    monkeypatch.setattr(loop, "end_worker", end)
    monkeypatch.setattr(loop, "LAST_STEPS_S", 60)
    apixo.on_post(taken_but(answer_at_the_end))
    with working():
        apixo.wait_for(lambda: bool(apixo.posts))
    assert stopping.is_set()
    assert fresh(job).state == State.RUNNING


def test_stopping_loop_begins_no_more_steps(make_job: MakeJob, apixo: FakeApixo, working: Working) -> None:
    for _ in range(12):
        make_job()
    with working():
        apixo.wait_for(lambda: len(apixo.posts) >= 1)
    assert not Job.objects.filter(state=State.SUBMITTING).exists()
    assert Job.objects.filter(state=State.RUNNING).count() == len(apixo.posts)


def test_step_that_does_not_finish_is_cut_off(
    job: Job,
    apixo: FakeApixo,
    working: Working,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    monkeypatch.setattr(loop, "LAST_STEPS_S", 0.1)
    # Nothing else is in hand at the end, such as the balance that is asked for at every start.
    monkeypatch.setattr(loop, "due_of_all_kinds", lambda limit: [(Job, job.pk)])
    answering = threading.Event()

    def too_slow(line: object, over: threading.Event) -> None:
        answering.wait(60)
        answer(200, envelope(data={"taskId": apixo.made[0]}))(line, over)  # type: ignore[arg-type]

    apixo.on_post(taken_but(too_slow))
    with working():
        apixo.wait_for(lambda: bool(apixo.posts))
    assert "1 steps cut off" in caplog.text
    # In a process of its own it would be gone now; here its thread is let go before the next test.
    answering.set()
    apixo.wait_for(lambda: not any(thread.name.startswith("step") for thread in threading.enumerate()))
    assert fresh(job).state == State.RUNNING


def test_old_drafts_are_deleted(settings: Settings) -> None:
    folder = settings.FILE_UPLOAD_TEMP_DIR
    old, new, inner = folder / "result-old.mp4", folder / "result-new.mp4", folder / "folder"
    for draft in (old, new):
        draft.write_bytes(b"half")
    inner.mkdir()
    yesterday = time.time() - timedelta(hours=25).total_seconds()
    for path in (old, inner):
        os.utime(path, (yesterday, yesterday))
    sweep_drafts()
    assert (old.exists(), new.exists(), inner.exists()) == (False, True, True)
    new.unlink()
    inner.rmdir()


def test_worker_counts_as_silent_after_half_a_minute(transactional_db: None) -> None:
    Heartbeat.beat("here:1")

    def is_alive_after_29_s() -> bool:
        Heartbeat.objects.update(seen_at=timezone.now() - timedelta(seconds=29))
        return Heartbeat.alive()

    # Where the machine stood still for a second in between, it is seen once more.
    wait_until(is_alive_after_29_s, "it counts as alive")
    Heartbeat.objects.update(seen_at=timezone.now() - timedelta(seconds=31))
    assert not Heartbeat.alive()
    Heartbeat.objects.update(seen_at=timezone.now() - timedelta(days=2))
    Heartbeat.beat("here:2")
    assert Heartbeat.objects.get().name == "here:2"
