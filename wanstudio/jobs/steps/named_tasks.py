"""Tasks that an answer, a callback or a person named for a job, and whether the provider has them."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from wanstudio.jobs import verbs
from wanstudio.jobs.models.attempt import Attempt, Hint
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.words import Sentence
from wanstudio.keys import intervals
from wanstudio.keys.provider_calls import ask_status
from wanstudio.provider.calls import Error, Outcome, StatusProblem

# These answers say by themselves that the provider has no task of ours.
NOT_TAKEN = (Outcome.NOT_SENT, Outcome.NOT_ACCEPTED, Outcome.THROTTLED, Outcome.ACCOUNT, Outcome.REJECTED)
# Of a task that was named: the provider has none of this name, or could not have one.
NO_SUCH_TASK = (Error.NOT_FOUND, Error.BAD_REQUEST)


@dataclass(frozen=True)
class Found:
    """A task of this job: told by an answer, or named and confirmed by the provider."""

    attempt: Attempt
    task_id: str


@dataclass(frozen=True)
class Unclear:
    """The provider does not say whether it has the task that was named. `problem`: that, in a sentence."""

    problem: str


@dataclass(frozen=True)
class NoTask:
    """No task is known. `problem`: a sentence about one that was named and does not exist, or empty."""

    problem: str = ""


def find_task(job: Job) -> Found | Unclear | NoTask:
    unclear: Unclear | None = None
    taken: Found | None = None
    none = NoTask()
    for attempt in job.submissions.exclude(task_id="", hinted_task_id="").order_by("-pk"):
        if attempt.task_id:
            return Found(attempt, attempt.task_id)
        for hint in attempt.hints:
            named = Found(attempt, hint["task"])
            if Job.objects.filter(provider=job.provider, task_id=named.task_id).exclude(pk=job.pk).exists():
                # The last to be looked at: a true one may be behind it.
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
            if is_final(hint):
                verbs.forget_task(attempt, named.task_id)
            else:
                verbs.put_back(attempt, named.task_id)
                unclear = unclear or Unclear(none.problem)
    return unclear or taken or none


def is_final(hint: Hint) -> bool:
    """Whether "no such task" ends it. A task that a callback named may be a moment ahead of what statusTask knows; one
    that a person read somewhere is not."""
    since = timezone.now() - datetime.fromisoformat(hint["at"])
    return hint["by_hand"] or since > intervals.paced(intervals.MISSING_FOR)
