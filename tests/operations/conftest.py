"""Studios that do not run: a folder and a database each, worked on by real commands, on the database of the tests."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.blank import DATABASE
from tests.e2e.studio import Studio

MakeStudio = Callable[[str], Studio]


@pytest.fixture
def make_studio(tmp_path: Path) -> Iterator[MakeStudio]:
    """`make_studio("a")`: a folder and an empty database of that name. Made twice, it is the same one again."""
    made: list[Studio] = []

    def make(name: str) -> Studio:
        made.append(_studio(tmp_path / name, f"{name}_{abs(hash(tmp_path)):x}"))
        return made[-1]

    yield make
    for each in made:
        each.close()


def _studio(folder: Path, database: str, template: str = "template1") -> Studio:
    """On PostgreSQL with a database of its own, a copy of `template`, if there is none of that name."""
    if DATABASE == "sqlite":
        return Studio(folder)
    url = os.environ["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as line:
        if not line.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
            line.execute(f'CREATE DATABASE "{database}" TEMPLATE "{template}"'.encode())
    return Studio(folder, DATABASE_URL=url.rpartition("/")[0] + f"/{database}")


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """The first filled studio, for the others to be copied from."""
    made = _studio(tmp_path_factory.mktemp("filled") / "data", "filled")
    _fill(made)
    made.close()
    return made


@pytest.fixture
def studio(make_studio: MakeStudio, filled: Studio, tmp_path: Path) -> Studio:
    """One with its owner and three jobs: the first queued, the second just being sent, the third running."""
    shutil.copytree(filled.data, tmp_path / "a")
    _studio(tmp_path / "a", f"a_{abs(hash(tmp_path)):x}", template="filled")
    return make_studio("a")


def _fill(made: Studio) -> None:
    made.python(
        """
from datetime import timedelta
from django.core.management import call_command
from tests import factories
from wanstudio.jobs import verbs
from wanstudio.provider.calls import Submission
from wanstudio.teams.verbs import found_studio
from wanstudio.models import Job, Team, User
call_command("migrate", verbosity=0)
call_command("createcachetable", verbosity=0)
ben = found_studio(team="Northlight", name="Ben", email="ben@northlight.example", password="correct-horse")
team = Team.objects.get()
queued, sent, running = (factories.job(team, ben, provider="apixo") for _ in range(3))
verbs.begin_submitting(sent, callback=True)
attempt = verbs.begin_submitting(running, callback=True)
verbs.record_answer(attempt, Submission("accepted", task_id="task_3"))
verbs.mark_running(running, "task_3", timedelta(0), callback=True)
"""
    )
