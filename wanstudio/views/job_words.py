"""A job in words: what its chip, its sentence, its money and its next step say. One place for pages and fragments."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.utils import timezone

from wanstudio.models import Job, Money, State, Transition
from wanstudio.provider.sentences import Explanation, Step, explain

CHIPS = {
    State.QUEUED: ("plain", "clock"),
    State.SUBMITTING: ("info", "arrow-up"),
    State.RUNNING: ("accent", "loader-circle"),
    State.ARCHIVING: ("info", "archive"),
    State.DONE: ("ok", "check"),
    State.FAILED: ("bad", "x"),
    State.CANCELLED: ("plain", "ban"),
    State.UNCERTAIN: ("warn", "circle-question-mark"),
}
# Failures that we name ourselves, in the manner of the provider's.
OURS = {
    "INPUT_CHANGED": Step.CHANGE_MOTION,
    "NOT_CHARGED": Step.TRY_AGAIN,
    "RESULT_LOST": Step.TRY_AGAIN,
    "TASK_NOT_FOUND": Step.CHECK_SETTINGS,
}
OUR_CAUSES = {
    "NOT_CHARGED": "It was not charged, as you decided.",
    "RESULT_LOST": "The video was made, but its download kept failing until APIXO deleted it.",
    "TASK_NOT_FOUND": "APIXO no longer knows this task.",
}


class Moment(NamedTuple):
    """A line of the timeline. `at` None: still to come."""

    label: str
    detail: str
    at: datetime | None
    mark: str  # past, now, bad, warn, next


@dataclass(frozen=True)
class JobWords:
    tone: str
    icon: str
    label: str
    sentence: str
    money: str
    explanation: Explanation | None
    elapsed_s: float
    clock: str


def describe(job: Job) -> JobWords:
    tone, icon = CHIPS[State(job.state)]
    explanation = _why_failed(job) if job.state == State.FAILED else None
    elapsed_s = _elapsed_s(job)
    return JobWords(
        tone=tone,
        icon=icon,
        label=job.get_state_display(),
        sentence=_sentence(job, explanation),
        money=money_sentence(job),
        explanation=explanation,
        elapsed_s=elapsed_s,
        clock=clock(elapsed_s),
    )


def clock(seconds: float) -> str:
    """`1:12`, `0:07`, `1:02:03`."""
    whole = max(int(seconds), 0)
    hours, rest = divmod(whole, 3600)
    head = f"{hours}:{rest // 60:02d}" if hours else f"{rest // 60}"
    return f"{head}:{rest % 60:02d}"


def _why_failed(job: Job) -> Explanation:
    if job.failure == "INPUT_CHANGED":
        return Explanation(job.failure_message, Step.CHANGE_MOTION)
    if step := OURS.get(job.failure):
        return Explanation(OUR_CAUSES[job.failure], step)
    return explain(job.failure, job.failure_message, character=f"“{job.character.name}”", motion=f"“{job.motion.name}”")


def _sentence(job: Job, explanation: Explanation | None) -> str:
    match State(job.state):
        case State.QUEUED:
            return job.trouble or f"Waiting for its turn. ${job.price} reserved."
        case State.SUBMITTING:
            return f"Handing it to {provider_name(job)}."
        case State.RUNNING:
            return job.trouble or "You can close this page. The video will be here when it is ready."
        case State.ARCHIVING:
            return job.trouble or "Bringing it home."
        case State.DONE:
            return "Archived, verified."
        case State.FAILED:
            return explanation.cause if explanation else ""
        case State.CANCELLED:
            return "Never sent, nothing charged."
        case State.UNCERTAIN:
            return f"We cannot tell whether {provider_name(job)} took it."


def money_sentence(job: Job) -> str:
    """What it means for the money, in one sentence."""
    if not job.is_billed:
        return "Sandbox: nothing is billed."
    match Money(job.money):
        case Money.RESERVED:
            return f"${job.price} reserved now, settled when it is ready."
        case Money.SETTLED:
            return f"${job.price}, our price."
        case Money.RELEASED:
            return f"The ${job.price} is back in your budget."
        case Money.ASSUMED:
            return (
                f"The ${job.price} is back in your budget: we assume failed tasks are not billed; compare your balance."
            )
        case Money.UNKNOWN:
            return f"It may have been charged; our price was ${job.price}."


def provider_name(job: Job) -> str:
    return "APIXO" if job.is_billed else "the sandbox"


def _elapsed_s(job: Job) -> float:
    start = job.started_at or job.created_at
    return ((job.ended_at or timezone.now()) - start).total_seconds()


def timeline(job: Job, steps: Iterable[Transition]) -> list[Moment]:
    """What happened, in order, and what is still to come."""
    past = [Moment(_step_label(step, job), step.why, step.at, "past") for step in steps]
    if not past:
        return past
    last = past.pop()
    mark = {State.FAILED: "bad", State.UNCERTAIN: "warn"}.get(State(job.state), "past" if job.has_ended else "now")
    past.append(last._replace(mark=mark))
    return past + [Moment(label, "", None, "next") for label in _to_come(State(job.state))]


def _step_label(step: Transition, job: Job) -> str:
    match step.to_state:
        case State.SUBMITTING:
            return "Sending"
        case State.RUNNING:
            return f"Taken by {provider_name(job)}"
        case State.ARCHIVING:
            return "Saving to your studio"
        case State.QUEUED if step.from_state:
            return "Back in the queue"
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
