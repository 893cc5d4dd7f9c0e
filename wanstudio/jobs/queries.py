"""Jobs that a person can see, their timelines, and what the provider is sent of them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db.models import Exists, F, OuterRef, QuerySet
from django.http import HttpRequest

from wanstudio.accounts.models import User
from wanstudio.jobs.models import NOTEWORTHY, Attempt, Job, State, Transition
from wanstudio.jobs.words import explain_failure, provider_name
from wanstudio.money.models import Money
from wanstudio.provider.calls import GenerateRequest
from wanstudio.teams.access import in_my_teams, in_teams_of, person
from wanstudio.uploads.cuts import Part
from wanstudio.uploads.models import Source
from wanstudio.uploads.queries import input_link
from wanstudio.work.compiled import CompiledModels

# How the last step that happened is marked.
MARKS = {
    State.DONE: "now ok",
    State.FAILED: "now bad",
    State.UNCERTAIN: "now warn",
    State.CANCELLED: "now plain",
    State.QUEUED: "now plain",
}
TO_COME = ("Generating", "Saving to your studio", "Ready")
# How many of these are past, or being done. Of any other state all.
PAST = {State.QUEUED: 0, State.SUBMITTING: 0, State.RUNNING: 1, State.ARCHIVING: 2}
# So many rounds in a row are shown one by one; of more the first and the last.
MAX_ROUNDS = 3


def visible_jobs(request: HttpRequest) -> QuerySet[Job]:
    mine = Job.objects.filter(in_my_teams(request, "team__"))
    return mine.select_related("person", "character", "motion", "video", "team")


def visible_timelines(request: HttpRequest, pks: Sequence[int]) -> dict[Job, list[Transition]]:
    """The timelines of those of these jobs that this person can see, in one query, which the status poll can afford.

    On each step `role` is this person's in the job's team; `has_earlier`: its page has something to say about earlier
    attempts.
    """
    found: dict[Job, list[Transition]] = {}
    for step, (role, has_earlier) in _TIMELINES.rows(person(request).pk, pks):
        step.role, step.has_earlier = role, bool(has_earlier)
        found.setdefault(step.job, []).append(step)
    return found


def _timelines(who: int, jobs: Sequence[int]) -> QuerySet[Transition]:
    mine = Transition.objects.filter(in_teams_of(User(pk=who), "job__team__"), job__in=jobs)
    noteworthy = Attempt.objects.filter(NOTEWORTHY, job=OuterRef("job"))
    besides = {"role": F("job__team__memberships__role"), "has_earlier": Exists(noteworthy)}
    return mine.annotate(**besides).order_by("job_id", "pk")


_TIMELINES = CompiledModels(
    _timelines,
    ways=("job", *(f"job__{part}" for part in ("team", "person", "character", "motion", "video"))),
    besides=("role", "has_earlier"),
)


class Moment(NamedTuple):
    """A line of the timeline. `at` None: still to come. `mark` is its class."""

    label: str
    detail: str
    at: datetime | None
    mark: str = ""


def timeline(job: Job, steps: Iterable[Transition]) -> list[Moment]:
    past = list(steps)
    moments = [
        Moment(_label(step, job, is_last=step is past[-1]), step.why, step.at)
        if not earlier
        else Moment(f"{len(earlier) // 2 + 1} more times", "Sent, then returned to the queue each time.", step.at)
        for *earlier, step in _parts(past)
    ]
    if not moments:
        return moments
    moments[-1] = moments[-1]._replace(mark=MARKS.get(State(job.state), "now"))
    if job.is_billed and job.state == State.FAILED and job.money in (Money.RELEASED, Money.ASSUMED):
        moments.append(Moment(f"${job.price} released", "", past[-1].at))
    return moments + [Moment(label, "", None, "ahead") for label in TO_COME[PAST.get(State(job.state), 3) :]]


def _parts(past: list[Transition]) -> Iterator[list[Transition]]:
    """Each step alone; of a job that was sent and turned away every minute for days the middle in one piece."""
    at = 0
    while at < len(past):
        end = at
        while [step.to_state for step in past[end : end + 2]] == [State.SUBMITTING, State.QUEUED]:
            end += 2
        if end - at > 2 * MAX_ROUNDS:
            yield from ([step] for step in past[at : at + 2])
            yield past[at + 2 : end - 2]
            at = end - 2
        # The last of them, or what is none.
        yield from ([step] for step in past[at : max(end, at + 1)])
        at = max(end, at + 1)


def _label(step: Transition, job: Job, *, is_last: bool) -> str:
    match step.to_state:
        case State.SUBMITTING:
            return f"{'Sending' if is_last else 'Sent'} to {provider_name(job)}"
        case State.ARCHIVING:
            return "Saving to your studio"
        case State.QUEUED if step.from_state:
            return "Back in the queue"
        case State.FAILED if explain_failure(job).content:
            return "Rejected for its content"
        case _:
            return str(State(step.to_state).label)


def request_of(
    job: Job, callback_url: str = "", link: Callable[[Source, Part | None], str] = input_link
) -> GenerateRequest:
    """What the provider is sent. `link`: where it finds an input."""
    return GenerateRequest(
        behaviour=job.behaviour,
        image_url=link(job.character, job.crop),
        video_url=link(job.motion, job.trim),
        resolution=job.resolution,
        seed=job.seed,
        prompt=job.prompt,
        callback_url=callback_url,
    )
