"""The steps that find out what became of a POST whose outcome nobody knows. Nothing here sends one."""

from datetime import timedelta

from django.utils import timezone

from wanstudio.jobs import verbs
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.jobs.steps.named_tasks import NOT_TAKEN, Found, NoTask, Unclear, find_task
from wanstudio.jobs.steps.submission_outcome import follow, patience, run
from wanstudio.jobs.words import Sentence
from wanstudio.keys import intervals
from wanstudio.keys.provider_calls import until_open


def left_behind(job: Job) -> None:
    """submitting under a lease that ran out: its worker died. What it had learned is followed; else nobody knows.

    Crash anywhere: the same again, or uncertain.
    """
    attempt = job.submissions.latest("pk")
    if attempt.outcome:
        follow(job, attempt, verbs.recorded_answer(attempt))
    else:
        verbs.mark_uncertain(job, Sentence.WORKER_STOPPED.value, patience(attempt))
    if job.state == State.UNCERTAIN and attempt.hinted_task_id:
        # The callback's nudge was spent on this claim.
        job.nudge()


def settle(job: Job) -> None:
    """uncertain: follow a task that statusTask confirms, or an answer that came late; else wait, and then ask a person.

    Crash anywhere: the same again.
    """
    newest = job.submissions.latest("pk")
    known = find_task(job)
    asks = job.ask_person or _is_over(newest)
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
    """queued again, but an earlier attempt's task came to light: follow that one instead of paying for another.

    True if the job is not to be sent in this step.
    """
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
    return max(intervals.setback(job.setbacks), until_open(job.provider))


def _is_over(attempt: Attempt) -> bool:
    """Whether nobody will call any more, as far as we can tell."""
    return not attempt.callback or _left(attempt) <= timedelta(0)


def _left(attempt: Attempt) -> timedelta:
    return attempt.created_at + intervals.paced(intervals.UNCONFIRMED_FOR) - timezone.now()
