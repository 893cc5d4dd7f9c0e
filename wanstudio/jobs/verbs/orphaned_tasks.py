"""Orphaned tasks: paid for, though their job went on without them. Each gets a job of its own, which never submits."""

from datetime import timedelta

from django.contrib.humanize.templatetags.humanize import ordinal
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from wanstudio.activity.verbs import record
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.history import Transition
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import ENDED, State
from wanstudio.jobs.verbs.attempts import confirm_task
from wanstudio.jobs.verbs.progress import TaskTaken, expected_time
from wanstudio.jobs.verbs.recovery import release_task
from wanstudio.jobs.words import Sentence
from wanstudio.money import verbs as ledger
from wanstudio.money.models import Money
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
    """The attempt and its job let go of the task and of the money it stands for. Returns the job."""
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
