"""The verbs of late discoveries: the price of a failed job, a row from a backup, an orphaned task.

An orphaned task is paid for, though its job went on without it. It gets a separate job, which never submits.
"""

from datetime import timedelta

from django.contrib.humanize.templatetags.humanize import ordinal
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.jobs.models import ENDED, Attempt, Job, State, Transition
from wanstudio.jobs.verbs import alerts, moves
from wanstudio.jobs.verbs.attempts import confirm_task
from wanstudio.jobs.verbs.moves import Move
from wanstudio.jobs.verbs.progress import TaskTaken, expected_time
from wanstudio.jobs.words import Sentence
from wanstudio.money import verbs as ledger
from wanstudio.money.models import Money
from wanstudio.work.leases import Stale

# Outcomes of an attempt that leave it open whether the provider has its task, or say that it has.
MAYBE_TAKEN = ("", "accepted", "unknown")
# As in the job it comes from.
SAME = (
    *("team_id", "person_id", "provider", "character_id", "motion_id", "behaviour", "resolution", "prompt", "seed"),
    *("seed_generated", "duration", "billed_seconds", "unit_price", "price", "trim_start", "trim_end"),
    *("crop_x", "crop_y", "crop_width", "crop_height"),
)
# Before these a job can still follow the task itself.
SENT = ENDED | {State.RUNNING, State.ARCHIVING}


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
    """queued, submitting or uncertain → uncertain: this row is older than the world, it might have been sent since.

    An attempt that no one here remembers gets its row, so that a refusal of the one before it sends nothing. What is
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
            alerts.person_must_decide(job)
    job.nudge()


def follow_orphan(attempt: Attempt, task_id: str, wait: timedelta) -> Job:
    """A job that follows this task of the attempt's, first looked at after `wait`; the attempt's price is reserved.

    Its unknown price moves over; one that was released is reserved again. `TaskTaken` if a living job has the task,
    `Stale` if the lease or the job has moved: nothing is written then. A crash leaves it followed, or to be followed.
    """
    try:
        with transaction.atomic():
            given = _hand_over(attempt, task_id)
            job = Job.objects.create(
                **{name: getattr(given, name) for name in SAME},
                lineage_id=given.lineage_id or given.pk,
                title=f"{given.title[:180]} ({ordinal(attempt.number)} try)",
                state=State.RUNNING,
                money=Money.RESERVED,
                task_id=task_id,
                callback=attempt.callback,
                recovered_from=attempt,
                started_at=attempt.created_at,
                **expected_time(given),
                due_at=Now() + wait,
            )
            why = Sentence.RECOVERED.of(attempt.provider, task=task_id)
            Transition.objects.create(job=job, to_state=State.RUNNING, why=why[:300])
            ledger.write(job, Money.RESERVED, before=None, attempt_id=attempt.pk, why=why)
            record(team=job.team_id, act="job.adopted", about=job.title, on=job)
            return job
    except IntegrityError:
        raise TaskTaken(task_id) from None


def _hand_over(attempt: Attempt, task_id: str) -> Job:
    """The attempt and its job give up the task and its money. Returns the job."""
    job = Job.objects.select_for_update(no_key=True).get(pk=attempt.job_id)
    if State(job.state) not in SENT:
        raise Stale(f"{job} may still follow it itself")
    mine = attempt.held().filter(money=attempt.money)
    if not mine.update(money="", problem=""):
        raise Stale(f"{attempt} has changed, or is no longer ours")
    confirm_task(attempt, task_id)
    if attempt.money == Money.UNKNOWN:
        ledger.write(
            job, Money.RELEASED, before=Money.UNKNOWN, attempt_id=attempt.pk, why=Sentence.FOLLOWED_ELSEWHERE.value
        )
    holder = Job.objects.select_for_update(no_key=True).filter(provider=attempt.provider, task_id=task_id).first()
    if holder:
        try:
            release_task(holder, Sentence.TURNED_UP.value)
        except Stale:
            raise TaskTaken(task_id) from None
    # Its page says where the task is followed now.
    Job.objects.filter(pk=job.pk).update(version=F("version") + 1)
    return job
