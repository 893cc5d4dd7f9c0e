"""The last check before the first byte, and answers that come after the lease is lost."""

import json
import shutil
import socket
from collections import namedtuple
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models.signals import post_save
from django.db.transaction import on_commit
from pytest_django import Settings

from tests import factories
from tests.fake_apixo import FakeApixo, envelope, taken_but
from tests.provider.scripted import answer
from tests.worker_fixtures import MakeJob
from tests.worker_steps import died, fresh, open_up, rests, running, step, wait_s, woken
from wanstudio.accounts.models import User
from wanstudio.jobs import verbs
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.jobs.steps.submission import send
from wanstudio.keys import verbs as key_verbs
from wanstudio.keys.models import ProviderKey
from wanstudio.money.models import Money
from wanstudio.teams.models import Team
from wanstudio.work.advance import advance
from wanstudio.work.leases import Stale

signal_uid = "tests.after_the_attempt"


class signalled:  # noqa: N801 (reads as a word)
    """While in here, `receiver` runs when an attempt's row is written: between the intent and the first byte."""

    def __init__(self, receiver: Callable[..., None]) -> None:
        self.receiver = receiver

    def __enter__(self) -> None:
        post_save.connect(self.receiver, sender=Attempt, dispatch_uid=signal_uid)

    def __exit__(self, *exc_info: object) -> None:
        post_save.disconnect(sender=Attempt, dispatch_uid=signal_uid)


def test_a_pause_that_comes_while_connecting_withholds_the_post(job: Job, apixo: FakeApixo) -> None:
    def pause(sender: object, **kwargs: object) -> None:
        key_verbs.back_off(ProviderKey.at("apixo"), timedelta(seconds=60))

    with signalled(pause):
        job = step(job)
    assert apixo.posts == []
    assert (job.state, job.retries, job.submissions.get().outcome) == (State.QUEUED, 0, "not_sent")
    assert 59 < wait_s(job) < 63
    open_up()
    running(job)


def test_a_lease_lost_before_the_first_byte_writes_nothing(job: Job, apixo: FakeApixo) -> None:
    with signalled(lambda **kwargs: died(job)):
        job = step(job)
    assert apixo.posts == []
    assert job.due_at
    assert (job.state, job.submissions.get().outcome) == (State.SUBMITTING, "not_sent")
    # Whoever finds it next reads in the attempt's row that it is safe to send.
    job = step(job)
    assert (job.state, job.retries) == (State.QUEUED, 1)
    running(job)
    assert len(apixo.posts) == 1


def test_a_lease_taken_over_before_the_first_byte_writes_nothing(job: Job, apixo: FakeApixo) -> None:
    def take_over() -> None:
        died(job)
        assert advance(Job, job.pk)
        assert fresh(job).state == State.UNCERTAIN

    with signalled(lambda **kwargs: on_commit(take_over)):
        job = step(job)
    assert apixo.posts == []
    assert (job.state, job.money) == (State.UNCERTAIN, Money.UNKNOWN)
    assert job.nudged_at, "the other worker is told that there is news"
    job = woken(job)
    assert (job.state, job.money, job.ask_person) == (State.QUEUED, Money.RESERVED, False)
    running(job)
    assert len(apixo.posts) == 1


def test_an_answer_that_comes_after_the_lease_is_kept(job: Job, apixo: FakeApixo) -> None:
    def outlive(line: socket.socket, over: object) -> None:
        died(job)
        assert advance(Job, job.pk)
        answer(200, envelope(data={"taskId": apixo.made[-1]}))(line, apixo.over)

    apixo.on_post(taken_but(outlive))
    job = step(job)
    assert job.state == State.UNCERTAIN
    assert job.submissions.get().task_id == apixo.made[0]
    job = woken(job)
    assert (job.state, job.task_id, job.money) == (State.RUNNING, apixo.made[0], Money.RESERVED)
    assert len(apixo.posts) == 1


def test_a_surprise_while_sending_is_uncertain(
    job: Job, apixo: FakeApixo, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("a bug of ours, after the answer")

    with monkeypatch.context() as patched:
        patched.setattr(verbs, "record_answer", broken)
        job = step(job)
    assert job.state == State.SUBMITTING
    assert "a bug of ours" in caplog.text
    assert apixo.made[0] in caplog.text, "the log is the last place that knows the task"
    assert 29 < wait_s(job) <= 30
    assert step(job).state == State.UNCERTAIN
    assert len(apixo.posts) == 1


def test_no_room_on_the_disk(job: Job, apixo: FakeApixo, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda path: usage(10**12, 10**12, 600_000_000 - 70_000_000))
        job = step(job)
        assert (job.state, job.money) == (State.QUEUED, Money.RESERVED)
        assert "no space" in job.problem
        assert 29 < wait_s(job) <= 40
    assert apixo.posts == []
    running(job)


def test_a_key_that_was_taken_away(make_job: MakeJob, apixo: FakeApixo, settings: Settings) -> None:
    follower, queued = running(make_job()), make_job()
    keyless = settings.PROVIDERS | {"apixo": (apixo.url, "")}
    settings.PROVIDERS, with_key = keyless, settings.PROVIDERS
    assert step(follower).state == State.RUNNING
    queued = step(queued)
    assert (queued.state, queued.submissions.count()) == (State.QUEUED, 0)
    assert "key was removed" in queued.problem
    settings.PROVIDERS = with_key
    running(queued)


def test_another_providers_job_goes_there(apixo: FakeApixo, team: Team, alice: User, settings: Settings) -> None:
    # A key was added while the sandbox had work to do.
    settings.PROVIDERS = settings.PROVIDERS | {"sandbox": (apixo.url, "sandbox")}
    job = running(factories.job(team, alice, provider="sandbox"))
    assert apixo.posts[0].authorization == "Bearer sandbox"
    assert job.submissions.get().provider == "sandbox"
    assert json.dumps(apixo.posts[0].body).count("/files/") == 2


def test_a_cancelled_job_is_not_sent(job: Job, apixo: FakeApixo) -> None:
    verbs.cancel(fresh(job))
    job = fresh(job)
    assert rests(job)
    assert (job.state, job.money, job.due_at) == (State.CANCELLED, Money.RELEASED, None)
    assert apixo.posts == []


def test_cancelled_while_it_is_being_claimed(job: Job, apixo: FakeApixo) -> None:
    claimed = Job.claim(job.pk)
    assert claimed
    verbs.cancel(fresh(job))
    with pytest.raises(Stale):
        send(claimed)
    claimed.release()
    assert fresh(job).state == State.CANCELLED
    assert rests(job)
    assert apixo.posts == []
