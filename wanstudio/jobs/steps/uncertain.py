"""The steps that look for the task of a POST: of an uncertain job, and of an earlier attempt whose job went on without
it. Nothing here submits.
"""

import logging
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils import timezone

from wanstudio.jobs import verbs
from wanstudio.jobs.models import Attempt, Hint, Job, State
from wanstudio.jobs.steps.submission_outcome import follow, patience, run
from wanstudio.jobs.words import Sentence
from wanstudio.keys import intervals
from wanstudio.keys.provider_calls import ask_status, until_open
from wanstudio.money.models import Money
from wanstudio.provider.calls import Error, Outcome, StatusProblem, TaskState
from wanstudio.work.leases import NUDGE_INTERVAL

log = logging.getLogger(__name__)

# These answers alone say that the provider has no task of ours.
NOT_TAKEN = (Outcome.NOT_SENT, Outcome.NOT_ACCEPTED, Outcome.THROTTLED, Outcome.ACCOUNT, Outcome.REJECTED)
# Of a task that was named: the provider has none of this name, or could not have one.
NO_SUCH_TASK = (Error.NOT_FOUND, Error.BAD_REQUEST)


class Found(NamedTuple):
    """A task of this job: from an answer, or named and confirmed by the provider."""

    attempt: Attempt
    task_id: str


class Unclear(NamedTuple):
    """The provider does not say whether it has the task that was named. `problem`: that, in a sentence."""

    problem: str


class NoTask(NamedTuple):
    """No task is known. `problem`: a sentence about one that was named and does not exist, or empty."""

    problem: str = ""


def find_task(job: Job) -> Found | Unclear | NoTask:
    unclear: Unclear | None = None
    taken: Found | None = None
    none = NoTask()
    for attempt in verbs.attempts_of(job):
        if attempt.task_id:
            return Found(attempt, attempt.task_id)
        for hint in attempt.hints:
            named = Found(attempt, hint["task"])
            if Job.objects.filter(provider=job.provider, task_id=named.task_id).exclude(pk=job.pk).exists():
                # The last to be looked at: a true one can be behind it.
                taken = named
                continue
            answer = ask_status(job.provider, named.task_id, attempt.key_mark)
            if not isinstance(answer, StatusProblem):
                return named
            if answer.error not in NO_SUCH_TASK:
                unclear = Unclear(Sentence.UNCONFIRMED.of(job.provider))
                if answer.error == Error.RATE_LIMITED:
                    return unclear
                continue
            none = NoTask(Sentence.UNKNOWN_TASK.of(job.provider, task=named.task_id[:60]))
            if is_final(job.provider, hint):
                verbs.forget_task(attempt, named.task_id)
            else:
                verbs.put_back(attempt, named.task_id)
                unclear = unclear or Unclear(none.problem)
    return unclear or taken or none


def is_final(provider: str, hint: Hint) -> bool:
    """Whether "no such task" ends it. A task that a callback named can be a moment ahead of what statusTask knows; one
    that a person read somewhere is not."""
    since = timezone.now() - datetime.fromisoformat(hint["at"])
    return hint["by_hand"] or since > intervals.paced(provider, intervals.MISSING_FOR)


def worker_died(job: Job) -> None:
    """submitting, the lease expired: its worker died. A recorded answer is followed; else uncertain. Repeatable."""
    attempt = job.submissions.latest("pk")
    if attempt.outcome:
        follow(job, attempt, verbs.recorded_answer(attempt))
    else:
        verbs.mark_uncertain(job, Sentence.WORKER_STOPPED.value, patience(attempt))
    if job.state == State.UNCERTAIN and attempt.hinted_task_id:
        # The callback's nudge was spent on this claim.
        job.nudge()


def settle(job: Job) -> None:
    """uncertain: follow a confirmed task or a late answer; else wait, then ask a person. Crash anywhere: repeated."""
    newest = job.submissions.latest("pk")
    known = find_task(job)
    # No callback is expected any more.
    is_over = not newest.callback or _left(newest) <= timedelta(0)
    asks = job.ask_person or is_over
    match known:
        case Unclear(problem):
            verbs.flag_problem(job, problem, _setback(job), setbacks=job.setbacks + 1, ask_person=asks)
        case Found(attempt, task_id):
            run(job, attempt, task_id, timedelta(0))
        case NoTask() if newest.outcome in NOT_TAKEN:
            follow(job, newest, verbs.recorded_answer(newest))
        case NoTask(problem):
            verbs.flag_problem(job, problem or job.problem, None if asks else _left(newest), ask_person=asks)


def was_taken_after_all(job: Job) -> bool:
    """queued again, but an earlier task was found: follow it instead of paying twice. True if nothing is to be sent."""
    match find_task(job):
        case Unclear():
            problem = Sentence.FIRST_LOOK.value
            verbs.flag_problem(job, problem, _setback(job), setbacks=job.setbacks + 1)
        case Found(attempt, task_id):
            run(job, attempt, task_id, timedelta(0))
        case NoTask():
            return False
    return True


def _setback(job: Job) -> timedelta:
    return max(intervals.setback(job.provider, job.setbacks), until_open(job.provider))


def _left(attempt: Attempt) -> timedelta:
    return attempt.created_at + intervals.paced(attempt.provider, intervals.UNCONFIRMED_FOR) - timezone.now()


def look_for_orphan(attempt: Attempt) -> None:
    """A superseded attempt, or one with a named task: find out what became of it. Crash anywhere: repeated."""
    task_id = attempt.hinted_task_id or attempt.task_id
    if not task_id:
        if attempt.is_unsettled and attempt.outcome in NOT_TAKEN:
            verbs.release_attempt(attempt, Money.RELEASED, Sentence.NOT_TAKEN.value)
        return _go_on(attempt, attempt.problem)
    if State(attempt.job.state) not in verbs.SENT:
        # Its job still looks for it, and need not pay twice then.
        attempt.job.nudge()
        return attempt.postpone(intervals.setback(attempt.provider, attempt.claims))
    holder = Job.objects.filter(provider=attempt.provider, task_id=task_id).first()
    if holder and not holder.has_given_up:
        return _followed(attempt, holder, task_id)
    apart = intervals.paced(attempt.provider, NUDGE_INTERVAL)
    if any(job.claimed_within(apart) for job in (attempt.job, holder) if job):
        # It might have asked about the same task a moment ago: two calls keep their distance.
        return attempt.postpone(intervals.seconds(attempt.provider, 5.5, 10))
    return _ask(attempt, task_id, holder)


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
        job = verbs.follow_orphan(attempt, task_id, intervals.seconds(attempt.provider, 5.5, 10))
    except verbs.TaskTaken:
        return attempt.postpone(timedelta(0))
    log.warning("job %s attempt %s: job %s follows its task %s", attempt.job_id, attempt.pk, job.pk, task_id)
    return _go_on(attempt)


def _no_answer(attempt: Attempt, task_id: str, problem: StatusProblem) -> None:
    hint = next((hint for hint in attempt.hints if hint["task"] == task_id), None)
    if problem.error in NO_SUCH_TASK and (hint is None or is_final(attempt.provider, hint)):
        verbs.forget_task(attempt, task_id)
        return _go_on(attempt, Sentence.UNKNOWN_TASK.of(attempt.provider, task=task_id[:60]))
    # Another one that was named meanwhile comes first.
    verbs.put_back(attempt, task_id)
    wait = max(intervals.setback(attempt.provider, attempt.claims), until_open(attempt.provider))
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
    attempt.postpone(intervals.seconds(attempt.provider, 5.5, 10) if more else None, problem=problem)
