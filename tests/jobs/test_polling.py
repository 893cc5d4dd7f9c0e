"""Status answers: only a clear one moves the job, any other is a reason to ask again."""

import json
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from tests.fake_apixo import HTML, FakeApixo, envelope, refusal, taken_but
from tests.provider.scripted import Move, answer, close, hang, raw, reset
from tests.worker_fixtures import MakeJob
from tests.worker_steps import fresh, impatient, just_claimed, later, rests, running, states, step, wait_s, woken
from wanstudio.jobs import verbs
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.jobs.words import Sentence
from wanstudio.keys.models import ProviderKey
from wanstudio.money.models import Money
from wanstudio.work.advance import advance

NO_ANSWER: dict[str, Move] = {
    "500": refusal(500),
    "502 of a gateway": answer(502, HTML),
    "503": refusal(503),
    "504": refusal(504),
    "400": refusal(400),
    "401": refusal(401),
    "403": refusal(403),
    "404 of a gateway": answer(404, HTML),
    "a redirect": answer(302, b"", {"Location": "http://127.0.0.1:9/"}),
    "bad JSON": answer(200, b'{"code":200'),
    "another code": answer(200, envelope(500)),
    "unknown state": answer(200, envelope(data={"state": "paused"})),
    "no data": answer(200, envelope()),
    "another task": answer(200, envelope(data={"taskId": "task_other", "state": "success"})),
    "a lying length": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + json.dumps(envelope()).encode()),
    "no answer": hang,
    "reset": reset,
    "closed": close,
}


@pytest.mark.parametrize("how", NO_ANSWER)
def test_no_clear_answer_is_no_failure(job: Job, apixo: FakeApixo, how: str, settings: Settings) -> None:
    job = running(job)
    apixo.on_status(NO_ANSWER[how])
    with impatient(settings) if how == "no answer" else nullcontext():
        job = step(job)
    assert (job.state, job.money, job.setbacks) == (State.RUNNING, Money.RESERVED, 1)
    assert wait_s(job) > 59
    assert not ProviderKey.at("apixo").pause
    apixo.fail(job.task_id, "GENERATION_FAILED")
    assert step(job).state == State.FAILED


@pytest.mark.usefixtures("unreachable")
def test_it_backs_off_and_says_so(job: Job, apixo: FakeApixo) -> None:
    job = running(job)
    apixo.on_status(*[refusal(502)] * 9)
    for setbacks in range(1, 10):
        job = step(job)
        low = 5.5 * 2 ** min(setbacks - 1, 6)
        assert low - 1 < wait_s(job) <= low / 5.5 * 10
    assert "gives no clear answer" in job.problem
    job = step(job)
    assert (job.setbacks, job.problem, job.state) == (0, "", State.RUNNING)


@pytest.mark.parametrize(
    "result",
    [
        None,
        "",
        "{",
        "[]",
        "{}",
        '{"resultUrls":[]}',
        '{"resultUrls":null}',
        '{"resultUrls":["file:///etc/passwd"]}',
    ],
)
def test_success_without_a_result_is_asked_again(job: Job, apixo: FakeApixo, result: Any) -> None:
    job = running(job)
    apixo.on_status(answer(200, envelope(data={"taskId": job.task_id, "state": "success", "resultJson": result})))
    job = step(job)
    assert (job.state, job.money, job.setbacks) == (State.RUNNING, Money.RESERVED, 1)
    apixo.succeed(job.task_id, b"film")
    assert step(job).state == State.ARCHIVING


def test_success_settles_the_price(job: Job, apixo: FakeApixo) -> None:
    job = running(job)
    links = apixo.succeed(job.task_id, b"one", b"two")
    job = step(job)
    assert (job.state, job.money, job.result_urls, job.cost_ms) == (State.ARCHIVING, Money.SETTLED, links, 161388)
    assert job.result_at
    assert wait_s(job) <= 0


def test_failed_is_released_as_we_assume(job: Job, apixo: FakeApixo) -> None:
    job = running(job)
    apixo.fail(job.task_id, "SensitiveContentDetected", "The picture is not allowed")
    job = step(job)
    assert (job.state, job.money) == (State.FAILED, Money.ASSUMED)
    assert (job.failure, job.failure_message) == ("SensitiveContentDetected", "The picture is not allowed")
    assert rests(job)


def test_failed_without_a_code(job: Job, apixo: FakeApixo) -> None:
    job = running(job)
    apixo.fail(job.task_id, "")
    assert step(job).failure == "GENERATION_FAILED"


def test_a_task_that_flaps_backwards(job: Job, apixo: FakeApixo) -> None:
    job = running(job)
    for state in ("processing", "pending", "processing", "pending"):
        apixo.tasks[job.task_id]["state"] = state
        job = step(job)
        assert (job.state, job.setbacks, job.problem) == (State.RUNNING, 0, "")
    assert job.polls == 4
    assert states(job) == ["queued", "submitting", "running"]


def test_unknown_fields_are_ignored(job: Job, apixo: FakeApixo) -> None:
    job = running(job)
    apixo.succeed(job.task_id, b"film", progress=99, nested={"a": [1]}, costTime="soon")
    job = step(job)
    assert (job.state, job.cost_ms) == (State.ARCHIVING, None)


@pytest.mark.parametrize("skew", [timedelta(hours=1), timedelta(days=400), timedelta(days=-2), None])
def test_a_clock_that_is_wrong_is_not_believed(job: Job, apixo: FakeApixo, skew: timedelta | None) -> None:
    job = running(job)
    told = 2**52 if skew is None else int((timezone.now() + skew).timestamp() * 1000)
    apixo.succeed(job.task_id, b"film", completeTime=told)
    job = step(job)
    assert job.result_at
    assert abs(job.result_at - timezone.now()) < timedelta(seconds=20)


def test_a_result_made_an_hour_ago_expires_an_hour_earlier(job: Job, apixo: FakeApixo) -> None:
    job = running(job)
    apixo.succeed(job.task_id, b"film", completeTime=int((timezone.now() - timedelta(hours=1)).timestamp() * 1000))
    expires_at = step(job).expires_at
    assert expires_at
    assert abs(expires_at - timezone.now() - timedelta(hours=23)) < timedelta(seconds=20)


# --- 404 ----------------------------------------------------------------------------------------------


def test_a_task_that_is_missing_for_ten_minutes_is_lost(job: Job, apixo: FakeApixo) -> None:
    job = running(job)
    apixo.on_status(refusal(404, "Task not found"), always=True)
    job = step(job)
    assert (job.state, job.money) == (State.RUNNING, Money.RESERVED)
    assert "cannot find this task" in job.problem
    job = step(later(job, minutes=9))
    assert job.state == State.RUNNING
    job = step(later(job, minutes=2))
    assert (job.state, job.failure, job.money) == (State.FAILED, "TASK_NOT_FOUND", Money.UNKNOWN)


def test_a_worker_that_was_away_asks_again_before_a_task_is_lost(job: Job, apixo: FakeApixo) -> None:
    job = running(job)
    apixo.on_status(refusal(404), refusal(404))
    job = step(later(step(job), hours=1))
    assert (job.state, job.money) == (State.RUNNING, Money.RESERVED)
    assert step(job).state == State.RUNNING


def test_a_task_that_comes_back_starts_the_ten_minutes_anew(job: Job, apixo: FakeApixo) -> None:
    job = running(job)
    apixo.on_status(refusal(404), answer(200, envelope(404)))
    job = step(job)
    job = step(later(job, minutes=9))
    job = step(later(job, minutes=9))
    assert (job.state, job.missing_since, job.problem) == (State.RUNNING, None, "")
    apixo.on_status(refusal(404))
    assert step(later(job, hours=1)).state == State.RUNNING


# --- 429 ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("unreachable")
def test_429_holds_every_job_of_the_key_back(make_job: MakeJob, apixo: FakeApixo) -> None:
    first, second = running(make_job()), running(make_job())
    apixo.on_status(refusal(429, Retry_After="45"))
    assert 44 < wait_s(step(first)) < 48
    opens = ProviderKey.opens_at("apixo")
    due_at = step(second).due_at
    assert opens
    assert due_at
    assert opens < due_at < opens + timedelta(seconds=3)
    assert step(make_job()).state == State.QUEUED
    assert (len(apixo.polls), len(apixo.posts)) == (1, 2)


@pytest.mark.usefixtures("unreachable")
def test_429_that_asks_for_nothing_keeps_the_distance_of_polls(job: Job, apixo: FakeApixo) -> None:
    job = running(job)
    apixo.on_status(refusal(429, Retry_After="0"))
    assert 5.5 - 1 < wait_s(step(job)) <= 10


# --- slow ---------------------------------------------------------------------------------------------


def test_slower_than_three_times_the_usual(make_job: MakeJob, apixo: FakeApixo, film: bytes) -> None:
    past = running(make_job())
    apixo.succeed(past.task_id, film, costTime=142_000)
    step(past)
    job = running(make_job())
    assert (job.expected_low_s, job.expected_s, job.expected_high_s) == (142, 142, 142)
    job = step(later(job, seconds=360))
    assert job.problem == ""
    version = job.version
    job = step(later(job, seconds=70))
    assert (job.problem, job.version) == (Sentence.SLOW.value, version + 1)
    assert wait_s(job) > 119
    job = step(later(job, hours=1))
    assert (job.problem, job.version) == (Sentence.SLOW.value, version + 1), "no news"
    assert len(apixo.posts) == 2
    apixo.succeed(job.task_id, film)
    assert step(job).problem == ""


def test_after_a_day_it_is_overdue_and_still_asked(job: Job, apixo: FakeApixo) -> None:
    job = step(later(running(job), hours=23))
    assert job.problem == ""
    job = step(later(job, hours=2))
    assert (job.problem, job.state, job.money) == (Sentence.OVERDUE.of("apixo"), State.RUNNING, Money.RESERVED)
    assert 340 < wait_s(job) <= 640
    apixo.succeed(job.task_id, b"film")
    assert step(job).state == State.ARCHIVING


# --- waits --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("unreachable")
@pytest.mark.parametrize(
    ("seconds", "first", "low", "high"), [(14.2, 60, 5.5, 10), (60, 60, 5.5, 10), (61, 120, 10, 12)]
)
def test_polling(make_job: MakeJob, seconds: float, first: float, low: float, high: float) -> None:
    job = running(make_job(seconds=seconds))
    assert first - 1 < wait_s(job) <= first
    for _ in range(5):
        job = step(job)
        assert low - 0.5 < wait_s(job) <= high


@pytest.mark.parametrize("seconds", [14.2, 61])
def test_polling_in_callback_mode_is_a_safety_net(make_job: MakeJob, seconds: float) -> None:
    job = running(make_job(seconds=seconds))
    assert 119 < wait_s(job) <= 135
    for _ in range(3):
        job = step(job)
        assert 59 < wait_s(job) <= 70


@pytest.mark.usefixtures("unreachable")
def test_pace_multiplies_the_waits(make_job: MakeJob, settings: Any) -> None:
    settings.PACE = 3
    job = running(make_job())
    assert 179 < wait_s(job) <= 180
    assert 16 < wait_s(step(job)) <= 30


def test_first_callback_is_followed_at_once_and_further_looks_keep_five_seconds_distance(
    job: Job, apixo: FakeApixo
) -> None:
    job = running(job)
    due_at = job.due_at
    job.nudge()
    assert fresh(job).due_at == due_at
    # The POST was no look at the task.
    assert advance(Job, job.pk)
    job = fresh(job)
    assert len(apixo.polls) == 1
    assert (job.state, job.nudged_at) == (State.RUNNING, None)
    assert 59 < wait_s(job) <= 70
    job.nudge()
    just_claimed(job)
    assert not advance(Job, job.pk)
    assert len(apixo.polls) == 1
    woken(job)
    assert len(apixo.polls) == 2


def test_callback_that_comes_before_the_answer_to_the_post_is_followed_at_once(
    job: Job, apixo: FakeApixo, film: bytes
) -> None:
    def call_back_first(line: Any, over: Any) -> None:
        apixo.succeed(apixo.made[0], film)
        fresh(job).nudge()
        answer(200, envelope(data={"taskId": apixo.made[0]}))(line, over)

    apixo.on_post(taken_but(call_back_first))
    job = running(job)
    assert advance(Job, job.pk)
    assert fresh(job).state == State.ARCHIVING


def test_task_that_was_just_looked_at_is_not_looked_at_again_for_a_callback(job: Job, apixo: FakeApixo) -> None:
    """An uncertain job's look confirmed it: that was a look at the task, unlike a POST."""
    apixo.on_post(taken_but(reset))
    job = step(job)
    assert job.state == State.UNCERTAIN
    attempt = job.submissions.get()
    verbs.note_task(attempt, apixo.made[0])
    job.nudge()
    job = woken(job)
    assert (job.state, len(apixo.polls)) == (State.RUNNING, 1)
    Job.objects.filter(pk=job.pk).update(due_at=None)
    job.nudge()
    just_claimed(job)
    assert not advance(Job, job.pk)


def test_a_callback_during_a_poll_is_not_overwritten(job: Job, apixo: FakeApixo) -> None:
    def call_meanwhile(line: Any, over: Any) -> None:
        fresh(job).nudge()
        answer(200, envelope(data={"state": "processing"}))(line, over)

    job = running(job)
    apixo.on_status(call_meanwhile)
    job = step(job)
    assert job.nudged_at
    apixo.succeed(job.task_id, b"film")
    assert woken(job).state == State.ARCHIVING
