"""The verbs for what turns up later: where lost money went, a task alive after all, a row that came out of a backup."""

from django.db import transaction

from wanstudio.accounts.models import User
from wanstudio.jobs import job_notifications
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.jobs.verbs import moves
from wanstudio.jobs.verbs.moves import Move
from wanstudio.money.models import Money
from wanstudio.work.leases import Stale

# Outcomes of an attempt that leave it open whether the provider has its task, or say that it has.
MAYBE_TAKEN = ("", "accepted", "unknown")


def settle_unknown(job: Job, money: Money, why: str, *, by: User | None = None) -> None:
    """failed with its money unknown: now it is known not to have been charged, or assumed.

    A person says so, or the provider. `Stale` if it is not one of those. A crash leaves it unknown, or settled.
    """
    with transaction.atomic():
        moves.settle_failed(job, money, why, before=Money.UNKNOWN)
        if by:
            moves.log_act(job, "job.not_charged", by)


def release_task(job: Job, why: str) -> None:
    """failed, but its task is alive after all: another job follows it. What was unknown here is released here.

    `Stale` if it is not one of those. A crash leaves both jobs as they were: the caller's transaction.
    """
    if job.money not in (Money.UNKNOWN, Money.ASSUMED) or not job.task_id:
        raise Stale(f"{job} has no task that it has given up")
    moves.settle_failed(job, Money.RELEASED, why, before=Money(job.money), task_id="")


def mark_restored(job: Job, why: str) -> None:
    """queued, submitting or uncertain → uncertain: this row is older than the world, it may have been sent since.

    An attempt that nobody here remembers gets its row, so that a refusal of the one before it sends nothing. What is
    known of a task is still followed; else a person decides. Only for a database that no worker has: takes every
    lease away.
    """
    changes: dict[str, object] = {"ask_person": True, "position": None, "lease_until": None, "lease_token": None}
    with transaction.atomic():
        newest = moves.newest_attempt(job)
        if newest is None or job.state == State.QUEUED or newest.outcome not in MAYBE_TAKEN:
            newest = Attempt.objects.create(job=job, provider=job.provider, outcome="unknown", message=why[:300])
        if job.state == State.UNCERTAIN:
            moves.flag_problem(job, why, None, **changes)
        else:
            changes["problem"] = why[:300]
            step = Move(State.UNCERTAIN, why, money=Money.UNKNOWN, paid_for=newest.pk, changes=changes)
            moves.move(job, step)
            job_notifications.unconfirmed(job)
    job.nudge()
