"""A worker dies in every state and at every step between: the next one finds the job, and nothing is paid twice.

Here a death is a lease that runs out; test_kill.py kills real processes.
"""

from threading import current_thread
from threading import enumerate as enumerate_threads
from typing import Any

import pytest
from django.db import DatabaseError

from tests.fake_apixo import FakeApixo, refusal, taken_but
from tests.provider.scripted import answer, reset
from tests.worker_fixtures import MakeJob
from tests.worker_steps import died, fresh, later, rests, running, states, step, wait_s, woken
from wanstudio.jobs import verbs
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.jobs.steps import polling as check
from wanstudio.jobs.steps import submission as submit
from wanstudio.keys.models import ProviderKey
from wanstudio.money.models import Money
from wanstudio.provider.calls import Error, Outcome, Submission
from wanstudio.videos import steps as archive
from wanstudio.work.advance import advance, due
from wanstudio.work.leases import Stale


def claimed(job: Job) -> Job:
    """The job under the lease of a worker that is about to die."""
    mine = Job.claim(job.pk)
    assert mine
    return mine


def after_death(job: Job) -> Job:
    """Found again by the loop's own look for work, and stepped once."""
    assert job.pk not in due(Job), "its lease keeps others away"
    died(job)
    assert job.pk in due(Job)
    assert advance(Job, job.pk)
    return fresh(job)


def test_after_the_claim(job: Job, apixo: FakeApixo) -> None:
    claimed(job)
    assert not advance(Job, job.pk)
    assert after_death(job).state == State.RUNNING
    assert len(apixo.posts) == 1


def test_submitting_with_callbacks(job: Job, apixo: FakeApixo) -> None:
    verbs.begin_submitting(claimed(job), callback=True)
    job = after_death(job)
    assert (job.state, job.money, job.ask_person) == (State.UNCERTAIN, Money.UNKNOWN, False)
    assert 3500 < wait_s(job) <= 3600
    assert apixo.posts == []
    # The POST had gone out: the callback says so.
    verbs.note_task(job.submissions.get(), apixo.new_task())
    job.nudge()
    assert woken(job).state == State.RUNNING


def test_submitting_without_callbacks(job: Job, apixo: FakeApixo) -> None:
    verbs.begin_submitting(claimed(job), callback=False)
    job = after_death(job)
    assert (job.state, job.money, job.ask_person) == (State.UNCERTAIN, Money.UNKNOWN, True)
    assert rests(job)
    assert apixo.posts == []


def test_submitting_and_called_back_before_anybody_looks(job: Job, apixo: FakeApixo) -> None:
    attempt = verbs.begin_submitting(claimed(job), callback=True)
    verbs.note_task(attempt, apixo.new_task())
    job.nudge()
    job = after_death(job)
    assert job.state == State.UNCERTAIN
    job = woken(job)
    assert (job.state, apixo.posts) == (State.RUNNING, [])


@pytest.mark.parametrize(
    ("answered", "state", "money"),
    [
        ({"outcome": Outcome.ACCEPTED, "task_id": "task_told"}, State.RUNNING, Money.RESERVED),
        ({"outcome": Outcome.NOT_SENT, "error": Error.NOT_CONNECTED}, State.QUEUED, Money.RESERVED),
        ({"outcome": Outcome.NOT_ACCEPTED, "error": Error.UNAVAILABLE}, State.QUEUED, Money.RESERVED),
        ({"outcome": Outcome.THROTTLED, "error": Error.RATE_LIMITED}, State.QUEUED, Money.RESERVED),
        ({"outcome": Outcome.ACCOUNT, "error": Error.UNAUTHORIZED}, State.QUEUED, Money.RESERVED),
        ({"outcome": Outcome.ACCOUNT, "error": Error.INSUFFICIENT_BALANCE}, State.QUEUED, Money.RESERVED),
        ({"outcome": Outcome.REJECTED, "error": Error.BAD_REQUEST, "message": "no"}, State.FAILED, Money.RELEASED),
        ({"outcome": Outcome.REJECTED, "error": Error.FORBIDDEN}, State.FAILED, Money.RELEASED),
        ({"outcome": Outcome.UNKNOWN, "error": Error.TIMED_OUT}, State.UNCERTAIN, Money.UNKNOWN),
    ],
)
@pytest.mark.parametrize("late", [False, True], ids=["before anybody looked", "after it was taken for lost"])
def test_an_answer_that_was_written_down_is_followed(
    job: Job, apixo: FakeApixo, answered: dict[str, Any], state: State, money: Money, late: bool
) -> None:
    attempt = verbs.begin_submitting(claimed(job), callback=True)
    if late:
        assert after_death(job).state == State.UNCERTAIN
        verbs.record_answer(attempt, Submission(**answered))
        job.nudge()
        job = woken(job)
    else:
        verbs.record_answer(attempt, Submission(**answered))
        job = after_death(job)
    assert (job.state, job.money) == (state, money)
    assert apixo.posts == []
    if answered["outcome"] is Outcome.ACCEPTED:
        assert job.task_id == "task_told"
    if answered["outcome"] is Outcome.ACCOUNT:
        assert ProviderKey.at("apixo").pause
    if answered["outcome"] is Outcome.THROTTLED:
        assert ProviderKey.opens_at("apixo")


def test_a_refusal_that_a_callback_contradicts(job: Job, apixo: FakeApixo) -> None:
    """The task exists, whatever the answer said: it is followed, and not paid for again."""
    attempt = verbs.begin_submitting(claimed(job), callback=True)
    job = after_death(job)
    verbs.record_answer(attempt, Submission(Outcome.REJECTED, error=Error.BAD_REQUEST))
    verbs.note_task(attempt, apixo.new_task())
    job.nudge()
    assert woken(job).state == State.RUNNING


def test_crash_after_crash_asks_for_no_more_than_the_table_allows(job: Job, apixo: FakeApixo) -> None:
    apixo.on_post(refusal(503), always=True)
    for _ in range(4):
        mine = claimed(job)
        attempt = verbs.begin_submitting(mine, callback=True)
        verbs.record_answer(attempt, Submission(Outcome.NOT_ACCEPTED, error=Error.UNAVAILABLE, http_status=503))
        job = after_death(job)
        Job.objects.filter(pk=job.pk, due_at__isnull=False).update(due_at=job.created_at)
    assert (job.state, Attempt.objects.count()) == (State.FAILED, 4)


def test_running(job: Job, apixo: FakeApixo, film: bytes) -> None:
    job = running(job)
    apixo.succeed(job.task_id, film)
    claimed(later(job, minutes=3))
    job = after_death(job)
    assert job.state == State.ARCHIVING
    claimed(job)
    assert after_death(job).state == State.DONE
    assert len(apixo.posts) == 1


def test_uncertain(job: Job, apixo: FakeApixo) -> None:
    apixo.on_post(taken_but(reset))
    job = step(job)
    verbs.note_task(job.submissions.get(), apixo.made[0])
    job.nudge()
    Job.objects.filter(pk=job.pk).update(claimed_at=None)
    claimed(job)
    assert fresh(job).nudged_at is None, "the dead worker has taken the hint"
    assert after_death(job).state == State.RUNNING


def test_a_worker_that_was_stopped_comes_back_too_late(job: Job, apixo: FakeApixo, film: bytes) -> None:
    """Fencing: whatever the old worker does after its lease, it writes nothing."""
    old = claimed(job)
    assert after_death(job).state == State.RUNNING
    with pytest.raises(Stale):
        submit.send(old)
    old = claimed(later(job, minutes=3))
    apixo.succeed(fresh(job).task_id, film)
    assert after_death(job).state == State.ARCHIVING
    with pytest.raises(Stale):
        check.poll(old)
    old = claimed(job)
    assert after_death(job).state == State.DONE
    with pytest.raises(Stale):
        archive.save(old)
    old.release()
    job = fresh(job)
    assert (job.state, len(apixo.posts), job.videos.count()) == (State.DONE, 1, 1)
    assert states(job) == ["queued", "submitting", "running", "archiving", "done"]


def test_two_workers_do_not_hold_one_row(make_job: MakeJob, apixo: FakeApixo) -> None:
    job = running(make_job())
    mine = claimed(later(job, minutes=3))
    assert mine.keep_lease()
    assert Job.claim(job.pk) is None
    died(job)
    assert not mine.keep_lease(), "a dead lease stays dead"
    theirs = claimed(job)
    assert not mine.keep_lease()
    mine.release()
    assert theirs.keep_lease(), "the old one lets go of nothing"


def test_a_long_step_keeps_its_lease(job: Job, apixo: FakeApixo, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(line: Any, over: Any) -> None:
        died_at = fresh(job).lease_until
        apixo.wait_for(lambda: (fresh(job).lease_until or died_at) != died_at)
        answer(200, {"code": 200, "message": "success", "data": {"taskId": apixo.made[0]}})(line, over)

    monkeypatch.setattr("wanstudio.work.advance.HEARTBEAT_S", 0.05)
    apixo.on_post(taken_but(slow))
    assert running(job).task_id == apixo.made[0]


def test_a_heartbeat_survives_a_database_that_is_busy(
    job: Job, apixo: FakeApixo, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    keep_lease, beats = Job.keep_lease, []

    def busy_once(self: Job) -> bool:
        if current_thread().name.startswith("lease"):
            beats.append(self.pk)
            if len(beats) == 1:
                raise DatabaseError("database is locked")
        return keep_lease(self)

    def slow(line: Any, over: Any) -> None:
        apixo.wait_for(lambda: len(beats) >= 3)
        answer(200, {"code": 200, "message": "success", "data": {"taskId": apixo.made[0]}})(line, over)

    monkeypatch.setattr("wanstudio.work.advance.HEARTBEAT_S", 0.02)
    monkeypatch.setattr(Job, "keep_lease", busy_once)
    apixo.on_post(taken_but(slow))
    assert running(job).state == State.RUNNING
    assert "could not be extended" in caplog.text


def test_a_heartbeat_ends_with_its_lease(job: Job, apixo: FakeApixo, monkeypatch: pytest.MonkeyPatch) -> None:
    def outlive(line: Any, over: Any) -> None:
        died(job)
        apixo.wait_for(lambda: not any(thread.name == f"lease-{job.pk}" for thread in enumerate_threads()))
        answer(200, {"code": 200, "message": "success", "data": {"taskId": apixo.made[0]}})(line, over)

    monkeypatch.setattr("wanstudio.work.advance.HEARTBEAT_S", 0.02)
    apixo.on_post(taken_but(outlive))
    assert running(job).task_id == apixo.made[0], "nobody else had taken it"
