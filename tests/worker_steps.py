"""Time, for tests of the worker: make a row due, make a lease run out, make it later, and look."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import Settings

from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.keys.models import ProviderKey
from wanstudio.work.advance import advance
from wanstudio.work.leases import NUDGE_INTERVAL, Leased


class _Step:
    """The last one: a row that was never claimed can have got its time in it."""

    began = timezone.now()


def step(job: Job) -> Job:
    """The job's next step, as if its time had come. Returns the job as it is afterwards."""
    _Step.began = timezone.now()
    # A moment ago: a row that is due since the very millisecond of its claim counts as woken by a hint.
    past = Now() - timedelta(milliseconds=2)
    assert Job.objects.filter(pk=job.pk, due_at__isnull=False).update(due_at=past), "its time never comes"
    assert advance(Job, job.pk), "it could not be claimed"
    return fresh(job)


def woken(job: Job) -> Job:
    """The step that a hint wakes, as if the rest after the last one were over."""
    Job.objects.filter(pk=job.pk).update(claimed_at=F("claimed_at") - NUDGE_INTERVAL)
    assert advance(Job, job.pk), "no hint woke it"
    return fresh(job)


def rests(job: Job) -> bool:
    """Nothing will ever be done about it by itself."""
    return not Job.objects.filter(pk=job.pk).exclude(due_at=None, nudged_at=None).exists()


def fresh(job: Job) -> Job:
    return Job.objects.get(pk=job.pk)


def running(job: Job) -> Job:
    """The job, sent and accepted."""
    job = step(job)
    assert job.state == State.RUNNING
    return job


def died(row: Leased) -> None:
    """The worker that holds the row's lease has died, and the lease has run out."""
    row._meta.default_manager.filter(pk=row.pk).update(lease_until=Now() - timedelta(seconds=1))  # type: ignore[union-attr]


def later(job: Job, **wait: float) -> Job:
    """The same job after this time (hours=1, …), for everything that reads a clock."""
    gone = timedelta(**wait)
    job.transitions.update(at=F("at") - gone)
    moments = ("created_at", "started_at", "result_at", "missing_since", "due_at", "claimed_at")
    Job.objects.filter(pk=job.pk).update(**{name: F(name) - gone for name in moments})
    Attempt.objects.filter(job=job).update(created_at=F("created_at") - gone)
    return fresh(job)


class Wait(float):
    """Seconds until a row is due. That they are few is counted from now, and that they are many from the row's claim.

    So both are true, however long the machine stood still in between.
    """

    since_claim: float

    def __gt__(self, other: float) -> bool:
        return self.since_claim > other

    def __ge__(self, other: float) -> bool:
        return self.since_claim >= other


def wait_s(row: Any) -> Wait:
    """Seconds until the row is due."""
    now = timezone.now()
    wait = Wait((row.due_at - now).total_seconds())
    wait.since_claim = (row.due_at - min(row.claimed_at or _Step.began, now)).total_seconds()
    return wait


def just_claimed(row: Leased) -> None:
    """The distance between two claims begins now, however long the machine took since the last one."""
    row._meta.default_manager.filter(pk=row.pk).update(claimed_at=Now())  # type: ignore[union-attr]


@contextmanager
def impatient(settings: Settings) -> Iterator[None]:
    """Calls to the provider wait a moment only: for moves that give no answer."""
    usual, settings.PROVIDER_READ_TIMEOUT_S = settings.PROVIDER_READ_TIMEOUT_S, 0.4
    try:
        yield
    finally:
        settings.PROVIDER_READ_TIMEOUT_S = usual


def states(job: Job) -> list[str]:
    """The way it went: "queued submitting running"."""
    return list(job.transitions.values_list("to_state", flat=True))


def ask(key: ProviderKey) -> ProviderKey:
    """The errand of the balance, as if its time had come."""
    ProviderKey.objects.update(due_at=Now())
    assert advance(ProviderKey, key.pk)
    return ProviderKey.objects.get(pk=key.pk)


def open_up() -> None:
    """The pause after a 429 is over."""
    ProviderKey.objects.update(paused_until=Now() - timedelta(seconds=1))
