"""Progress of a job: its clock, its bar against the usual time, and what a person can do after a failure."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.contrib.humanize.templatetags.humanize import ordinal
from django.urls import reverse
from django.utils import timezone

from wanstudio.jobs.models import Job, State
from wanstudio.provider import providers
from wanstudio.provider.base import Explanation, Step

BESIDE = {
    State.QUEUED: "in the queue",
    State.SUBMITTING: "sending",
    State.RUNNING: "so far",
    State.ARCHIVING: "saving",
    State.DONE: "in total",
    State.FAILED: "before it failed",
    State.CANCELLED: "before it was cancelled",
    State.UNCERTAIN: "without an answer",
}
# The part of the studio's page, filled in from the job, that has to be changed.
ANCHORS = {
    Step.CHANGE_PROMPT: "#prompt",
    Step.CHANGE_CHARACTER: "#character-slot",
    Step.CHANGE_MOTION: "#motion-slot",
    Step.CHANGE_INPUTS: "",
}


@dataclass(frozen=True)
class Progress:
    """Per cents are of the whole bar, which is `scale_s` seconds long; None: no estimate.

    `since_ms` (Unix, ms) lets the page count on its own; None: the clock is stopped. `late`: what replaces `beside`
    after `expected_s` seconds, when the clock has passed the time beside it.
    """

    clock: str
    beside: str
    usual: str = ""
    late: str = ""
    expected_s: float | None = None
    tone: str = ""
    percent: float = 0
    band_from: float | None = None
    band_width: float | None = None
    scale_s: float | None = None
    since_ms: int | None = None


def progress(job: Job) -> Progress:
    state = State(job.state)
    start = job.started_at or job.created_at
    elapsed_s = ((job.ended_at or timezone.now()) - start).total_seconds()
    high_s = job.expected_high_s if job.started_at else None
    band = round(100 * (job.expected_low_s or 0) / high_s, 2) if high_s and _is_measured(job) else None
    expected_s = job.expected_s if _is_measured(job) else None
    late = f"usually {clock(expected_s)}" if expected_s else ""
    about = late if expected_s and elapsed_s > expected_s else f"of about {clock(expected_s or 0)}"
    return Progress(
        clock=clock(elapsed_s),
        beside=about if expected_s else BESIDE[state],
        usual=_usual(job) if state == State.RUNNING else "",
        late=late,
        expected_s=expected_s,
        tone=_tone(job, elapsed_s),
        percent=_percent(state, elapsed_s, high_s),
        band_from=band,
        band_width=None if band is None else 100 - band,
        scale_s=high_s if state == State.RUNNING else None,
        since_ms=None if job.has_ended else int(start.timestamp() * 1000),
    )


def position_in_queue(job: Job) -> str:
    """`next in the queue`, `2nd in the queue`; empty if something else than its position makes it wait."""
    if job.state != State.QUEUED or job.problem or not job.position:
        return ""
    return "next in the queue" if job.position == 1 else f"{ordinal(job.position)} in the queue"


def clock(seconds: float) -> str:
    """`1:12`, `0:07`, `1:02:03`."""
    whole = max(int(seconds), 0)
    hours, rest = divmod(whole, 3600)
    head = f"{hours}:{rest // 60:02d}" if hours else f"{rest // 60}"
    return f"{head}:{rest % 60:02d}"


def _is_measured(job: Job) -> bool:
    return job.state == State.RUNNING and bool(job.started_at and job.expected_s and job.expected_high_s)


def _usual(job: Job) -> str:
    if not _is_measured(job):
        return "No time estimate yet"
    low, high = clock(job.expected_low_s or 0), clock(job.expected_high_s or 0)
    span = low if low == high else f"{low} to {high}"
    return f"usually {span} for {float(job.duration):.1f} s at {job.resolution}"


def _percent(state: State, elapsed_s: float, high_s: float | None) -> float:
    if state in (State.ARCHIVING, State.DONE):
        return 100
    if state in (State.RUNNING, State.FAILED) and high_s:
        return min(round(100 * elapsed_s / high_s, 2), 100)
    return 0


def _tone(job: Job, elapsed_s: float) -> str:
    if job.state == State.RUNNING:
        if not _is_measured(job):
            return "unknown"
        return "late" if elapsed_s > (job.expected_high_s or 0) else ""
    return "" if job.state in (State.ARCHIVING, State.DONE) else "stopped"


def time_left(moment: datetime | None) -> str:
    """`21 h`, `40 min`, for what runs out."""
    minutes = int((moment - timezone.now()).total_seconds() // 60) if moment else 0
    if minutes < 1:
        return "less than a minute"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"


class NextStep(NamedTuple):
    label: str
    url: str
    is_external: bool = False


def another_url(job: Job, *, same_seed: bool = False) -> str:
    return f"{reverse('studio.index')}?from={job.pk}{'&same=1' if same_seed else ''}"


def next_steps(job: Job, explanation: Explanation | None) -> list[NextStep]:
    """What a person can do next, the recommended step first. Empty unless the job has failed."""
    if explanation is None:
        return []
    label = f"Try again · ${job.price}" if job.is_billed else "Try again"
    again = NextStep(label, another_url(job, same_seed=True))
    first = _step(job, explanation.step)
    if first is None:
        return [again, NextStep("Change it first", another_url(job))]
    rest = [again]
    if explanation.content and explanation.step == Step.CHANGE_CHARACTER:
        rest.insert(0, NextStep("Change the prompt", another_url(job) + ANCHORS[Step.CHANGE_PROMPT]))
    return [first, *rest]


def _step(job: Job, step: Step) -> NextStep | None:
    """None: only sending the same again helps."""
    match step:
        case Step.CHECK_KEY | Step.CHECK_SETTINGS:
            return NextStep(step.value, reverse("settings.show"))
        case Step.ADD_BALANCE:
            provider = providers.get(job.provider)
            return NextStep(f"Add balance at {provider.display_name}", provider.site, is_external=True)
        case Step.WAIT | Step.TRY_AGAIN:
            return None
        case _:
            return NextStep(step.value, another_url(job) + ANCHORS[step])
