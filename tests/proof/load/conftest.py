"""The worker under load. Small forms run with the suite; `make load` runs the large ones and prints their figures."""

import os
import sys
from collections.abc import Callable

import pytest

from tests.worker_fixtures import MakeJob, apixo, film, job, make_job

__all__ = ["MakeJob", "apixo", "film", "job", "make_job"]

LARGE = os.environ.get("LOAD") == "large"


@pytest.fixture
def say(capfd: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """A line of figures, seen in the large form whatever pytest captures."""

    def line(text: str) -> None:
        if LARGE:
            with capfd.disabled():
                sys.stdout.write(f"\n  {text}")
                sys.stdout.flush()

    return line
