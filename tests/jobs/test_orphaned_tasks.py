"""Attempts that their job went on without: what turns up is followed, what was not taken is released."""

import json
from collections.abc import Iterator

import pytest
from django.db.models import F
from django.db.models.functions import Now
from django.test import Client

from tests.fake_apixo import FakeApixo, Post, refusal, taken_but
from tests.ledger_check import disagreements
from tests.provider.scripted import answer, reset
from tests.worker_fixtures import MakeJob
from tests.worker_steps import died, fresh, just_claimed, later, running, step, wait_s, woken
from wanstudio.jobs import verbs
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.money.models import Entry, Money
from wanstudio.provider.calls import Outcome, Submission
from wanstudio.videos.models import Video
from wanstudio.work.advance import advance
from wanstudio.work.leases import NUDGE_INTERVAL


@pytest.fixture(autouse=True)
def _adds_up(transactional_db: None) -> Iterator[None]:
    yield
    assert disagreements() == []


@pytest.fixture
def uncertain(job: Job, apixo: FakeApixo) -> Job:
    """A job whose task exists, though nobody told us."""
    apixo.on_post(taken_but(reset))
    return step(job)


@pytest.fixture
def second(uncertain: Job) -> Job:
    """The same job, sent again by a person and running."""
    verbs.send_again(uncertain, seen=uncertain.version)
    return running(uncertain)


def call_back(post: Post, task_id: str | None = None) -> None:
    body = {"code": 200, "message": "success", "data": {"taskId": task_id or post.task_id}}
    assert Client().post(post.callback_path, json.dumps(body), content_type="application/json").status_code == 200


def look(attempt: Attempt) -> Attempt:
    """The attempt's step that a hint or its time wakes, as if the rest were over."""
    mine = Attempt.objects.filter(pk=attempt.pk)
    mine.update(claimed_at=F("claimed_at") - NUDGE_INTERVAL)
    mine.filter(due_at__isnull=False).update(due_at=Now())
    Job.objects.update(claimed_at=F("claimed_at") - NUDGE_INTERVAL)
    assert advance(Attempt, attempt.pk), "nothing woke it"
    return Attempt.objects.get(pk=attempt.pk)


def first() -> Attempt:
    return Attempt.objects.order_by("pk")[0]


def money() -> tuple[str, str, str]:
    balance = Entry.objects.all().balance()
    return str(balance.reserved), str(balance.settled), str(balance.unknown)


def test_the_first_task_after_the_second_post(second: Job, apixo: FakeApixo, film: bytes) -> None:
    assert money() == ("1.14", "0.00", "1.14")
    call_back(apixo.posts[0])
    look(first())
    adopted = Job.objects.get(recovered_from=first())
    assert (adopted.state, adopted.task_id) == (State.RUNNING, apixo.made[0])
    assert fresh(second).task_id == apixo.made[1]
    assert money() == ("2.28", "0.00", "0.00")
    for task_id in apixo.made:
        apixo.succeed(task_id, film)
    for job in (adopted, second):
        assert step(step(job)).state == State.DONE
    assert money() == ("0.00", "2.28", "0.00")
    assert Video.objects.count() == len(apixo.posts) == 2


def test_any_number_of_callbacks_adopts_once(second: Job, apixo: FakeApixo) -> None:
    for _ in range(3):
        for _ in range(3):
            call_back(apixo.posts[0])
        if Attempt.objects.filter(pk=first().pk).exclude(nudged_at=None, due_at=None).exists():
            look(first())
    assert Job.objects.count() == 2
    adopted = Job.objects.get(recovered_from=first())
    assert adopted.nudged_at, "later copies wake whoever follows the task"
    assert not Attempt.objects.exclude(hinted_task_id="").exists()


def test_the_first_task_while_the_second_is_being_sent(uncertain: Job, apixo: FakeApixo) -> None:

    def call_meanwhile(line: object, over: object) -> None:
        call_back(apixo.posts[0])
        look(first())
        assert Job.objects.count() == 1, "not yet: its job may still follow it"
        answer(200, {"code": 200, "message": "success", "data": {"taskId": apixo.made[1]}})(line, over)  # type: ignore[arg-type]

    apixo.on_post(taken_but(call_meanwhile))
    verbs.send_again(uncertain, seen=uncertain.version)
    job = running(uncertain)
    assert first().due_at
    look(first())
    assert set(Job.objects.values_list("task_id", flat=True)) == set(apixo.made)
    assert job.task_id == apixo.made[1]
    assert money() == ("2.28", "0.00", "0.00")


def test_killed_between_the_confirmation_and_the_row(second: Job, apixo: FakeApixo) -> None:
    call_back(apixo.posts[0])
    mine = Attempt.claim(first().pk)
    assert mine, "claimed, and then the worker dies"
    died(mine)
    look(first())
    assert Job.objects.filter(recovered_from=first()).count() == 1


def test_a_task_of_the_first_that_failed_is_released(second: Job, apixo: FakeApixo) -> None:
    apixo.fail(apixo.made[0], "NSFW")
    call_back(apixo.posts[0])
    assert look(first()).money == Money.ASSUMED
    assert Job.objects.count() == 1
    assert money() == ("1.14", "0.00", "0.00")


def test_not_charged_but_it_was(uncertain: Job, apixo: FakeApixo) -> None:
    verbs.mark_not_charged(uncertain)
    assert money() == ("0.00", "0.00", "0.00")
    look(first())
    call_back(apixo.posts[0])
    look(first())
    adopted = Job.objects.get(recovered_from=first())
    assert (adopted.task_id, adopted.state) == (apixo.made[0], State.RUNNING)
    assert money() == ("1.14", "0.00", "0.00")


def test_a_503_that_was_taken_while_the_retry_runs(job: Job, apixo: FakeApixo) -> None:
    apixo.on_post(taken_but(refusal(503)))
    job = running(step(job))
    call_back(apixo.posts[0])
    look(first())
    assert set(Job.objects.values_list("task_id", flat=True)) == set(apixo.made)
    assert money() == ("2.28", "0.00", "0.00")


def lost(job: Job, apixo: FakeApixo) -> Job:
    """Three looks in ten minutes do not find its task."""
    apixo.on_status(refusal(404), refusal(404), refusal(404))
    step(job)
    step(fresh(job))
    return step(later(job, minutes=11))


def test_a_task_that_was_lost_turns_up(job: Job, apixo: FakeApixo) -> None:
    job = running(job)
    task_id = job.task_id
    job = lost(job, apixo)
    assert (job.state, job.money) == (State.FAILED, Money.UNKNOWN)
    call_back(apixo.posts[0])
    look(first())
    adopted = Job.objects.get(recovered_from=first())
    assert (adopted.task_id, fresh(job).task_id, fresh(job).money) == (task_id, "", Money.RELEASED)
    assert money() == ("1.14", "0.00", "0.00")


def test_a_lost_task_that_failed_is_released(job: Job, apixo: FakeApixo) -> None:
    job = running(job)
    task_id = job.task_id
    lost(job, apixo)
    apixo.fail(task_id, "NSFW")
    call_back(apixo.posts[0])
    look(first())
    assert fresh(job).money == Money.ASSUMED
    assert money() == ("0.00", "0.00", "0.00")


def test_a_failed_task_that_stays_failed_makes_nothing(job: Job, apixo: FakeApixo) -> None:
    job = running(job)
    apixo.fail(job.task_id, "NSFW")
    call_back(apixo.posts[0])
    job = woken(job)
    call_back(apixo.posts[0])
    polls = len(apixo.polls)
    just_claimed(job)
    assert advance(Attempt, first().pk)
    assert len(apixo.polls) == polls, "it was asked about a moment ago"
    assert 5 < wait_s(first()) <= 10
    look(first())
    assert (Job.objects.count(), fresh(job).money) == (1, Money.ASSUMED)
    apixo.tasks[job.task_id]["state"] = "processing"
    call_back(apixo.posts[0])
    look(first())
    assert Job.objects.get(recovered_from=first()).task_id == apixo.made[0], "it was not over after all"


def test_an_answer_that_comes_after_the_decision(uncertain: Job, apixo: FakeApixo) -> None:
    verbs.send_again(uncertain, seen=uncertain.version)
    running(uncertain)
    look(first())
    verbs.record_answer(first(), Submission(Outcome.ACCEPTED, task_id=apixo.made[0], http_status=200))
    look(first())
    assert Job.objects.get(recovered_from=first()).task_id == apixo.made[0]


def test_a_refusal_that_comes_after_the_decision_releases(second: Job) -> None:
    look(first())
    verbs.record_answer(first(), Submission(Outcome.REJECTED, http_status=400))
    assert look(first()).money == Money.RELEASED
    assert money() == ("1.14", "0.00", "0.00")


def test_a_person_names_the_first_task(second: Job, apixo: FakeApixo) -> None:
    verbs.name_task(first(), "task_with_a_typo")
    attempt = look(first())
    assert (attempt.problem, attempt.money) == ("APIXO has no task task_with_a_typo.", Money.UNKNOWN)
    verbs.name_task(first(), second.task_id)
    assert "already follows task" in look(first()).problem
    verbs.name_task(first(), apixo.made[0])
    look(first())
    assert Job.objects.get(recovered_from=first()).task_id == apixo.made[0]


def test_a_provider_that_does_not_answer_is_asked_again(second: Job, apixo: FakeApixo) -> None:
    call_back(apixo.posts[0])
    apixo.on_status(refusal(502))
    attempt = look(first())
    assert attempt.hinted_task_id == apixo.made[0]
    assert wait_s(attempt) > 5
    look(first())
    assert Job.objects.get(recovered_from=first())


def test_two_workers_adopt_one(second: Job, apixo: FakeApixo, make_job: MakeJob) -> None:
    """The same task named for two attempts: one of them gets it."""
    other = make_job()
    apixo.on_post(reset)
    other = step(other)
    verbs.send_again(other, seen=other.version)
    other = running(other)
    theirs = other.submissions.order_by("pk")[0]
    call_back(apixo.posts[0])
    verbs.name_task(theirs, apixo.made[0])
    look(theirs)
    look(first())
    assert Job.objects.filter(task_id=apixo.made[0]).count() == 1
    assert money() == ("3.42", "0.00", "1.14")
