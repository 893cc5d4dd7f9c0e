"""The step of a running job: it asks for the task, follows a clear answer, and asks again after any other."""

import logging
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from wanstudio.jobs import verbs
from wanstudio.jobs.models import Attempt, Job
from wanstudio.jobs.steps.submission_outcome import pause_key
from wanstudio.jobs.words import Sentence, explain
from wanstudio.keys import call_budget, intervals
from wanstudio.keys import verbs as key_verbs
from wanstudio.keys.models import ProviderKey
from wanstudio.keys.provider_calls import ask_status, until_open
from wanstudio.money.models import Money
from wanstudio.provider import providers
from wanstudio.provider.base import Failure
from wanstudio.provider.calls import Error, StatusProblem, TaskState, TaskStatus

log = logging.getLogger(__name__)

SLOW_FACTOR = 3
# So often in a row a task has to be unknown to the provider before it counts as lost.
MISSING_ASKED = 3


def poll(job: Job) -> None:
    """running: one status call. Crash before or after: asked again."""
    taker = _taker(job)
    answer = ask_status(job.provider, job.task_id, taker.key_mark if taker else "", poll=not job.was_nudged)
    if isinstance(answer, StatusProblem):
        return _no_answer(job, answer)
    if answer.state in (TaskState.SUCCESS, TaskState.FAILED):
        # The money has moved, or was given back: the owner wants to see which.
        key_verbs.ask_balance_within(ProviderKey.at(job.provider), intervals.balance_soon(job.provider))
    if answer.state == TaskState.SUCCESS:
        return verbs.mark_archiving(
            job, answer.result_urls, cost_ms=answer.cost_ms, completed_at=_made_at(job, taker, answer)
        )
    if answer.state == TaskState.FAILED:
        code = answer.fail_code or "GENERATION_FAILED"
        if providers.get(job.provider).is_about_balance(Failure(code, answer.fail_message, prompt=job.prompt)):
            # First, so that a crash before it fails cannot leave the key open: the next in the queue would fail, too.
            pause_key(job, ProviderKey.Pause.NO_BALANCE, intervals.account(job.provider))
        why = explain(job, code, answer.fail_message).cause
        return verbs.mark_failed(job, verbs.Failure(code, answer.fail_message, Money.ASSUMED, code, cause=why))
    return _wait_on(job)


def _wait_on(job: Job) -> None:
    """Pending or processing: next look, with a sentence once it is slower than usual."""
    since = timezone.now() - (job.started_at or job.created_at)
    polled = {"polls": job.polls + 1, "setbacks": 0, "missing_since": None}
    if since > intervals.paced(job.provider, intervals.OVERDUE_AFTER):
        return verbs.alert_owner(job, Sentence.OVERDUE.of(job.provider), intervals.setback(job.provider, 6), **polled)
    problem, wait = "", _next_poll(job)
    if job.expected_s and since.total_seconds() > SLOW_FACTOR * job.expected_s:
        problem, wait = Sentence.SLOW.value, wait * 2
    return verbs.flag_problem(job, problem, wait, **polled)


def _no_answer(job: Job, problem: StatusProblem) -> None:
    """An answer that says nothing about the task: the job is kept, and asked about again later."""
    log.info("job %s: status %s %s", job.pk, problem.error, problem.message)
    if problem.error == Error.RATE_LIMITED:
        asked = problem.http_status is not None
        wait = intervals.next_poll(job.provider, job.duration, callback=job.callback) if asked else timedelta(0)
        job.postpone(max(until_open(job.provider), wait))
        if job.was_nudged and not ProviderKey.opens_at(job.provider):
            # Still urgent: it has only come when no call was left.
            job.nudge()
        return None
    if problem.error == Error.NOT_FOUND:
        return _missing(job)
    wait = max(intervals.setback(job.provider, job.setbacks), _next_poll(job))
    shown = ""
    if problem.error == Error.NO_KEY:
        shown = Sentence.KEY_GONE.of(job.provider)
    elif job.setbacks > 1:
        shown = Sentence.UNCLEAR.of(job.provider)
    return verbs.flag_problem(job, shown, wait, polls=job.polls + 1, setbacks=job.setbacks + 1)


def _missing(job: Job) -> None:
    """404 for a task we hold: patience for ten minutes and some asking, then failed with the money unknown."""
    now = timezone.now()
    since = job.missing_since or now
    # A worker that was away for the ten minutes has asked too seldom to know.
    if job.setbacks + 1 >= MISSING_ASKED and now - since > intervals.paced(job.provider, intervals.MISSING_FOR):
        why = Sentence.LOST.of(job.provider)
        return verbs.mark_failed(job, verbs.Failure("TASK_NOT_FOUND", "", Money.UNKNOWN, why, cause=f"{why}."))
    return verbs.flag_problem(
        job,
        Sentence.MISSING.of(job.provider),
        _next_poll(job),
        polls=job.polls + 1,
        setbacks=min(job.setbacks + 1, MISSING_ASKED),
        missing_since=since,
    )


def fresh_urls(job: Job) -> TaskStatus | None:
    taker = _taker(job)
    answer = ask_status(job.provider, job.task_id, taker.key_mark if taker else "")
    return answer if isinstance(answer, TaskStatus) and answer.state == TaskState.SUCCESS else None


def _made_at(job: Job, taker: Attempt | None, answer: TaskStatus) -> datetime | None:
    """When the result was made, by our clock: when we sent it, and the time that the provider's own clock saw pass.

    So a clock of the provider's that is wrong by hours does not change how long its copy is believed to last.
    """
    if not answer.created_ms or (answer.completed_ms or 0) <= answer.created_ms:
        return _moment(answer.completed_ms)
    sent_at = taker.created_at if taker else None
    took_ms = min(answer.completed_ms - answer.created_ms, 10**12)  # type: ignore[operator]
    return min((sent_at or job.started_at or timezone.now()) + timedelta(milliseconds=took_ms), timezone.now())


def _moment(ms: int | None) -> datetime | None:
    """A provider's timestamp, unless its clock is ahead of ours or it makes no sense."""
    if not ms:
        return None
    try:
        moment = datetime.fromtimestamp(ms / 1000, tz=UTC)
    except (OverflowError, OSError, ValueError):
        return None
    now = timezone.now()
    return moment if now - timedelta(hours=24) < moment <= now else None


def _taker(job: Job) -> Attempt | None:
    """The attempt whose POST made this job's task; its key's account has it."""
    return job.recovered_from or verbs.attempt_with(job, job.task_id)


def _next_poll(job: Job) -> timedelta:
    wait = intervals.next_poll(job.provider, job.duration, callback=job.callback)
    return call_budget.book(ProviderKey.at(job.provider), wait)
