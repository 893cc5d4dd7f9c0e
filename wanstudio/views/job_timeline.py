"""What happened to a job, in order, and what is still to come."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from wanstudio.models import Job, Money, State, Transition
from wanstudio.views.job_words import explain_failure, provider_name

# How the last step that happened is marked.
MARKS = {
    State.DONE: "now ok",
    State.FAILED: "now bad",
    State.UNCERTAIN: "now warn",
    State.CANCELLED: "now plain",
    State.QUEUED: "now plain",
}


class Moment(NamedTuple):
    """A line of the timeline. `at` None: still to come. `mark` is its class."""

    label: str
    detail: str
    at: datetime | None
    mark: str = ""


def timeline(job: Job, steps: Iterable[Transition]) -> list[Moment]:
    past = list(steps)
    moments = [Moment(_label(step, job, is_last=step is past[-1]), step.why, step.at) for step in past]
    if not moments:
        return moments
    moments[-1] = moments[-1]._replace(mark=MARKS.get(State(job.state), "now"))
    if job.is_billed and job.state == State.FAILED and job.money in (Money.RELEASED, Money.ASSUMED):
        moments.append(Moment(f"${job.price} released", "", past[-1].at))
    return moments + [Moment(label, "", None, "ahead") for label in _to_come(State(job.state))]


def _label(step: Transition, job: Job, *, is_last: bool) -> str:
    match step.to_state:
        case State.SUBMITTING:
            return f"{'Sending' if is_last else 'Sent'} to {provider_name(job)}"
        case State.ARCHIVING:
            return "Saving to your studio"
        case State.QUEUED if step.from_state:
            return "Back in the queue"
        case State.FAILED if explain_failure(job).content:
            return "Refused by the content policy"
        case _:
            return str(State(step.to_state).label)


def _to_come(state: State) -> list[str]:
    match state:
        case State.QUEUED | State.SUBMITTING:
            return ["Generating", "Saving to your studio", "Ready"]
        case State.RUNNING:
            return ["Saving to your studio", "Ready"]
        case State.ARCHIVING:
            return ["Ready"]
        case _:
            return []
