"""Studios that do not run: a folder and a database each, worked on by real commands, on SQLite and on PostgreSQL."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.e2e.studio import Studio
from tests.servers import Server, postgres

MakeStudio = Callable[[str], Studio]
BOTH = ["sqlite", "postgresql"]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres() as running:
        yield running


@pytest.fixture
def kind() -> str:
    """The database of the test's studios. A module that minds overrides it."""
    return "sqlite"


@pytest.fixture
def make_studio(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> MakeStudio:
    """`make_studio("a")`: a folder and an empty database of that name. Made twice, it is the same one again."""

    def make(name: str) -> Studio:
        if kind == "sqlite":
            return Studio(tmp_path / name)
        database = f"{name}_{abs(hash(tmp_path)):x}"
        url: str = request.getfixturevalue("server").url
        with psycopg.connect(url, autocommit=True) as line:
            if not line.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
                line.execute(f'CREATE DATABASE "{database}"'.encode())
        return Studio(tmp_path / name, DATABASE_URL=url.rpartition("/")[0] + f"/{database}")

    return make


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first filled studio on SQLite is kept, for the others to be copied from."""
    return tmp_path_factory.mktemp("filled") / "data"


@pytest.fixture
def studio(make_studio: MakeStudio, kind: str, filled: Path) -> Studio:
    """One with its owner and three jobs: the first queued, the second just being sent, the third running."""
    made = make_studio("a")
    if kind == "sqlite" and filled.exists():
        shutil.copytree(filled, made.data)
        return made
    _fill(made)
    if kind == "sqlite":
        shutil.copytree(made.data, filled)
    return made


def _fill(made: Studio) -> None:
    made.python(
        """
from datetime import timedelta
from django.core.management import call_command
from tests import factories
from wanstudio.teams.verbs import found_studio
from wanstudio.models import Job, Team, User
call_command("migrate", verbosity=0)
call_command("createcachetable", verbosity=0)
ben = found_studio(team="Northlight", name="Ben", email="ben@northlight.example", password="correct-horse")
team = Team.objects.get()
queued, sent, running = (factories.job(team, ben, provider="apixo") for _ in range(3))
sent.begin_submitting(callback=True)
attempt = running.begin_submitting(callback=True)
attempt.record(outcome="accepted", task_id="task_3")
running.mark_running("task_3", timedelta(0), callback=True, usual=None)
"""
    )
