"""The way back from an upgrade, as docs/upgrade.md says: what the newer version has sent is not sent again."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from pathlib import Path

import psycopg
import pytest

from tests.docs_commands import commands
from tests.e2e.studio import ROOT, Studio, wait_until
from tests.fake_apixo import KEY, FakeApixo, running
from tests.proof.rollback import checkouts
from tests.servers import postgres

Begin = Callable[[Path], Studio]

ORDER = """
from tests import factories
from wanstudio.models import Team, User
from wanstudio.teams.verbs import found_studio
if not Team.objects.exists():
    found_studio(team="Northlight", name="Ben", email="ben@northlight.example", password="correct-horse")
team, ben = Team.objects.get(), User.objects.get()
links = dict(character=factories.character(team, ben, url="http://HOST/inputs/mira.png"),
             motion=factories.motion(team, ben, url="http://HOST/inputs/walk.mp4"))
print(factories.job(team, ben, provider="apixo", prompt="PROMPT", **links).pk)
"""
START_SENDING = """
from wanstudio.keys import verbs
from wanstudio.models import ProviderKey
verbs.start_again(ProviderKey.at("apixo"))
"""


@pytest.fixture
def apixo() -> Iterator[FakeApixo]:
    with running() as server:
        yield server


@pytest.fixture
def begin(database: str, tmp_path: Path, apixo: FakeApixo) -> Iterator[Begin]:
    """`begin(checkout)`: a studio of that version, prepared, with one job that waits: no worker runs yet."""
    env = {"APIXO_API_KEY": KEY, "APIXO_BASE_URL": apixo.url}
    env["WANSTUDIO_PRIVATE_HOSTS"] = apixo.host
    made: list[Studio] = []

    def start(checkout: Path) -> Studio:
        made.append(Studio(tmp_path / "data", None, **env))
        made[0].root = checkout
        made[0].manage("prepare")
        order(made[0], apixo, "first")
        made[0].close()
        return made[0]

    with postgres() if database == "postgres" else nullcontext() as server:
        if server:
            env["DATABASE_URL"] = server.url
        yield start
        for studio in made:
            studio.end()


def order(studio: Studio, apixo: FakeApixo, prompt: str) -> int:
    return int(studio.python(ORDER.replace("HOST", apixo.host).replace("PROMPT", prompt)))


def posts(apixo: FakeApixo, prompt: str) -> int:
    return sum(post.body["input"].get("prompt") == prompt for post in apixo.posts)


def state(studio: Studio, job: int = 1) -> str:
    return str(studio.rows("SELECT state FROM wanstudio_job WHERE id = ?", job)[0][0])


def send(studio: Studio, apixo: FakeApixo) -> None:
    studio.start()
    wait_until(lambda: state(studio) == "running", "the job was sent")
    studio.stop()
    assert posts(apixo, "first") == 1


def works_and_sends_only_what_is_new(studio: Studio, apixo: FakeApixo) -> None:
    """The owner starts sending again: a new job goes out, and the one of the copy does not."""
    assert state(studio) == "uncertain"
    studio.python(START_SENDING)
    later = order(studio, apixo, "second")
    wait_until(lambda: state(studio, later) == "running", "a new job is sent")
    assert (state(studio), posts(apixo, "first"), posts(apixo, "second")) == ("uncertain", 1, 1)


def use(studio: Studio, checkout: Path) -> None:
    studio.root, studio.env["PYTHONPATH"] = checkout, str(checkout / checkouts.PACKAGES)


def follow(lines: list[str], studio: Studio, old: Path) -> None:
    """The page's commands, each as it stands there."""
    for line in lines:
        if line.startswith("git checkout"):
            use(studio, old)
        elif line == "make run":
            studio.start()
        else:
            program, script, *words = line.split()
            assert (program, script) == (".venv/bin/python", "manage.py"), line
            checkouts.manage(studio, *words)


@pytest.mark.parametrize(("version", "database"), [("0.2.0", "sqlite"), ("this", "postgres")])
def test_rolled_back_upgrade_pays_once(version: str, begin: Begin, apixo: FakeApixo, tmp_path: Path) -> None:
    old = ROOT if version == "this" else checkouts.of_history(checkouts.BEFORE, tmp_path / "old")
    if old is None:
        pytest.skip("this clone is shallow: version 0.2.0 is not in it")
    studio = begin(old)
    studio.root = checkouts.later(tmp_path / "new")
    send(studio, apixo)
    (backup,) = (studio.data / "backups").glob("backup-*")
    lines = commands("docs/upgrade.md", "Rolling back", {"data/backups/backup-…": str(backup)})
    assert [line.split()[0] for line in lines] == [".venv/bin/python", "git", "make"]
    follow(lines, studio, old)
    works_and_sends_only_what_is_new(studio, apixo)
    studio.stop()
    # And forth again.
    use(studio, tmp_path / "new")
    studio.start()
    studio.stop()
    assert (state(studio), posts(apixo, "first")) == ("uncertain", 1)


@pytest.mark.parametrize("database", ["sqlite"])
def test_way_back_of_an_upgrade_that_was_cut_short_is_from_before_it(begin: Begin, tmp_path: Path) -> None:
    studio = begin(ROOT)
    studio.root = checkouts.later(tmp_path / "new")
    full = studio.root / "wanstudio" / "migrations" / "1000_full.py"
    full.write_text(checkouts.DISK_FULL)
    assert "could not be migrated: [Errno 28] No space left on device. No row is lost" in studio.refuses("prepare")
    (before,) = (studio.data / "backups").glob("backup-*")
    # Half of it is done; there is room again.
    full.unlink()
    assert "wanstudio.0999_later" in str(studio.rows("SELECT app || '.' || name FROM django_migrations"))
    full.write_text(checkouts.DISK_FULL.replace("raise", "return lambda:"))
    assert "Database backed up to" in studio.manage("prepare")
    assert list((studio.data / "backups").glob("backup-*")) == [before]
    checkouts.manage(studio, "restore", "--force", str(studio.data / "backups"))
    assert "0999" not in str(studio.rows("SELECT name FROM django_migrations"))
    studio.root = ROOT
    assert "backed up" not in studio.manage("prepare")


@pytest.mark.parametrize("database", ["postgres"])
def test_older_version_alone_refuses_and_names_the_way_back(begin: Begin, apixo: FakeApixo, tmp_path: Path) -> None:
    """Who has checked the old version out already."""
    studio = begin(ROOT)
    studio.root = checkouts.later(tmp_path / "new")
    send(studio, apixo)
    (backup,) = (studio.data / "backups").glob("backup-*")
    studio.root = ROOT
    for refused in refusals(studio):
        assert "newer version of Wan Studio has changed the database (wanstudio.0999_later)" in refused
        assert f"run: .venv/bin/python manage.py restore --force {backup}\n" in refused
    checkouts.manage(studio, "restore", "--force", str(backup))
    studio.start()
    works_and_sends_only_what_is_new(studio, apixo)
    studio.stop()


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_copy_put_back_by_hand_is_refused_until_it_is_safe(begin: Begin, apixo: FakeApixo, tmp_path: Path) -> None:
    studio = begin(ROOT)
    copy_by_hand(studio, tmp_path / "copy.sqlite3")
    send(studio, apixo)
    put_back_by_hand(studio, tmp_path / "copy.sqlite3")
    assert state(studio) == "queued"
    for refused in refusals(studio):
        assert "was replaced by hand" in refused
        assert "run: .venv/bin/python manage.py restore --in-place\n" in refused
    assert "1 jobs were queued" in checkouts.manage(studio, "restore", "--in-place")
    studio.start()
    works_and_sends_only_what_is_new(studio, apixo)
    studio.stop()


def refusals(studio: Studio) -> Iterator[str]:
    """What each process says as it refuses to start: one sentence, no traceback."""
    return (studio.refuses(name) for name in ("prepare", "run", "web", "work", "beat"))


def copy_by_hand(studio: Studio, to: Path) -> None:
    if "DATABASE_URL" not in studio.env:
        with closing(sqlite3.connect(studio.data / "studio.sqlite3")) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copyfile(studio.data / "studio.sqlite3", to)
    else:
        as_database(studio, "CREATE DATABASE copy TEMPLATE studio")


def put_back_by_hand(studio: Studio, copy: Path) -> None:
    if "DATABASE_URL" not in studio.env:
        for left in studio.data.glob("studio.sqlite3*"):
            left.unlink()
        shutil.copyfile(copy, studio.data / "studio.sqlite3")
    else:
        as_database(studio, "DROP DATABASE studio WITH (FORCE)", "CREATE DATABASE studio TEMPLATE copy")


def as_database(studio: Studio, *statements: str) -> None:
    with psycopg.connect(studio.env["DATABASE_URL"].rpartition("/")[0] + "/postgres", autocommit=True) as line:
        for statement in statements:
            line.execute(statement.encode())
