"""A free-tier key: 30 jobs at 10 calls a minute and 3 tasks at a time, 429 beyond, no callbacks, two workers."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.figures import Figure
from bench.rig import Rig
from tests.proof.load.free_tier import run

# A minute lasts 6 s.
JOBS, PACE = 30, 0.1
KINDS: dict[str, dict[str, Any]] = {
    "any 60 s count": {},
    "minutes of its clock, with Retry-After": {"fixed": True, "hint": True},
}


def figures(rig: Rig) -> Iterator[Figure]:
    for name, kind in KINDS.items():
        with tempfile.TemporaryDirectory() as folder:
            told = run(Path(folder), JOBS, PACE, **kind)
        refused, calls = told.late
        yield Figure(f"{name}: minutes to {told.ready} Ready of {JOBS}", "", [told.minutes])
        yield Figure(f"{name}: refused after two minutes", "≤ 1", [100 * refused / max(calls, 1)], "%")
        yield Figure(f"{name}: most polls a job", "", [told.polls_a_job])
