"""The call budget of a key: one for all workers, learned from 429s, and no reason for anybody to fail or to starve."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django.test import Client
from pytest_django import Settings

from tests.fake_apixo import FakeApixo, refusal
from tests.worker_fixtures import MakeJob
from tests.worker_steps import ask, open_up, running, step, wait_s
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.keys import call_budget
from wanstudio.keys import verbs as key_verbs
from wanstudio.keys.models import ProviderKey
from wanstudio.keys.provider_calls import back_off
from wanstudio.work.advance import advance

MINUTE = timedelta(minutes=1)


@pytest.fixture
def key(apixo: FakeApixo, settings: Settings) -> ProviderKey:
    """At the usual plan: 60 calls a minute, of which 6 may come at once."""
    settings.CALLS_PER_MINUTE, settings.IN_FLIGHT = None, 10
    return ProviderKey.at("apixo")


def fresh(key: ProviderKey) -> ProviderKey:
    return ProviderKey.objects.get(pk=key.pk)


def past(wait: timedelta) -> None:
    """As if this time had gone by for every key."""
    names = ("spent_until", "polls_until", "minute_at", "calls_limited_at", "tasks_limited_at", "paused_until")
    ProviderKey.objects.update(**{name: F(name) - wait for name in names})


def spend(key: ProviderKey, *, poll: bool = False) -> int:
    """How many calls can go out at this moment."""
    count = 0
    while call_budget.take(fresh(key), poll=poll):
        count += 1
    return count


def exhausted() -> None:
    """No call is left for the next hour, however slow this machine is."""
    ProviderKey.objects.update(spent_until=Now() + timedelta(hours=1))


def booked(key: ProviderKey) -> tuple[float, float]:
    """A moment before, and one after, the time that the next poll is given."""
    began = time.monotonic()
    wait = call_budget.book(key).total_seconds()
    return began + wait, time.monotonic() + wait


def limits(key: ProviderKey) -> tuple[int, int]:
    """Calls a minute, whole ones: while a test runs they grow a little. And tasks."""
    row = fresh(key)
    return int(call_budget.allowed_calls(row) or 0), call_budget.allowed_tasks(row)


def refused(key: ProviderKey, *, passed: int, tasks: int | None = None) -> None:
    """A 429 after so many calls that went through in the last minute."""
    ProviderKey.objects.update(minute_at=Now(), minute_calls=passed + 1, minute_before=0)
    back_off(key.provider, None, tasks)
    open_up()


def answered() -> None:
    """A question went through."""
    ProviderKey.objects.update(rate_limits=0)


def test_workers_that_call_at_once_share_one_budget(key: ProviderKey) -> None:
    def take(_: int) -> bool:
        try:
            return call_budget.take(key)
        finally:
            connection.close()

    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        granted = sum(pool.map(take, range(40)))
    assert 6 <= granted <= 7 + time.monotonic() - began, "those 6, and one for each second that 40 looks took"
    assert fresh(key).minute_calls == granted


def test_no_minute_has_more_calls_than_allowed(key: ProviderKey) -> None:
    began, count = time.monotonic(), spend(key)
    for _ in range(59):
        past(timedelta(seconds=1))
        count += spend(key)
    assert 54 <= count <= 60 + time.monotonic() - began


def test_polls_leave_a_call_to_what_is_urgent(key: ProviderKey) -> None:
    ProviderKey.objects.update(calls_limit=4, calls_ceiling=4, calls_limited_at=Now())
    assert spend(key, poll=True) == 1, "of two at once, and then one each half a minute"
    assert call_budget.room(fresh(key)) == 1
    assert call_budget.take(fresh(key))
    assert call_budget.room(fresh(key)) == 0


def test_polls_are_given_times_one_after_the_other(key: ProviderKey) -> None:
    """However many there are: each has its time, and together they stay within the budget."""
    ProviderKey.objects.update(polls_until=Now() + timedelta(minutes=10))
    times = [booked(key) for _ in range(100)]
    # Each is known to within the time that its look took.
    gaps = [(later[0] - earlier[1], later[1] - earlier[0]) for earlier, later in pairwise(times)]
    assert all(longest > 0.9 and shortest < 1.4 for shortest, longest in gaps), gaps
    assert call_budget.book(key, timedelta(hours=1)) == timedelta(hours=1), "who wants to wait longer does"


def test_the_sandbox_has_no_limit(key: ProviderKey) -> None:
    sandbox = ProviderKey.at("sandbox")
    assert all(call_budget.take(sandbox, poll=True) for _ in range(100))
    assert call_budget.book(sandbox) == timedelta(0)
    back_off("sandbox", 1)
    assert fresh(sandbox).calls_limit is None


def test_a_429_halves_the_calls_and_they_grow_by_one_a_minute(key: ProviderKey) -> None:
    refused(key, passed=50)
    assert limits(key) == (30, 10)
    past(5 * MINUTE)
    assert limits(key) == (35, 10)
    past(90 * MINUTE)
    assert limits(key) == (60, 10)


def test_a_second_429_believes_what_went_through_and_stays_there_for_an_hour(key: ProviderKey) -> None:
    refused(key, passed=10)
    assert limits(key)[0] == 30
    refused(key, passed=10)
    assert limits(key)[0] == 10
    past(59 * MINUTE)
    assert limits(key)[0] == 10, "not again into the same 429"
    past(3 * MINUTE)
    assert limits(key)[0] == 12, "but a plan may have grown"


def test_a_provider_that_is_away_does_not_take_the_budget(key: ProviderKey) -> None:
    refused(key, passed=2)
    for _ in range(8):
        refused(key, passed=0)
    assert limits(key) == (30, 10)


def test_a_429_for_many_at_once_teaches_once(key: ProviderKey) -> None:
    ProviderKey.objects.update(minute_at=Now(), minute_calls=41)
    for _ in range(5):
        back_off("apixo", None)
    assert limits(key)[0] == 30


def test_submissions_refused_twice_with_as_many_tasks_teach_the_tasks(key: ProviderKey) -> None:
    refused(key, passed=9, tasks=7)
    assert limits(key) == (30, 7), "until a question is answered"
    answered()
    assert limits(key) == (30, 8), "then one more is tried"
    refused(key, passed=9, tasks=7)
    assert limits(key) == (30, 7)
    answered()
    past(61 * MINUTE)
    assert limits(key)[1] == 8
    refused(key, passed=30, tasks=7)
    assert limits(key)[1] == 7, "one more was tried, and that was all"


def test_a_submission_that_goes_through_clears_the_tasks(key: ProviderKey) -> None:
    refused(key, passed=9, tasks=3)
    answered()
    call_budget.accepted(key, 2)
    assert fresh(key).tasks_limit == 3
    call_budget.accepted(key, 3)
    assert limits(key) == (30, 5)
    refused(key, passed=9, tasks=3)
    answered()
    assert limits(key) == (30, 4), "suspected anew, and the calls are not halved again"


def test_tasks_of_a_plan_tell_its_calls(make_job: MakeJob, apixo: FakeApixo, key: ProviderKey) -> None:
    """With the steps of jobs: the free plan is known after two refusals, and the queue waits for a task to end."""
    followed = [running(make_job()) for _ in range(3)]
    job = make_job()
    apixo.on_post(refusal(429), always=True)
    for _ in range(2):
        assert step(job).state == State.QUEUED
        past(timedelta(seconds=15))
        ask(key)
    assert limits(key) == (10, 3)
    past(MINUTE)
    assert step(job).position == 1
    assert len(apixo.posts) == 5, "nothing is sent while three are under way"
    apixo.behave()
    apixo.fail(followed[0].task_id, "NSFW")
    assert step(followed[0]).state == State.FAILED
    past(MINUTE)
    running(job)


def test_another_key_starts_anew(key: ProviderKey) -> None:
    key_verbs.note_balance(key, Decimal(1), "of-one-key")
    refused(key, passed=10)
    refused(key, passed=10)
    key_verbs.note_balance(key, Decimal(1), "of-another")
    assert limits(key) == (60, 10)


def test_a_poll_without_a_call_waits_and_nothing_is_wrong(
    make_job: MakeJob, apixo: FakeApixo, key: ProviderKey
) -> None:
    job = running(make_job())
    exhausted()
    waits = []
    for _ in range(5):
        job = step(job)
        waits.append(wait_s(job))
    assert (job.state, job.setbacks, job.problem, job.polls, apixo.polls) == (State.RUNNING, 0, "", 0, [])
    assert all(later > earlier for earlier, later in zip(waits, waits[2:], strict=False)), waits
    past(timedelta(hours=2))
    assert step(job).polls == 1


def test_a_callback_goes_before_polls(make_job: MakeJob, apixo: FakeApixo, key: ProviderKey, film: bytes) -> None:
    polled, called = running(make_job()), running(make_job())
    ProviderKey.objects.update(
        calls_limit=4, calls_ceiling=4, calls_limited_at=Now(), spent_until=Now() + MINUTE * 0.48
    )
    apixo.succeed(called.task_id, film)
    assert step(polled).polls == 0
    Job.objects.filter(pk=called.pk).update(claimed_at=F("claimed_at") - timedelta(seconds=6))
    called.nudge()
    assert advance(Job, called.pk)
    called.refresh_from_db()
    assert (called.state, apixo.polls) == (State.ARCHIVING, [called.task_id])


def test_a_callback_without_a_call_stays_urgent(make_job: MakeJob, apixo: FakeApixo, key: ProviderKey) -> None:
    job = running(make_job())
    exhausted()
    Job.objects.filter(pk=job.pk).update(claimed_at=F("claimed_at") - timedelta(seconds=6))
    job.nudge()
    assert advance(Job, job.pk)
    job.refresh_from_db()
    assert job.nudged_at
    assert apixo.polls == []


def test_a_submission_without_a_call_waits_in_the_queue(make_job: MakeJob, apixo: FakeApixo, key: ProviderKey) -> None:
    job = make_job()
    exhausted()
    job = step(job)
    assert (job.state, job.position, job.problem, job.submissions.count()) == (State.QUEUED, 1, "", 0)
    past(timedelta(hours=2))
    running(job)
    assert len(apixo.posts) == 1


def test_settings_show_what_the_key_is_allowed(key: ProviderKey, as_alice: Client) -> None:
    def shown() -> str:
        return " ".join(as_alice.get("/settings/").content.decode().split())

    assert "60 calls a minute, 10 videos at a time" in shown()
    assert "learned from" not in shown()
    for _ in range(2):
        refused(key, passed=5, tasks=3)
        answered()
    past(5 * MINUTE)
    page = shown()
    assert "10 calls a minute, 3 videos at a time" in page
    assert "learned from APIXO’s answers" in page
