"""A studio on the smallest plan: every job ends, and what the key may do is learned from a few 429s."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.template import template
from tests.proof.lateness import Lateness
from tests.proof.load.conftest import LARGE
from tests.proof.load.free_tier import run

JOBS, PACE = (30, 0.1) if LARGE else (5, 0.08)
# Two teach the tasks, two the calls, and one may come of a machine that is late; more of one that is often late.
LESSONS, LATE_S = 5, 0.25


@pytest.mark.timeout(900)
def test_all_jobs_of_a_free_tier_key_end_ready(tmp_path: Path, templates: Path, say: Callable[[str], None]) -> None:
    with Lateness() as late:
        told = run(tmp_path, JOBS, PACE, template(templates, owner=True))
    say(str(told))
    assert (told.ready, told.posts_taken) == (JOBS, JOBS)
    assert told.early[0] + told.late[0] <= LESSONS + late.s / LATE_S
    if LARGE:
        assert told.late[0] <= told.late[1] / 100
