"""The one write behind all verbs of a job: its state and money change here and nowhere else.

It is one conditional UPDATE on the state the job was loaded in (and the lease, if the caller holds one) and one row in
the timeline, in one transaction: a crash before it leaves the job as it was, a crash after it leaves the job moved.
Each verb's docstring says what that means for the money. A verb that finds another state or another lease raises
`Stale` and has written nothing. Where the money moves, its entry in the ledger is part of the same transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.jobs.models import ENDED, MOVES, Attempt, Job, State, Transition
from wanstudio.jobs.verbs import alerts
from wanstudio.jobs.words import Sentence
from wanstudio.money import verbs as ledger
from wanstudio.money.models import BalanceReading, Money
from wanstudio.uploads.bridge import copies
from wanstudio.work.leases import Stale, due_after
from wanstudio.work.prepared import Prepared

# What a page shows of a job that stays where it is.
SHOWN_WHILE_WAITING = ("problem", "ask_person", "position")


@dataclass(frozen=True)
class Move:
    """`wait`: until the job is due in its new state; None: not until a verb says so.

    `money`: what becomes of its price, if that changes; `money_was`: the column that the price leaves, if that is not
    the job's present money; `paid_for`: the id of the attempt that the price is about.
    `decided_in`: a person decides, who holds no lease, and about a job in this state (and of the version `seen`) only.
    """

    to: State
    why: str = ""
    wait: timedelta | None = None
    money: Money | None = None
    money_was: Money | Literal["as it stands"] | None = "as it stands"
    paid_for: int | None = None
    decided_in: State | None = None
    seen: int | None = None
    changes: Mapping[str, object] = field(default_factory=dict)


def move(job: Job, step: Move) -> None:
    came_from = State(job.state)
    if step.to not in MOVES[came_from] or step.decided_in not in (None, came_from):
        raise Stale(f"{job} is {came_from}, which does not lead to {step.to}")
    changes = {"alerted_at": None, **step.changes}
    if step.money:
        changes["money"] = step.money
    with transaction.atomic():
        mine = Job.objects.filter(pk=job.pk) if step.decided_in else job.held()
        if step.seen is not None:
            mine = mine.filter(version=step.seen)
        due_at = None if step.to in ENDED else due_after(step.wait)
        if not mine.filter(state=came_from).update(state=step.to, due_at=due_at, version=F("version") + 1, **changes):
            raise Stale(f"{job} is no longer {came_from} or no longer ours")
        Transition.objects.create(job=job, from_state=came_from, to_state=step.to, why=step.why[:300])
        if step.to in ENDED:
            copies.let_go(job.pk)
        before = Money(job.money) if step.money_was == "as it stands" else step.money_was
        moves_money = bool(step.money and step.money != before)
        paid_for = _paid_for(job) if came_from == State.RUNNING or (moves_money and before) else None
        if came_from == State.RUNNING:
            ledger.note_before(BalanceReading.Moment.ENDED, job, paid_for)
        if step.money and moves_money:
            about = step.paid_for or (paid_for if before else None)
            ledger.write(job, step.money, before=before, attempt_id=about, why=step.why)
    job.state = step.to
    job.money = step.money or job.money


def flag_problem(job: Job, problem: str, wait: timedelta | None, **changes: object) -> None:
    """No move, but something a person should read while it waits (an empty sentence: no longer)."""
    problem = problem[:300]
    shown = {"problem": problem, **changes}
    # An alert counts down: every attempt is shown.
    is_news = "alerted_at" in changes or any(
        shown.get(name, getattr(job, name)) != getattr(job, name) for name in SHOWN_WHILE_WAITING
    )
    with transaction.atomic():
        job.postpone(wait, problem=problem, version=F("version") + int(is_news), **changes)
        if changes.get("ask_person") and not job.ask_person:
            alerts.person_must_decide(job)


def settle_failed(job: Job, after: Money, why: str, *, before: Money, **changes: object) -> None:
    """failed, and what became of its money is known now."""
    with transaction.atomic():
        mine = Job.objects.filter(pk=job.pk, state=State.FAILED, money=before)
        if not mine.update(money=after, version=F("version") + 1, **changes):
            raise Stale(f"{job} has not failed with its money {before}")
        if before == Money.UNKNOWN:
            ledger.write(job, after, before=before, attempt_id=_paid_for(job), why=why)
    job.money = after


def take_back(job: Job, attempt: Attempt | None) -> Money | None:
    """Before following the task of `attempt`: its price is the job's again. Returns the column of that price."""
    newest = newest_attempt(job)
    if newest is None:
        return Money(job.money)
    # Another job's, if this one follows an orphaned task: read again.
    known = attempt is None or attempt.pk == newest.pk
    followed = newest if known else Attempt.objects.get(pk=attempt.pk)  # type: ignore[union-attr]
    if followed.money:
        Attempt.objects.filter(pk=followed.pk).update(money="")
    if job.state == State.UNCERTAIN and followed.pk != newest.pk:
        supersede(newest)
        return Money(followed.money) if followed.money else None
    if followed.money == Money.UNKNOWN:
        # The price is reserved already, for an attempt that is not needed now.
        why = Sentence.TAKEN_AFTER_ALL.value
        ledger.write(job, Money.RELEASED, before=Money.UNKNOWN, attempt_id=followed.pk, why=why)
    return Money(job.money)


def supersede(attempt: Attempt | None, money: Money = Money.UNKNOWN) -> None:
    """The job continues, or ends, without this attempt. Due: what is known of it is looked at."""
    if attempt:
        Attempt.objects.filter(pk=attempt.pk).update(money=money, due_at=Now())


def newest_attempt(job: Job) -> Attempt | None:
    return next(iter(attempts_of(job)), None)


def attempt_with(job: Job, task_id: str) -> Attempt | None:
    """The newest of its attempts that this task came of."""
    return next((attempt for attempt in attempts_of(job) if attempt.task_id == task_id), None)


def attempts_of(job: Job) -> list[Attempt]:
    """The newest first. They are few."""
    return _ATTEMPTS.all(job.pk)


_ATTEMPTS = Prepared(lambda pk: Attempt.objects.filter(job=pk).order_by("-pk"))


def _paid_for(job: Job) -> int | None:
    """The attempt that the job's present money is about; None while it is about one that is yet to come."""
    if job.state == State.QUEUED:
        return None
    attempt = (attempt_with(job, job.task_id) if job.task_id else None) or newest_attempt(job)
    return attempt.pk if attempt else job.recovered_from_id


def log_act(job: Job, act: str, by: User | None) -> None:
    record(team=job.team_id, person=by, act=act, about=job.title, on=job)
