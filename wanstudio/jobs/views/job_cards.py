"""Cards of jobs, and what a page needs to follow them."""

from collections.abc import Iterable
from typing import NamedTuple

from wanstudio.jobs.models.history import Transition
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import MOVING, State
from wanstudio.jobs.timeline import Moment, timeline
from wanstudio.jobs.views.earlier_attempts import EarlierAttempt, earlier_attempts
from wanstudio.jobs.words import JobWords, describe
from wanstudio.teams.roles import Act, may

MAX_POLLED = 200
# What the icon of a browser’s tab says about a job.
TABS = {State.DONE: "ready", State.FAILED: "failed", State.UNCERTAIN: "failed"}


class Card(NamedTuple):
    """One job with its words and its timeline, and whether who looks may decide about it."""

    job: Job
    words: JobWords
    timeline: list[Moment]
    may_decide: bool
    earlier: list[EarlierAttempt]


def card(job: Job, steps: Iterable[Transition]) -> Card:
    """`steps`: all of the job's, as `visible_transitions` reads them."""
    past = list(steps)
    earlier = earlier_attempts(job) if past[0].has_earlier else []
    return Card(job, describe(job), timeline(job, past), may(past[0].role, Act.DECIDE), earlier)


def poll_context(kind: str, jobs: list[Job], *, show: int | None = None) -> dict[str, object]:
    """What a page needs to follow these jobs: nothing once none of them can change any more.

    `show`: only the first so many stand on the page, the others are counted.
    """
    open_ones = [job for job in jobs if job.can_change]
    moving = sum(job.state in MOVING for job in jobs)
    return {
        "cards": [{"job": job, "words": describe(job)} for job in jobs[:show]],
        "poll_as": kind,
        "poll_shown": ",".join(str(job.pk) for job in jobs[:show]) if show else "",
        "poll_seen": ",".join(f"{job.pk}:{job.version}" for job in open_ones[:MAX_POLLED]),
        "moving": moving,
        "tab_title": _tab_title(kind, jobs, moving),
        "tab_icon": "running" if moving else TABS.get(State(jobs[0].state), "") if kind == "job" and jobs else "",
    }


def _tab_title(kind: str, jobs: list[Job], moving: int) -> str:
    """The tab's words; empty where the page has another subject."""
    match kind:
        case "job":
            return f"{jobs[0].get_state_display()}: {jobs[0].title}" if jobs else ""
        case "rows":
            return f"({moving}) Jobs" if moving else "Jobs"
        case _:
            return ""
