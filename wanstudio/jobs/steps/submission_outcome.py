"""The outcome of a POST: the move of its job and the pause of its key (402, 401, 403, 429). Nothing here sends one."""

import logging
from datetime import timedelta
from decimal import Decimal

from wanstudio.jobs import queue, verbs
from wanstudio.jobs.models import Alert, Attempt, Job, State
from wanstudio.jobs.words import Sentence, explain
from wanstudio.keys import call_budget, intervals
from wanstudio.keys import verbs as key_verbs
from wanstudio.keys.models import ProviderKey
from wanstudio.keys.provider_calls import back_off, until_open
from wanstudio.keys.words import Reason, blocked, blocked_by_pause
from wanstudio.money.models import Money
from wanstudio.provider.calls import Error, Outcome, Submission

log = logging.getLogger(__name__)

MAX_RETRIES = 3
BROKEN: dict[Error | None, Sentence] = {
    Error.TIMED_OUT: Sentence.TIMED_OUT,
    Error.CONNECTION_LOST: Sentence.CONNECTION_LOST,
    Error.REDIRECTED: Sentence.REDIRECTED,
}


def follow(job: Job, attempt: Attempt, answer: Submission) -> None:
    """Do what the answer to this attempt demands. The job is submitting, or uncertain if the answer came late.

    Crash within: the job is as it was, and the answer in the attempt's row is followed at the next claim.
    """
    key = ProviderKey.at(job.provider)
    if answer.outcome in (Outcome.ACCEPTED, Outcome.UNKNOWN):
        # It might be charged by now: the balance just after it helps the person who decides.
        key_verbs.ask_balance_within(key, intervals.balance_soon(job.provider))
    match answer.outcome:
        case Outcome.ACCEPTED:
            key_verbs.clear_strikes(key)
            if key.tasks_limit is not None:
                call_budget.accepted(key, queue.others_running(job))
            wait = intervals.first_poll(job.provider, job.duration, callback=attempt.callback)
            wait = call_budget.book(key, wait)
            run(job, attempt, answer.task_id, wait)
        case Outcome.NOT_SENT | Outcome.NOT_ACCEPTED:
            _retry(job, answer)
        case Outcome.THROTTLED:
            back_off(job.provider, answer.retry_after_s, queue.others_running(job))
            wait = until_open(job.provider)
            # A question that is answered after the pause tells whether it was the calls or the tasks.
            key_verbs.ask_balance_within(key, wait)
            verbs.requeue(job, blocked(job.provider, Reason.RATE_LIMITED), wait, position=1)
        case Outcome.ACCOUNT:
            _account_refused(job, answer)
        case Outcome.REJECTED:
            if answer.error == Error.FORBIDDEN:
                key_verbs.strike(key, intervals.account(job.provider))
                if (pause := ProviderKey.at(job.provider).pause) == ProviderKey.Pause.FORBIDDEN:
                    verbs.raise_alert(job, Alert.Kind.PAUSED, pause)
            else:
                key_verbs.clear_strikes(key)
            _fail(job, answer.error or Error.BAD_REQUEST, answer.message, answer.message or Sentence.REFUSED.value)
        case Outcome.UNKNOWN:
            broken = BROKEN.get(answer.error, Sentence.UNREADABLE)
            verbs.mark_uncertain(job, broken.of(job.provider, status=answer.http_status), patience(attempt))


def run(job: Job, attempt: Attempt, task_id: str, wait: timedelta) -> None:
    """The provider has this task: follow it, with the first look after `wait`.

    If another job follows it already, no one can tell which of the two the provider works on, and a person decides.
    """
    try:
        verbs.mark_running(job, task_id, wait, callback=attempt.callback, attempt=attempt)
        verbs.confirm_task(attempt, task_id)
    except verbs.TaskTaken:
        log.warning("job %s attempt %s: task %s already belongs to another job", job.pk, attempt.pk, task_id)
        verbs.forget_task(attempt, task_id)
        why = Sentence.TASK_OF_ANOTHER.of(job.provider, task=task_id[:60])
        if job.state == State.SUBMITTING:
            verbs.mark_uncertain(job, why, None)
        elif job.state == State.UNCERTAIN:
            verbs.ask_person(job, why)
        else:
            verbs.flag_problem(job, why, timedelta(0))


def patience(attempt: Attempt) -> timedelta | None:
    """How long a callback can still settle an uncertain job; None: no callback will come."""
    return intervals.paced(attempt.provider, intervals.UNCONFIRMED_FOR) if attempt.callback else None


def _retry(job: Job, answer: Submission) -> None:
    if job.retries >= MAX_RETRIES:
        _fail(job, answer.error or Error.NOT_CONNECTED, answer.message, Sentence.GIVEN_UP.value)
    else:
        sentence = Sentence.NOT_CONNECTED if answer.outcome == Outcome.NOT_SENT else Sentence.NOT_ACCEPTED
        verbs.requeue(job, sentence.of(job.provider), intervals.retry(job.provider, job.retries), counts=True)


def _fail(job: Job, code: str, message: str, why: str) -> None:
    """It was certainly not accepted."""
    verbs.mark_failed(job, verbs.Failure(code, message, Money.RELEASED, why, cause=explain(job, code, message).cause))


def pause_key(job: Job, pause: ProviderKey.Pause, wait: timedelta) -> None:
    """The account is refused: nothing is sent until a later balance covers it. The owner is notified once."""
    needed = job.price if pause == ProviderKey.Pause.NO_BALANCE else Decimal(0)
    key_verbs.suspend(ProviderKey.at(job.provider), pause, needed, wait)
    verbs.raise_alert(job, Alert.Kind.PAUSED, pause)


def _account_refused(job: Job, answer: Submission) -> None:
    lacks_balance = answer.error == Error.INSUFFICIENT_BALANCE
    pause = ProviderKey.Pause.NO_BALANCE if lacks_balance else ProviderKey.Pause.UNAUTHORIZED
    # A balance call that answers lifts the pause. A key that refuses all the same must not be asked for ever.
    before = max(job.submissions.filter(outcome=Outcome.ACCOUNT).count() - 1, 0)
    wait = intervals.account(job.provider, before)
    pause_key(job, pause, wait)
    verbs.requeue(job, blocked_by_pause(job.provider, pause), wait, position=1)
