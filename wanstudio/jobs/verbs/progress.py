"""The verbs of the worker, under the lease of the job: moves and alerts. `moves` says what each write guarantees."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from wanstudio.jobs import job_notifications, queue
from wanstudio.jobs.models import Alert, Attempt, FairShare, Job, State
from wanstudio.jobs.queue import OthersFirst
from wanstudio.jobs.verbs import alerts, moves
from wanstudio.jobs.verbs.moves import Move
from wanstudio.keys import call_budget
from wanstudio.keys.models import ProviderKey
from wanstudio.money.models import BalanceReading, Money
from wanstudio.money.verbs import note_before
from wanstudio.work.leases import Stale
from wanstudio.work.prepared import PreparedRows, PreparedUpdate


class TaskTaken(Exception):
    """Another job already follows this task of the provider's."""


@dataclass(frozen=True)
class Failure:
    """`code` and `message`: the provider's, or ours. `why`: for the timeline. `cause`: a sentence for who made it."""

    code: str
    message: str
    money: Money
    why: str
    cause: str = ""


def begin_submitting(job: Job, *, callback: bool, key_mark: str = "") -> Attempt:
    """queued → submitting, with the attempt's row. Nothing is sent yet, but its call is taken.

    `OthersFirst` if others are before it, or calls that were made lately.

    Crash after: the POST might or might not have gone out, so the next claim makes the job uncertain.
    """
    with transaction.atomic():
        # One at a time a key, or workers that look at the same moment would take the same last slot.
        key = ProviderKey.lock(job.provider)
        position = queue.read(key, asking=job.pk).check(job.pk)
        if not call_budget.take(key, submission=True):
            raise OthersFirst(position)
        # Due all the while: a crash from here on must be found as soon as the lease has run out.
        changes = {"problem": "", "ask_person": False, "position": None}
        moves.move(job, Move(State.SUBMITTING, wait=timedelta(0), changes=changes))
        # The key is locked: no one makes the row at this moment.
        if not _SERVED.run(job.provider, job.team_id, job.person_id):
            FairShare.objects.create(
                provider=job.provider, team_id=job.team_id, person_id=job.person_id, sent_at=timezone.now()
            )
        attempt = Attempt.objects.create(job=job, provider=job.provider, callback=callback, key_mark=key_mark)
        note_before(BalanceReading.Moment.SENT, job, attempt.pk)
        return attempt


_SERVED = PreparedUpdate(
    lambda provider, team, person: (
        FairShare.objects.filter(provider=provider, team=team, person=person),
        {"sent_at": Now()},
    )
)


def may_write(job: Job) -> bool:
    """The last look before the first byte: still submitting and our lease alive, which this extends."""
    return job.state == State.SUBMITTING and job.keep_lease()


def mark_running(job: Job, task_id: str, wait: timedelta, *, callback: bool, attempt: Attempt | None = None) -> None:
    """submitting, uncertain or queued → running: the provider has the task. The price is reserved.

    `attempt`: the one it came of, if it is not the newest; what is unknown about the newest then stays unknown.
    Crash before: the attempt's row holds the task id, and the next claim follows it. `TaskTaken` writes nothing.
    """
    changes = {
        "task_id": task_id,
        "callback": callback,
        "ask_person": False,
        "problem": "",
        "setbacks": 0,
        "missing_since": None,
        # From the POST on: the time that it took is the provider's, even if the answer came late.
        "started_at": attempt.created_at if attempt else Now(),
        # A claim that sent the task did not look at it: the first callback, however early, is followed at once.
        "claimed_at": None if job.state == State.SUBMITTING else F("claimed_at"),
        **expected_time(job),
    }
    try:
        with transaction.atomic():
            # The job's row first, then its attempts', as everywhere: transactions must not wait for each other.
            _LOCKED.all(job.pk)
            step = Move(
                State.RUNNING,
                task_id,
                wait,
                money=Money.RESERVED,
                money_was=moves.take_back(job, attempt),
                paid_for=attempt.pk if attempt else None,
                changes=changes,
            )
            moves.move(job, step)
    except IntegrityError:
        raise TaskTaken(task_id) from None


_LOCKED = PreparedRows(lambda pk: Job.objects.select_for_update(no_key=True).filter(pk=pk).values_list("pk"))


def expected_time(job: Job) -> dict[str, float | None]:
    usual = Job.objects.usual_time(job.provider, job.resolution, job.billed_seconds)
    low, middle, high = usual or (None, None, None)
    return {"expected_low_s": low, "expected_s": middle, "expected_high_s": high}


def requeue(job: Job, why: str, wait: timedelta, *, counts: bool = False, position: int | None = None) -> None:
    """submitting or uncertain → queued: it was certainly not taken. `counts`: as one of the three retries.

    `position`: it waits in the queue, with all the others of its key; None: it waits alone for `wait`.
    """
    changes = {"problem": why[:300], "retries": F("retries") + int(counts), "ask_person": False, "position": position}
    moves.move(job, Move(State.QUEUED, why, wait, money=Money.RESERVED, changes=changes))


def keep_queued(job: Job, position: int, wait: timedelta, why: str = "") -> None:
    """Still queued, at this position. `why`: what blocks the whole key. `wait`: until it looks, unless woken."""
    moves.flag_problem(job, why, wait, position=position)


def step_aside(job: Job, why: str, wait: timedelta) -> None:
    """Still queued, without a position: it waits for its own reason, and others pass."""
    moves.flag_problem(job, why, wait, position=None)


def mark_uncertain(job: Job, why: str, wait: timedelta | None) -> None:
    """submitting → uncertain: no one can tell whether it was taken. Never sent again automatically.

    `wait`: how long a callback can still settle it before a person is asked; None asks immediately.
    """
    if job.state == State.QUEUED:
        raise Stale(f"{job} was not being sent")
    with transaction.atomic():
        changes = {"ask_person": wait is None}
        moves.move(job, Move(State.UNCERTAIN, why, wait, money=Money.UNKNOWN, changes=changes))
        if wait is None:
            alerts.person_must_decide(job)


def ask_person(job: Job, problem: str) -> None:
    """Still uncertain: a person decides."""
    moves.flag_problem(job, problem, None, ask_person=True)


def alert_owner(job: Job, problem: str, wait: timedelta, **changes: object) -> None:
    """The same as `flag_problem`, and the owner has to know, from now until the job moves on."""
    with transaction.atomic():
        moves.flag_problem(job, problem, wait, alerted_at=job.alerted_at or Now(), **changes)
        alerts.raise_alert(job, Alert.Kind.OVERDUE if job.state == State.RUNNING else Alert.Kind.UNSAVED)


def mark_archiving(job: Job, urls: Sequence[str], *, cost_ms: int | None, completed_at: datetime | None) -> None:
    """running → archiving: the provider says success, so the price is settled, whatever becomes of the download."""
    changes = {
        "result_urls": list(urls),
        "cost_ms": cost_ms,
        "result_at": completed_at or Now(),
        "problem": "",
        "setbacks": 0,
        "missing_since": None,
    }
    moves.move(job, Move(State.ARCHIVING, wait=timedelta(0), money=Money.SETTLED, changes=changes))


def mark_done(job: Job, why: str = "Archived, verified") -> None:
    """archiving → done: all available results are stored, decoded and hashed. Crash before: archived again."""
    with transaction.atomic():
        video = _FIRST_VIDEO.first(job.pk)
        changes = {"video_id": video[0] if video else None, "ended_at": Now(), "problem": ""}
        moves.move(job, Move(State.DONE, why, changes=changes))
        job_notifications.ready(job)


_FIRST_VIDEO = PreparedRows(
    lambda pk: Job.objects.filter(pk=pk, videos__isnull=False).order_by("videos__position").values_list("videos")[:1]
)


def mark_failed(job: Job, failure: Failure) -> None:
    """Any moving state → failed, with the money as the outcome demands."""
    changes = {"failure": failure.code[:100], "failure_message": failure.message, "ended_at": Now()}
    with transaction.atomic():
        moves.move(job, Move(State.FAILED, failure.why, money=failure.money, changes=changes))
        job_notifications.failed(job, failure.cause)
