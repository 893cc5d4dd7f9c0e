"""Unconfirmed jobs: what settles them, and that nothing but a person sends them again."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.fake_apixo import FakeApixo, refusal, taken_but
from tests.provider.scripted import answer, reset
from tests.worker_fixtures import MakeJob
from tests.worker_steps import fresh, just_claimed, later, rests, running, states, step, wait_s, woken
from wanstudio.jobs import verbs
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.jobs.steps import submission as submit
from wanstudio.keys.models import ProviderKey
from wanstudio.money.models import Money
from wanstudio.work.advance import advance


@pytest.fixture
def uncertain(job: Job, apixo: FakeApixo) -> Job:
    """A job whose task exists, though nobody told us."""
    apixo.on_post(taken_but(reset))
    return step(job)


def again(job: Job) -> None:
    verbs.send_again(job, seen=job.version)


@pytest.fixture
def call_back(apixo: FakeApixo) -> Callable[..., int]:
    """The provider calls back about the n-th POST, over the product's own door."""

    def call(number: int = 0, task_id: str | None = None) -> int:
        post = apixo.posts[number]
        body = {"code": 200, "message": "success", "data": {"taskId": post.task_id if task_id is None else task_id}}
        return Client().post(post.callback_path, json.dumps(body), content_type="application/json").status_code

    return call


def test_a_callback_settles_it(uncertain: Job, apixo: FakeApixo, call_back: Callable[..., int]) -> None:
    assert call_back() == 200
    job = woken(uncertain)
    assert (job.state, job.task_id, job.money) == (State.RUNNING, apixo.made[0], Money.RESERVED)
    assert not job.ask_person
    assert len(apixo.posts) == 1
    assert wait_s(job) <= 0, "it has called back, so there is news to be had"


def test_the_time_of_an_unconfirmed_job_counts_from_its_sending(uncertain: Job, call_back: Callable[..., int]) -> None:
    sent_at = timezone.now() - timedelta(seconds=36)
    Attempt.objects.filter(job=uncertain).update(created_at=sent_at)
    call_back()
    assert woken(uncertain).started_at == sent_at


@pytest.mark.usefixtures("uncertain")
def test_a_hint_that_the_provider_does_not_know_is_not_believed(
    uncertain: Job, apixo: FakeApixo, call_back: Callable[..., int]
) -> None:
    call_back(task_id="task_of_nobody")
    job = woken(uncertain)
    assert (job.state, job.money) == (State.UNCERTAIN, Money.UNKNOWN)
    assert "task_of_nobody" in job.problem
    assert 5.5 - 1 < wait_s(job) <= 10, "it may be known in a moment"
    job = step(later_hints(job, minutes=11))
    assert Attempt.objects.get().hints == []
    assert 2900 < wait_s(job) <= 3600, "it goes on listening"
    call_back()
    assert woken(job).state == State.RUNNING


def later_hints(job: Job, **wait: float) -> Job:
    """The same, with what was named for its attempts that much longer ago."""
    for attempt in Attempt.objects.filter(job=job):
        named = [{**hint, "at": (timezone.now() - timedelta(**wait)).isoformat()} for hint in attempt.hints]
        Attempt.objects.filter(pk=attempt.pk).update(hints=named)
    return fresh(job)


def test_a_wrong_id_first_does_not_keep_the_true_one_out(
    uncertain: Job, apixo: FakeApixo, call_back: Callable[..., int]
) -> None:
    for task_id in ("task_of_nobody", "x/../y", "0"):
        call_back(task_id=task_id)
    call_back()
    apixo.on_status(refusal(404), refusal(400), refusal(500))
    assert woken(uncertain).task_id == apixo.made[0]
    assert len(apixo.posts) == 1


def test_a_task_that_is_known_a_moment_later(uncertain: Job, apixo: FakeApixo, call_back: Callable[..., int]) -> None:
    call_back()
    apixo.on_status(refusal(404), refusal(404))
    job = step(woken(uncertain))
    assert (job.state, job.setbacks) == (State.UNCERTAIN, 2)
    assert step(job).task_id == apixo.made[0]


def test_a_named_task_holds_a_retry_back_until_it_is_clear(
    job: Job, apixo: FakeApixo, call_back: Callable[..., int]
) -> None:
    apixo.on_post(refusal(503))
    job = step(job)
    call_back(task_id="task_of_nobody")
    job = step(job)
    assert (job.state, len(apixo.posts)) == (State.QUEUED, 1)
    job = running(later_hints(job, minutes=11))
    assert (job.task_id, len(apixo.posts)) == (apixo.made[0], 2)


def test_the_first_of_several_hints_is_looked_at_first(
    uncertain: Job, apixo: FakeApixo, call_back: Callable[..., int]
) -> None:
    call_back()
    call_back(task_id="task_of_nobody")
    assert woken(uncertain).task_id == apixo.made[0]


def test_a_hint_to_another_jobs_task(
    uncertain: Job, apixo: FakeApixo, make_job: MakeJob, call_back: Callable[..., int]
) -> None:
    other = running(make_job())
    call_back(task_id=other.task_id)
    job = woken(uncertain)
    assert (job.state, job.task_id, job.ask_person) == (State.UNCERTAIN, "", True)
    assert "another job" in job.problem
    assert fresh(other).task_id == other.task_id
    call_back()
    assert woken(job).task_id == apixo.made[0]


def test_a_provider_that_does_not_answer_leaves_it_open(
    uncertain: Job, apixo: FakeApixo, call_back: Callable[..., int]
) -> None:
    call_back()
    apixo.on_status(refusal(503), answer(200, b"<html>"), reset)
    job = woken(uncertain)
    for setbacks in (1, 2, 3):
        assert (job.state, job.setbacks) == (State.UNCERTAIN, setbacks)
        assert 5.5 * 2 ** (setbacks - 1) - 1 < wait_s(job) <= 10 * 2 ** (setbacks - 1)
        job = step(job)
    assert (job.state, job.setbacks) == (State.RUNNING, 0)


def test_a_person_is_asked_even_if_the_provider_never_answers(
    uncertain: Job, apixo: FakeApixo, call_back: Callable[..., int]
) -> None:
    call_back()
    apixo.on_status(refusal(503), always=True)
    version = uncertain.version
    job = step(later(uncertain, minutes=61))
    assert (job.state, job.ask_person, job.version) == (State.UNCERTAIN, True, version + 1)
    assert job.due_at, "and the hint is still looked at"
    apixo.behave()
    job = step(job)
    assert (job.state, job.ask_person) == (State.RUNNING, False)


def test_429_while_settling_holds_every_call_back(
    uncertain: Job, apixo: FakeApixo, call_back: Callable[..., int], make_job: MakeJob
) -> None:
    call_back()
    apixo.on_status(refusal(429, Retry_After="30"))
    assert 29 < wait_s(woken(uncertain)) < 33
    assert ProviderKey.opens_at("apixo")
    step(uncertain)
    assert step(make_job()).state == State.QUEUED
    assert (len(apixo.polls), len(apixo.posts)) == (1, 1)


def test_after_an_hour_a_person_is_asked(uncertain: Job) -> None:
    job = step(later(uncertain, minutes=30))
    assert not job.ask_person
    assert 29 * 60 < wait_s(job) <= 30 * 60
    job = step(later(job, minutes=30))
    assert job.ask_person
    assert rests(job)


def test_it_waits_for_the_hour_even_when_woken_without_news(uncertain: Job) -> None:
    uncertain.nudge()
    job = woken(uncertain)
    assert (job.state, job.ask_person) == (State.UNCERTAIN, False)
    assert 3500 < wait_s(job) <= 3600


def test_a_callback_after_the_hour_still_settles_it(
    uncertain: Job, apixo: FakeApixo, call_back: Callable[..., int]
) -> None:
    job = step(later(uncertain, hours=2))
    call_back()
    assert woken(job).task_id == apixo.made[0]


def test_a_person_attaches_the_task(uncertain: Job, apixo: FakeApixo) -> None:
    job = step(later(uncertain, hours=2))
    verbs.attach(job, "task_with_a_typo")
    job = woken(job)
    assert (job.state, job.ask_person) == (State.UNCERTAIN, True)
    assert job.problem == "APIXO has no task task_with_a_typo."
    verbs.attach(job, apixo.made[0])
    job = woken(job)
    assert (job.state, job.task_id, job.problem) == (State.RUNNING, apixo.made[0], "")
    assert len(apixo.posts) == 1


def test_a_task_attached_while_another_is_looked_up_is_not_forgotten(uncertain: Job, apixo: FakeApixo) -> None:
    def attach_meanwhile(line: object, over: object) -> None:
        verbs.attach(fresh(uncertain), apixo.made[0])
        refusal(404)(line, apixo.over)  # type: ignore[arg-type]

    verbs.attach(uncertain, "task_with_a_typo")
    apixo.on_status(attach_meanwhile)
    assert woken(uncertain).state == State.UNCERTAIN
    assert woken(uncertain).task_id == apixo.made[0]


def test_a_person_sends_it_again(uncertain: Job, apixo: FakeApixo) -> None:
    Job.objects.filter(pk=uncertain.pk).update(retries=3)
    again(fresh(uncertain))
    assert (fresh(uncertain).money, fresh(uncertain).retries) == (Money.RESERVED, 0)
    job = running(uncertain)
    assert job.task_id == apixo.made[1]
    assert states(job) == ["queued", "submitting", "uncertain", "queued", "submitting", "running"]
    assert [attempt.outcome for attempt in job.submissions.all()] == ["unknown", "accepted"]


def test_a_person_says_it_was_not_charged(uncertain: Job) -> None:
    verbs.mark_not_charged(uncertain)
    job = fresh(uncertain)
    assert (job.state, job.money, job.failure) == (State.FAILED, Money.RELEASED, "NOT_CHARGED")
    assert rests(job)


@pytest.mark.parametrize("decide", [again, verbs.mark_not_charged])
def test_a_decision_while_the_worker_looks_stands(
    uncertain: Job, apixo: FakeApixo, decide: Callable[[Job], None]
) -> None:
    """A lease keeps workers apart, not people: the worker must not write over what a person has decided."""

    def decide_meanwhile(line: object, over: object) -> None:
        decide(fresh(uncertain))
        refusal(503)(line, apixo.over)  # type: ignore[arg-type]

    verbs.attach(uncertain, apixo.made[0])
    apixo.on_status(decide_meanwhile)
    job = woken(uncertain)
    assert job.lease_token is None
    if decide is again:
        assert (job.state, job.money, job.setbacks) == (State.QUEUED, Money.RESERVED, 0)
        assert job.due_at
    else:
        assert (job.state, job.money) == (State.FAILED, Money.RELEASED)
        assert rests(job)


def test_the_first_task_comes_to_light_before_the_second_is_paid_for(
    uncertain: Job, apixo: FakeApixo, call_back: Callable[..., int]
) -> None:
    again(fresh(uncertain))
    call_back()
    job = running(uncertain)
    assert job.task_id == apixo.made[0]
    assert len(apixo.posts) == 1
    assert states(job)[-2:] == ["queued", "running"]


def test_a_503_that_was_taken_after_all_is_not_paid_twice(
    job: Job, apixo: FakeApixo, call_back: Callable[..., int]
) -> None:
    apixo.on_post(taken_but(refusal(503)))
    job = step(job)
    call_back()
    apixo.on_status(refusal(502))
    job = step(job)
    assert (job.state, job.setbacks, len(apixo.posts)) == (State.QUEUED, 1, 1)
    assert "First we check" in job.problem
    job = running(job)
    assert (job.task_id, job.problem) == (apixo.made[0], "")
    assert len(apixo.posts) == 1


def test_a_hint_to_another_jobs_task_does_not_hold_up_a_retry(
    job: Job, apixo: FakeApixo, make_job: MakeJob, call_back: Callable[..., int]
) -> None:
    other = running(make_job())
    apixo.on_post(refusal(503))
    job = step(job)
    call_back(1, task_id=other.task_id)
    job = step(job)
    assert job.state == State.QUEUED
    assert running(job).task_id == apixo.made[1]


def test_a_callback_before_the_answer(job: Job, apixo: FakeApixo, call_back: Callable[..., int]) -> None:

    def call_first(line: object, over: object) -> None:
        apixo.wait_for(lambda: bool(apixo.posts))
        assert call_back() == 200
        answer(200, {"code": 200, "message": "success", "data": {"taskId": apixo.made[0]}})(line, over)  # type: ignore[arg-type]

    apixo.on_post(taken_but(call_first))
    job = running(job)
    assert job.task_id == apixo.made[0]
    apixo.fail(job.task_id, "PromptInvalid")
    assert woken(job).state == State.FAILED, "the hint that came while sending is not lost"


def test_hints_wake_it_at_most_every_five_seconds(uncertain: Job, call_back: Callable[..., int]) -> None:
    uncertain.nudge()
    woken(uncertain)
    call_back()
    just_claimed(uncertain)
    assert not advance(Job, uncertain.pk)
    assert woken(uncertain).state == State.RUNNING


def test_sending_never_looks_for_tasks_that_nobody_named(job: Job, apixo: FakeApixo) -> None:
    assert not hasattr(submit, "ask_status")
    running(job)
    assert apixo.polls == []
