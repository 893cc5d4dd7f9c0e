"""Orphaned tasks: paid for, though their job went on without them. Each gets a job of its own, which never submits."""

from datetime import timedelta

from django.contrib.humanize.templatetags.humanize import ordinal
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.history import Transition
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import ENDED, State
from wanstudio.jobs.verbs.progress import TaskTaken, expected_time
from wanstudio.jobs.verbs.recovery import release_task
from wanstudio.money import verbs as ledger
from wanstudio.money.models import Money
from wanstudio.provider import providers
from wanstudio.work.leases import Stale

# As in the job it comes from.
SAME = (
    *("team_id", "person_id", "provider", "character_id", "motion_id", "behaviour", "resolution", "prompt", "seed"),
    *("seed_generated", "duration", "billed_seconds", "unit_price", "price"),
)
# Before these a job may still follow the task itself.
SENT = ENDED | {State.RUNNING, State.ARCHIVING}


def follow_orphan(attempt: Attempt, task_id: str, wait: timedelta) -> Job:
    """A job that follows this task of the attempt's, first looked at after `wait`; the attempt's price is reserved.

    Its unknown price moves over; one that was released is reserved anew. `TaskTaken` if a living job has the task,
    `Stale` if the lease or the job has moved: nothing is written then. A crash leaves it followed, or to be followed.
    """
    try:
        with transaction.atomic():
            given = _hand_over(attempt, task_id)
            job = Job.objects.create(
                **{name: getattr(given, name) for name in SAME},
                lineage_id=given.lineage_id or given.pk,
                title=f"{given.title[:180]} ({ordinal_of(attempt)} try)",
                state=State.RUNNING,
                money=Money.RESERVED,
                task_id=task_id,
                callback=attempt.callback,
                recovered_from=attempt,
                started_at=attempt.created_at,
                **expected_time(given),
                due_at=Now() + wait,
            )
            why = f"{providers.get(attempt.provider).opening_name} had taken an earlier try: task {task_id}"
            Transition.objects.create(job=job, to_state=State.RUNNING, why=why[:300])
            ledger.write(job, Money.RESERVED, before=None, attempt_id=attempt.pk, why=why)
            record(team=job.team_id, act="job.adopted", about=job.title, on=job)
            return job
    except IntegrityError:
        raise TaskTaken(task_id) from None


def _hand_over(attempt: Attempt, task_id: str) -> Job:
    """The attempt and its job let go of the task and of the money it stands for. Returns the job."""
    job = Job.objects.select_for_update(no_key=True).get(pk=attempt.job_id)
    if State(job.state) not in SENT:
        raise Stale(f"{job} may still follow it itself")
    mine = attempt.held().filter(money=attempt.money)
    if not mine.update(money="", problem=""):
        raise Stale(f"{attempt} has changed, or is no longer ours")
    attempt.confirm(task_id)
    if attempt.money == Money.UNKNOWN:
        ledger.write(
            job, Money.RELEASED, before=Money.UNKNOWN, attempt_id=attempt.pk, why="A job of its own follows it"
        )
    holder = Job.objects.select_for_update(no_key=True).filter(provider=attempt.provider, task_id=task_id).first()
    if holder:
        try:
            release_task(holder, "It turned up: a job of its own follows it")
        except Stale:
            raise TaskTaken(task_id) from None
    # Its page says where the task is followed now.
    Job.objects.filter(pk=job.pk).update(version=F("version") + 1)
    return job


def release_attempt(attempt: Attempt, money: Money, why: str, *, by: User | None = None) -> None:
    """A superseded attempt was not charged: its unknown price is released (or assumed to be). `Stale` if it is not one.

    A crash leaves it unknown, or released.
    """
    with transaction.atomic():
        # The job's row first, as everywhere: two transactions must not wait for each other.
        Job.objects.filter(pk=attempt.job_id).update(version=F("version") + 1)
        if not Attempt.objects.filter(pk=attempt.pk, money=Money.UNKNOWN).update(money=money, problem=""):
            raise Stale(f"{attempt} is not unsettled")
        ledger.write(attempt.job, money, before=Money.UNKNOWN, attempt_id=attempt.pk, why=why)
        if by:
            _note("job.not_charged", attempt, by)
    attempt.money = money


def name_task(attempt: Attempt, task_id: str, *, by: User | None = None) -> None:
    """A person found the task of a superseded attempt: the worker asks the provider about it.


    `Stale` as in `release_attempt`. A crash leaves it noted, or not.
    """
    with transaction.atomic():
        mine = Attempt.objects.filter(pk=attempt.pk, money=Money.UNKNOWN)
        if not mine.update(problem=""):
            raise Stale(f"{attempt} is not unsettled")
        attempt.hint(task_id[:200], by_hand=True)
        attempt.nudge()
        _note("job.attached", attempt, by)


def _note(act: str, attempt: Attempt, by: User | None) -> None:
    record(team=attempt.job.team_id, person=by, act=act, about=attempt.job.title, on=attempt.job)


def ordinal_of(attempt: Attempt) -> str:
    """Which of its job's tries it was: `2nd`."""
    number = Attempt.objects.filter(job_id=attempt.job_id, pk__lte=attempt.pk).count()
    return str(ordinal(number))
