"""Pauses of the whole key, and what lifts each: 401, 402, 403 three times, 429, and its owner."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models.functions import Now

from tests.fake_apixo import HTML, FakeApixo, envelope, refusal
from tests.provider.scripted import answer
from tests.worker_fixtures import MakeJob
from tests.worker_steps import Wait, ask, open_up, running, step, wait_s
from wanstudio.jobs import verbs
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.history import Alert
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.jobs.words import explain_failure
from wanstudio.keys import provider_calls as connection_
from wanstudio.keys import verbs as key_verbs
from wanstudio.keys.models import ProviderKey
from wanstudio.keys.provider_calls import until_open
from wanstudio.money.models import Money
from wanstudio.provider.base import Client
from wanstudio.work.advance import advance


def test_401_pauses_the_key(make_job: MakeJob, apixo: FakeApixo) -> None:
    first, second = make_job(), make_job()
    apixo.on_post(refusal(401, "Invalid or missing API key"))
    first = step(first)
    assert (first.state, first.money, first.retries) == (State.QUEUED, Money.RESERVED, 0)
    assert "does not accept the key" in first.problem
    second = step(second)
    assert (second.state, second.problem) == (State.QUEUED, first.problem)
    assert 29 < wait_s(second) <= 40
    assert len(apixo.posts) == 1
    key = ProviderKey.at("apixo")
    assert key.pause == ProviderKey.Pause.UNAUTHORIZED
    assert 29 < wait_s(key) <= 40
    apixo.on_balance(refusal(401), always=True)
    ask(key)
    assert ProviderKey.at("apixo").pause
    apixo.behave()
    ask(key)
    assert running(first).problem == ""
    running(second)


def test_repeated_402_backs_off_although_the_balance_covers_it(make_job: MakeJob, apixo: FakeApixo) -> None:
    job, waits = make_job(), list[Wait]()
    apixo.on_post(refusal(402, "Insufficient balance"), always=True)
    for _ in range(8):
        waits.append(wait_s(step(job)))
        ask(ProviderKey.at("apixo"))
    assert 29 < waits[0] <= 40
    assert 59 < waits[1] <= 80
    assert 900 < waits[-1] <= 1280
    assert len(apixo.posts) == 8


def test_402_pauses_until_the_balance_covers_the_job(make_job: MakeJob, apixo: FakeApixo) -> None:
    first, cheap = make_job(), make_job(resolution="480p")
    assert first.price == Decimal("1.14")
    apixo.on_post(refusal(402, "Insufficient balance"))
    first = step(first)
    assert (first.state, first.money, first.retries) == (State.QUEUED, Money.RESERVED, 0)
    assert "balance" in first.problem
    key = ProviderKey.at("apixo")
    assert (key.pause, key.needed) == (ProviderKey.Pause.NO_BALANCE, first.price)
    apixo.balance = 1.13
    ask(key)
    assert step(cheap).state == State.QUEUED
    assert len(apixo.posts) == 1
    apixo.balance = 1.14
    ask(key)
    running(first)
    assert ProviderKey.at("apixo").needed == 0


@pytest.mark.parametrize("status", [200, 400, 403])
def test_missing_credits_pause_the_key_in_whichever_answer(make_job: MakeJob, apixo: FakeApixo, status: int) -> None:
    """As a 402 does: nothing fails, the owner is told once, and it goes out when the balance covers it."""
    first, second = make_job(), make_job()
    refused = envelope(400 if status == 200 else status, message="Insufficient credits")
    apixo.on_post(answer(status, refused), always=True)
    apixo.balance = 0.02
    first, second = step(first), step(second)
    assert [(job.state, job.money, job.retries) for job in (first, second)] == [(State.QUEUED, Money.RESERVED, 0)] * 2
    assert "balance" in first.problem
    assert second.problem == first.problem
    key = ProviderKey.at("apixo")
    assert (len(apixo.posts), key.pause, key.needed) == (1, ProviderKey.Pause.NO_BALANCE, first.price)
    assert Alert.objects.values_list("kind", flat=True).get() == Alert.Kind.PAUSED
    ask(key)
    assert step(first).state == State.QUEUED
    apixo.behave()
    apixo.balance = 74.87
    ask(key)
    running(first)
    running(second)


def test_a_task_that_fails_for_want_of_credits_pauses_the_key(make_job: MakeJob, apixo: FakeApixo) -> None:
    """It has ended at the provider, so it fails; those behind it wait instead of failing one after the other."""
    jobs = [running(make_job()) for _ in range(2)]
    waiting = make_job()
    apixo.fail(jobs[0].task_id, "INSUFFICIENT_CREDITS")
    apixo.fail(jobs[1].task_id, "GENERATION_FAILED", "Insufficient credits")
    for job in jobs:
        failed = step(job)
        assert (failed.state, failed.money) == (State.FAILED, Money.ASSUMED)
        assert "balance or quota" in explain_failure(failed).cause
    assert ProviderKey.at("apixo").pause == ProviderKey.Pause.NO_BALANCE
    assert Alert.objects.count() == 1
    assert (step(waiting).state, len(apixo.posts)) == (State.QUEUED, 2)
    ask(ProviderKey.at("apixo"))
    running(waiting)


def test_a_prompt_about_credits_pauses_nothing(make_job: MakeJob, apixo: FakeApixo) -> None:
    job = running(make_job(prompt="insufficient credits"))
    apixo.fail(job.task_id, "PromptInvalid", "insufficient credits")
    assert step(job).state == State.FAILED
    job = running(make_job(prompt="insufficient credits"))
    apixo.fail(job.task_id, "GENERATION_FAILED", "the prompt insufficient credits cannot be drawn")
    assert step(job).state == State.FAILED
    assert ProviderKey.at("apixo").pause == ""


def test_429_blocks_every_call(make_job: MakeJob, apixo: FakeApixo) -> None:
    follower = running(make_job())
    first, second = make_job(), make_job()
    apixo.on_post(refusal(429, Retry_After="29"))
    first = step(first)
    assert (first.state, first.money, first.retries) == (State.QUEUED, Money.RESERVED, 0)
    assert "slow down" in first.problem
    assert 28 < wait_s(first) < 32
    opens = ProviderKey.opens_at("apixo")
    assert opens
    for job in (step(second), step(follower)):
        assert job.due_at
        assert job.due_at > opens
        assert wait_s(job) < 32
    key = ProviderKey.at("apixo")
    ask(key)
    assert 29 < wait_s(ProviderKey.at("apixo")) <= 40
    assert (len(apixo.posts), apixo.polls, apixo.balance_calls) == (2, [], 0)
    open_up()
    step(follower)
    running(first)
    ask(key)
    assert (len(apixo.polls), apixo.balance_calls) == (1, 1)


def test_429_without_a_header_backs_off_and_counts_no_retry(job: Job, apixo: FakeApixo) -> None:
    apixo.on_post(*[answer(429, HTML)] * 7)
    waits = list[Wait]()
    for _ in range(7):
        job = step(job)
        assert (job.state, job.retries) == (State.QUEUED, 0)
        waits.append(wait_s(job))
        open_up()
    roofs = [10, 20, 40, 80, 160, 300, 300]
    assert all(roof - 1 < wait < roof * 1.25 + 2 for wait, roof in zip(waits, roofs, strict=True)), waits
    running(job)
    assert ProviderKey.at("apixo").rate_limits == 7
    step(job)
    assert ProviderKey.at("apixo").rate_limits == 0, "a call that went through starts the waits from the bottom"


def test_a_429_for_many_at_once_is_one_pause(make_job: MakeJob, apixo: FakeApixo) -> None:
    jobs = [running(make_job()) for _ in range(6)]
    together = threading.Barrier(6)

    def refused(line: socket.socket, over: threading.Event) -> None:
        together.wait(60)
        answer(429, HTML)(line, over)

    def asked(job: Job) -> None:
        advance(Job, job.pk)
        connection.close()

    apixo.on_status(refused, always=True)
    Job.objects.update(due_at=Now())
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(asked, jobs))
    assert len(apixo.polls) == 6
    assert ProviderKey.at("apixo").rate_limits == 1
    assert until_open("apixo") < timedelta(seconds=10 * 1.25 + 2), "as after one refusal"


def test_a_429_withholds_the_question_that_is_just_connecting(
    make_job: MakeJob, apixo: FakeApixo, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = running(make_job())
    connect = connection_.connect

    def told_meanwhile(provider: str, secret: str) -> Client:
        key_verbs.back_off(ProviderKey.at(provider), timedelta(seconds=60))
        return connect(provider, secret)

    monkeypatch.setattr(connection_, "connect", told_meanwhile)
    assert 59 < wait_s(step(job)) < 63
    assert apixo.polls == []


def test_retry_after_zero_still_waits_a_second(job: Job, apixo: FakeApixo) -> None:
    apixo.on_post(refusal(429, Retry_After="0"))
    assert wait_s(step(job)) > 0.9


def test_three_403_in_a_row_pause_the_key(make_job: MakeJob, apixo: FakeApixo) -> None:
    apixo.on_post(refusal(403), refusal(403), refusal(400), refusal(403), refusal(403), refusal(403))
    for _ in range(5):
        assert step(make_job()).state == State.FAILED
        assert not ProviderKey.at("apixo").pause, "the 400 stood between them"
    assert step(make_job()).state == State.FAILED
    held = step(make_job())
    assert (held.state, ProviderKey.at("apixo").pause) == (State.QUEUED, ProviderKey.Pause.FORBIDDEN)
    assert len(apixo.posts) == 6
    ask(ProviderKey.at("apixo"))
    apixo.on_post(refusal(403))
    assert step(held).state == State.FAILED
    assert ProviderKey.at("apixo").pause, "one more suspends at once"
    ask(ProviderKey.at("apixo"))
    running(make_job())
    assert ProviderKey.at("apixo").strikes == 0


STOPPED = "Sending is stopped in Settings. Nothing was charged; it is sent when the owner starts sending again."


def test_stop_in_the_settings_blocks_queued_jobs_only(make_job: MakeJob, apixo: FakeApixo) -> None:
    follower, waiting = running(make_job()), make_job()
    key = ProviderKey.at("apixo")
    key_verbs.stop(key)
    waiting = step(waiting)
    assert (waiting.state, waiting.money, waiting.problem) == (State.QUEUED, Money.RESERVED, STOPPED)
    assert (waiting.retries, waiting.submissions.count(), len(apixo.posts)) == (0, 0, 1)
    assert 29 < wait_s(waiting) <= 40
    assert step(follower).state == State.RUNNING
    assert len(apixo.polls) == 1, "what was sent is followed"
    ask(key)
    assert step(waiting).state == State.QUEUED, "a good balance does not start it again"
    key_verbs.start_again(key)
    assert running(waiting).problem == ""


def test_stop_before_the_first_byte_sends_nothing(job: Job, apixo: FakeApixo, monkeypatch: pytest.MonkeyPatch) -> None:
    begin = verbs.begin_submitting

    def begin_then_stop(job: Job, *, callback: bool, key_mark: str) -> Attempt:
        attempt = begin(job, callback=callback, key_mark=key_mark)
        key_verbs.stop(ProviderKey.at("apixo"))
        return attempt

    monkeypatch.setattr(verbs, "begin_submitting", begin_then_stop)
    job = step(job)
    assert (job.state, job.money, job.problem, apixo.posts) == (State.QUEUED, Money.RESERVED, STOPPED, [])
    (attempt,) = Attempt.objects.all()
    assert attempt.outcome == "not_sent"
