"""Time, for tests of the worker: make a row due, make a lease run out, make it later, and look."""

from datetime import timedelta
from typing import Any

from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.keys.models import ProviderKey
from wanstudio.work.advance import advance
from wanstudio.work.leases import NUDGE_INTERVAL, Leased


def step(job: Job) -> Job:
    """The job's next step, as if its time had come. Returns the job as it is afterwards."""
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


def wait_s(row: Any) -> float:
    """Seconds until the row is due."""
    return float((row.due_at - timezone.now()).total_seconds())


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
