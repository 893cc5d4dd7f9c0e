"""The studio's processes: forked from what is loaded once, they share its memory and end together."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.person import Person
from tests.e2e.studio import Studio, wait_until
from tests.e2e.template import template

MAX_MB = 290
PAGES = ("/", "/jobs/", "/videos/", "/uploads/", "/usage/", "/team/", "/settings/", "/activity/")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory, templates: Path) -> Iterator[Studio]:
    """Started as `make run` does."""
    made = Studio(tmp_path_factory.mktemp("processes") / "data", template(templates, owner=True))
    yield made.start("--prepare")
    made.end()


def all_six(studio: Studio) -> list[int]:
    """The supervisor, the web server and its two processes, the worker, the sandbox; once none is there for a file."""
    return wait_until(lambda: pids if len(pids := studio.pids()) == 6 else [], "its six processes alone")


def memory_mb(pid: int) -> float:
    """The process's share of the memory that it uses: what several share is divided by their number."""
    said = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.findall(r"^Pss: +(\d+) kB$", said, re.MULTILINE)[0]) / 1024


def test_the_idle_studio_fits_into_its_memory(studio: Studio) -> None:
    person = Person(studio)
    for page in PAGES * 8:
        assert person.get(page).status_code == 200
    sizes = {pid: memory_mb(pid) for pid in all_six(studio)}
    assert {studio.pid(name) for name in ("web", "worker", "sandbox")} < sizes.keys()
    assert sum(sizes.values()) <= MAX_MB, sizes


def test_no_process_that_stays_has_loaded_a_decoder(studio: Studio) -> None:
    maps = [Path(f"/proc/{pid}/maps").read_text() for pid in all_six(studio)]
    assert all("python" in each for each in maps)
    assert [name for name in ("/av/", "/PIL/") if any(name in each for each in maps)] == []


def test_a_child_that_dies_is_forked_again_and_all_end_with_the_supervisor(studio: Studio) -> None:
    for name in ("worker", "sandbox", "web"):
        studio.kill(name)
    wait_until(studio.is_ready, "it answers again")
    before = studio.pids()
    studio.stop()
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in before), "all have ended with the supervisor")
