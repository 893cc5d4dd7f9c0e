"""The steps that find out what became of a POST whose outcome nobody knows. Nothing here sends one."""

from datetime import timedelta

from django.utils import timezone

from wanstudio.jobs import verbs
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.jobs.steps.named_tasks import NO_SUCH_TASK, NOT_TAKEN, is_final
from wanstudio.jobs.steps.submission_outcome import follow, patience, run
from wanstudio.keys import intervals
from wanstudio.keys.provider_calls import ask_status, until_open
from wanstudio.provider import providers
from wanstudio.provider.calls import Error, Outcome, StatusProblem, Submission

SILENT = "{Name} does not say yet whether it has the task that was named. We keep asking."
FIRST_LOOK = "We first look whether an earlier try was taken after all."


def left_behind(job: Job) -> None:
    """submitting under a lease that ran out: its worker died. What it had learned is followed; else nobody knows.

    Crash anywhere: the same again, or uncertain.
    """
    attempt = job.submissions.latest("pk")
    if attempt.outcome:
        follow(job, attempt, _as_recorded(attempt))
    else:
        verbs.mark_uncertain(job, "The worker stopped while sending", patience(attempt))
    if job.state == State.UNCERTAIN and attempt.hinted_task_id:
        # The callback's nudge was spent on this claim.
        job.nudge()


def settle(job: Job) -> None:
    """uncertain: follow a task that statusTask confirms, or an answer that came late; else wait, and then ask a person.

    Crash anywhere: the same again.
    """
    newest = job.submissions.latest("pk")
    known = _known_task(job)
    asks = job.ask_person or _is_over(newest)
    if isinstance(known, StatusProblem):
        wait = max(intervals.setback(job.setbacks), until_open(job.provider))
        problem = known.message if known.error == Error.NOT_FOUND else providers.named(SILENT, job.provider)
        return verbs.flag_problem(job, problem, wait, setbacks=job.setbacks + 1, ask_person=asks)
    if isinstance(known, tuple):
        return run(job, *known, timedelta(0))
    if newest.outcome in NOT_TAKEN:
        return follow(job, newest, _as_recorded(newest))
    return verbs.flag_problem(job, known or job.problem, None if asks else _left(newest), ask_person=asks)


def was_taken_after_all(job: Job) -> bool:
    """queued again, but an earlier attempt's task came to light: follow that one instead of paying for another.

    True if the job is not to be sent in this step.
    """
    known = _known_task(job)
    if isinstance(known, StatusProblem):
        wait = max(intervals.setback(job.setbacks), until_open(job.provider))
        verbs.flag_problem(job, FIRST_LOOK, wait, setbacks=job.setbacks + 1)
    elif isinstance(known, tuple):
        run(job, *known, timedelta(0))
    return not isinstance(known, str)


def _known_task(job: Job) -> tuple[Attempt, str] | StatusProblem | str:
    """A task of this job: told by an answer, or named by a callback or a person and confirmed by the provider.

    Else a StatusProblem, if the provider does not say whether the named task exists, or a sentence about one that
    does not, or an empty sentence.
    """
    unclear: StatusProblem | None = None
    taken: tuple[Attempt, str] | None = None
    unknown = ""
    for attempt in job.submissions.exclude(task_id="", hinted_task_id="").order_by("-pk"):
        if attempt.task_id:
            return attempt, attempt.task_id
        for hint in attempt.hints:
            if Job.objects.filter(provider=job.provider, task_id=hint["task"]).exclude(pk=job.pk).exists():
                # The last to be looked at: a true one may stand behind it.
                taken = attempt, hint["task"]
                continue
            answer = ask_status(job.provider, hint["task"], attempt.key_mark)
            if not isinstance(answer, StatusProblem):
                return attempt, hint["task"]
            if answer.error == Error.RATE_LIMITED:
                return answer
            if answer.error not in NO_SUCH_TASK:
                unclear = answer
                continue
            unknown = f"{providers.get(job.provider).opening_name} knows no task {hint['task'][:60]}."
            if is_final(hint):
                attempt.forget(hint["task"])
            else:
                attempt.put_back(hint["task"])
                unclear = unclear or StatusProblem(Error.NOT_FOUND, message=unknown)
    return unclear or taken or unknown


def _is_over(attempt: Attempt) -> bool:
    """Whether nobody will call any more, as far as we can tell."""
    return not attempt.callback or _left(attempt) <= timedelta(0)


def _left(attempt: Attempt) -> timedelta:
    return attempt.created_at + intervals.paced(intervals.UNCONFIRMED_FOR) - timezone.now()


def _as_recorded(attempt: Attempt) -> Submission:
    """The answer, from its row."""
    return Submission(
        outcome=Outcome(attempt.outcome),
        task_id=attempt.task_id,
        http_status=attempt.http_status,
        message=attempt.message,
        error=Error(attempt.error) if attempt.error else None,
    )
