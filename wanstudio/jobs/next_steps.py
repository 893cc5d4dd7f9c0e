"""The next steps of a person about a job that went wrong: each is a link that works."""

from typing import NamedTuple

from django.urls import reverse

from wanstudio.jobs.models.job import Job
from wanstudio.provider import providers
from wanstudio.provider.base import Explanation, Step

# Where on the studio's page, filled in from the job, the thing to change stands.
ANCHORS = {
    Step.CHANGE_PROMPT: "#prompt",
    Step.CHANGE_CHARACTER: "#character-slot",
    Step.CHANGE_MOTION: "#motion-slot",
    Step.CHANGE_INPUTS: "",
}


class NextStep(NamedTuple):
    label: str
    url: str
    is_external: bool = False


def another_url(job: Job, *, same_seed: bool = False) -> str:
    """The studio with everything filled in as in this job."""
    return f"{reverse('studio.index')}?from={job.pk}{'&same=1' if same_seed else ''}"


def next_steps(job: Job, explanation: Explanation | None) -> list[NextStep]:
    """The one next step first, then what else may be done. Empty unless the job has failed."""
    if explanation is None:
        return []
    again = _again(job)
    first = _step(job, explanation.step)
    if first is None:
        return [again, NextStep("Change something first", another_url(job))]
    rest = [again]
    if explanation.content and explanation.step == Step.CHANGE_CHARACTER:
        rest.insert(0, NextStep("Change the prompt", another_url(job) + ANCHORS[Step.CHANGE_PROMPT]))
    return [first, *rest]


def _step(job: Job, step: Step) -> NextStep | None:
    """None: sending the same again is all there is to do."""
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


def _again(job: Job) -> NextStep:
    label = f"Try again · ${job.price}" if job.is_billed else "Try again"
    return NextStep(label, another_url(job, same_seed=True))
