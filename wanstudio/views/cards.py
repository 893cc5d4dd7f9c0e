"""Jobs as pages show them, and what a page needs to follow them."""

from collections.abc import Iterable
from typing import Any

from wanstudio.models import Job, Transition
from wanstudio.views.job_words import describe, timeline

MOST_POLLED = 200


def card(job: Job, steps: Iterable[Transition]) -> dict[str, Any]:
    """One job with its words and its timeline."""
    return {"job": job, "words": describe(job), "timeline": timeline(job, steps)}


def poll_context(kind: str, jobs: list[Job]) -> dict[str, Any]:
    """What a page needs to follow these jobs: nothing once none of them can change any more."""
    moving = [job for job in jobs if job.can_change]
    return {
        "cards": [{"job": job, "words": describe(job)} for job in jobs],
        "poll_as": kind,
        "poll_seen": ",".join(f"{job.pk}:{job.version}" for job in moving[:MOST_POLLED]),
    }
