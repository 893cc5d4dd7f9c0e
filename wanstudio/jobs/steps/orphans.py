"""The step of an attempt that its job went on without: a task of it that turns up is never lost.

Nothing here submits.
"""

import logging
from datetime import timedelta

from wanstudio.jobs import verbs
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.jobs.steps.named_tasks import NO_SUCH_TASK, NOT_TAKEN, is_final
from wanstudio.jobs.verbs.orphaned_tasks import SENT
from wanstudio.jobs.words import Sentence
from wanstudio.keys import intervals
from wanstudio.keys.provider_calls import ask_status, until_open
from wanstudio.money.models import Money
from wanstudio.provider.calls import StatusProblem, TaskState
from wanstudio.work.leases import NUDGE_INTERVAL

log = logging.getLogger(__name__)


def look_for_orphan(attempt: Attempt) -> None:
    """An attempt that was superseded, or that a task was named for: find out what became of it.

    Crash anywhere: looked at again.
    """
    task_id = attempt.hinted_task_id or attempt.task_id
    if not task_id:
        return _without_task(attempt)
    if State(attempt.job.state) not in SENT:
        # Its job still looks for it by itself, and need not pay twice then.
        attempt.job.nudge()
        return attempt.postpone(intervals.setback(attempt.claims))
    holder = Job.objects.filter(provider=attempt.provider, task_id=task_id).first()
    if holder and not holder.has_given_up:
        return _followed(attempt, holder, task_id)
    if any(job.claimed_within(intervals.paced(NUDGE_INTERVAL)) for job in (attempt.job, holder) if job):
        # It may have asked about the same task a moment ago: two calls keep their distance.
        return attempt.postpone(intervals.seconds(5.5, 10))
    return _ask(attempt, task_id, holder)


def _without_task(attempt: Attempt) -> None:
    if attempt.is_unsettled and attempt.outcome in NOT_TAKEN:
        verbs.release_attempt(attempt, Money.RELEASED, Sentence.NOT_TAKEN.value)
    return _go_on(attempt, attempt.problem)


def _followed(attempt: Attempt, holder: Job, task_id: str) -> None:
    """A job follows this task already. If that is not the attempt's own doing, what became of it stays unknown."""
    holder.nudge()
    if holder.came_of(attempt) and not attempt.is_unsettled:
        verbs.confirm_task(attempt, task_id)
        return _go_on(attempt)
    verbs.forget_task(attempt, task_id)
    return _go_on(attempt, Sentence.TASK_FOLLOWED.of(attempt.provider, task=task_id[:60], job=holder.pk))


def _ask(attempt: Attempt, task_id: str, holder: Job | None) -> None:
    answer = ask_status(attempt.provider, task_id, attempt.key_mark)
    if isinstance(answer, StatusProblem):
        return _no_answer(attempt, task_id, answer)
    if answer.state == TaskState.FAILED:
        return _failed(attempt, task_id, holder)
    try:
        job = verbs.follow_orphan(attempt, task_id, intervals.seconds(5.5, 10))
    except verbs.TaskTaken:
        return attempt.postpone(timedelta(0))
    log.warning("job %s attempt %s: job %s follows its task %s", attempt.job_id, attempt.pk, job.pk, task_id)
    return _go_on(attempt)


def _no_answer(attempt: Attempt, task_id: str, problem: StatusProblem) -> None:
    hint = next((hint for hint in attempt.hints if hint["task"] == task_id), None)
    if problem.error in NO_SUCH_TASK and (hint is None or is_final(hint)):
        verbs.forget_task(attempt, task_id)
        return _go_on(attempt, Sentence.UNKNOWN_TASK.of(attempt.provider, task=task_id[:60]))
    # Another one that was named meanwhile comes first.
    verbs.put_back(attempt, task_id)
    wait = max(intervals.setback(attempt.claims), until_open(attempt.provider))
    return attempt.postpone(wait, problem=Sentence.UNCONFIRMED.of(attempt.provider))


def _failed(attempt: Attempt, task_id: str, holder: Job | None) -> None:
    """The provider made nothing of it: we assume that it is not billed, as for any other."""
    why = Sentence.TASK_FAILED.of(attempt.provider, task=task_id)
    verbs.confirm_task(attempt, task_id)
    if attempt.is_unsettled:
        verbs.release_attempt(attempt, Money.ASSUMED, why)
    if holder and holder.money == Money.UNKNOWN:
        verbs.settle_unknown(holder, Money.ASSUMED, why)
    return _go_on(attempt)


def _go_on(attempt: Attempt, problem: str = "") -> None:
    """This task is settled; the next one that was named is looked at."""
    more = Attempt.objects.filter(pk=attempt.pk).exclude(hinted_task_id="").exists()
    attempt.postpone(intervals.seconds(5.5, 10) if more else None, problem=problem)
