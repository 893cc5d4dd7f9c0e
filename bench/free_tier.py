"""A free-tier key: 30 jobs at 10 calls a minute and 3 tasks at a time, 429 beyond, no callbacks, two workers."""

import tempfile
from pathlib import Path
from typing import Any

from bench.words import say
from tests.proof.load.free_tier import run

JOBS, PACE = 30, 0.1
KINDS: dict[str, dict[str, Any]] = {
    "any 60 s count": {},
    "minutes of its clock, with Retry-After": {"fixed": True, "hint": True},
}


def free_tier() -> None:
    say(f"{JOBS} jobs, a key of 10 calls a minute and 3 tasks, no callbacks; a minute here lasts {60 * PACE:.0f} s")
    for name, kind in KINDS.items():
        with tempfile.TemporaryDirectory() as folder:
            told = run(Path(folder), JOBS, PACE, **kind)
        refused, calls = told.late
        say(
            f"  {name}: {told.ready} Ready after {told.minutes:.1f} minutes, {told.posts_taken} tasks; 429s: "
            f"{told.early[0]} of {told.early[1]} calls in the first two minutes, {refused} of {calls} after them "
            f"({100 * refused / max(calls, 1):.1f} %); learned (calls, tasks) {told.learned}; "
            f"at most {told.polls_a_job} polls a job"
        )
