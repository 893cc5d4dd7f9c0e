"""The verbs of an attempt: its answer, the tasks that were named for it, and what became of its price."""

from collections.abc import Callable

from django.db import transaction
from django.db.models import Case, F, Q, When
from django.db.models.functions import Now
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.jobs.models import Attempt, Hint, Job
from wanstudio.jobs.verbs.moves import log_act
from wanstudio.money import verbs as ledger
from wanstudio.money.models import Money
from wanstudio.provider.calls import Error, Outcome, Submission
from wanstudio.work.leases import Stale
from wanstudio.work.prepared import PreparedRows

# How many task ids of one attempt are kept until they are looked at.
MAX_HINTS = 8


def record_answer(attempt: Attempt, answer: Submission) -> None:
    """What came back, kept whether or not the lease still is ours: a task id must never be lost.

    If its job went on without it meanwhile, the worker looks at what that means.
    """
    known = {"task_id": answer.task_id} if answer.task_id else {}
    Attempt.objects.filter(pk=attempt.pk).update(
        answered_at=Now(),
        nudged_at=Case(When(~Q(money=""), then=Now()), default=F("nudged_at")),
        outcome=answer.outcome,
        http_status=answer.http_status,
        error=answer.error or "",
        message=answer.message,
        **known,
    )


def recorded_answer(attempt: Attempt) -> Submission:
    return Submission(
        outcome=Outcome(attempt.outcome),
        task_id=attempt.task_id,
        http_status=attempt.http_status,
        message=attempt.message,
        error=Error(attempt.error) if attempt.error else None,
    )


def note_task(attempt: Attempt, task_id: str, *, by_hand: bool = False) -> None:
    """A task id that was named for it, kept until it is settled: a wrong one never pushes out the right one.

    What a person names is looked at first. A crash keeps it, or it was never named.
    """

    def add(hints: list[Hint]) -> list[Hint]:
        if not by_hand and any(hint["task"] == task_id for hint in hints):
            return hints
        others = [hint for hint in hints if hint["task"] != task_id]
        new: Hint = {"task": task_id, "by_hand": by_hand, "at": timezone.now().isoformat(), "asked": False}
        if by_hand:
            return [new, *others][:MAX_HINTS]
        # Too many: one that the provider did not know makes room, but never one that no one has asked about.
        others = others if len(others) < MAX_HINTS else [hint for hint in others if not hint["asked"]]
        return [*others, new] if len(others) < MAX_HINTS else others

    _change_hints(attempt, add)


def put_back(attempt: Attempt, task_id: str) -> None:
    """The provider does not know this one yet: the others first."""

    def to_the_end(hints: list[Hint]) -> list[Hint]:
        others = [hint for hint in hints if hint["task"] != task_id]
        return others + [{**hint, "asked": True} for hint in hints if hint["task"] == task_id]

    _change_hints(attempt, to_the_end)


def confirm_task(attempt: Attempt, task_id: str) -> None:
    """This task came of it, and a job follows it: there is nothing to look at any more."""
    if _CONFIRMED.all(attempt.pk, task_id):
        return
    Attempt.objects.filter(pk=attempt.pk).update(task_id=task_id)
    _settle_hint(attempt, task_id)


_CONFIRMED = PreparedRows(
    lambda pk, task_id: Attempt.objects.filter(pk=pk, task_id=task_id, hinted_task_id="").values_list("pk")
)


def forget_task(attempt: Attempt, task_id: str) -> None:
    """The provider knows no such task, or another job has it. Another id, named in the meantime, stays."""
    Attempt.objects.filter(pk=attempt.pk, task_id=task_id).update(task_id="")
    _settle_hint(attempt, task_id)


def _settle_hint(attempt: Attempt, task_id: str) -> None:
    _change_hints(attempt, lambda hints: [hint for hint in hints if hint["task"] != task_id])


def _change_hints(attempt: Attempt, change: Callable[[list[Hint]], list[Hint]]) -> None:
    """Reads, changes and writes under a lock, so that of two callbacks at once both are kept."""
    with transaction.atomic():
        row = Attempt.objects.select_for_update(no_key=True).filter(pk=attempt.pk).first()
        if row is None:
            return
        hints = change(row.hints)
        if hints != row.hints:
            first = hints[0]["task"] if hints else ""
            Attempt.objects.filter(pk=attempt.pk).update(hints=hints, hinted_task_id=first)


def release_attempt(attempt: Attempt, money: Money, why: str, *, by: User | None = None) -> None:
    """Releases the unknown price of a superseded attempt; otherwise `Stale`. A crash leaves it unknown, or released."""
    with transaction.atomic():
        # The job's row first, as everywhere: two transactions must not wait for each other.
        Job.objects.filter(pk=attempt.job_id).update(version=F("version") + 1)
        if not Attempt.objects.filter(pk=attempt.pk, money=Money.UNKNOWN).update(money=money, problem=""):
            raise Stale(f"{attempt} is not unsettled")
        ledger.write(attempt.job, money, before=Money.UNKNOWN, attempt_id=attempt.pk, why=why)
        if by:
            log_act(attempt.job, "job.not_charged", by)
    attempt.money = money


def name_task(attempt: Attempt, task_id: str, *, by: User | None = None) -> None:
    """A task of a superseded attempt, for the worker to ask about; else `Stale`. A crash leaves it noted, or not."""
    with transaction.atomic():
        mine = Attempt.objects.filter(pk=attempt.pk, money=Money.UNKNOWN)
        if not mine.update(problem=""):
            raise Stale(f"{attempt} is not unsettled")
        note_task(attempt, task_id[:200], by_hand=True)
        attempt.nudge()
        log_act(attempt.job, "job.attached", by)
