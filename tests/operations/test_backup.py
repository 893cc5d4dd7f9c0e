"""Backup and restore by their commands, in studios of their own: what comes back, and what is refused."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from tests.e2e.studio import ROOT, Studio
from tests.operations.conftest import MakeStudio

STATES = """
from wanstudio.keys import verbs as key_verbs
from wanstudio.models import Job
print([(job.state, job.money, job.ask_person) for job in Job.objects.order_by("pk")])
"""
STOPPED = """
from wanstudio.models import ProviderKey
print(ProviderKey.objects.filter(stopped_at=None).count(), ProviderKey.at("apixo").stopped_why)
"""
LINKS = """
from datetime import timedelta
from django.utils import timezone
from wanstudio.models import Collection, Team, User
from wanstudio.sharing.verbs import make_link, revoke_link
team, person = Team.objects.get(), User.objects.get()
shown = Collection.objects.create(team=team, person=person, name="Shown")
make_link(shown, person)
revoke_link(make_link(shown, person), person)
make_link(shown, person, expires_at=timezone.now() - timedelta(seconds=1))
"""
NEXT = """
from tests import factories
from wanstudio.models import Team, User
job = factories.job(Team.objects.get(), User.objects.get())
print(min(job.pk, job.character_id, job.submissions.create(provider="x").pk))
"""
FILES = """
from wanstudio.models import Source
print(sorted((source.name, source.file.read()) for source in Source.objects.all()))
"""


def test_restore_brings_back_rows_and_files(studio: Studio, make_studio: MakeStudio, tmp_path: Path) -> None:
    studio.python(LINKS)
    said = studio.manage("backup", str(tmp_path / "out"))
    assert "3 jobs as of" in said
    assert "6 files" in said
    assert "secret key is NOT in it" in said
    other = make_studio("b")
    said = other.manage("restore", str(tmp_path / "out"))
    assert "2 jobs were queued" in said
    assert "revoked access too: 1 membership, 1 share link and 0 API tokens are open." in said
    assert "The secret key has changed" in said
    assert other.python(FILES) == studio.python(FILES)


def test_restored_queue_is_unconfirmed_and_not_sent(studio: Studio, make_studio: MakeStudio, tmp_path: Path) -> None:
    """The backup is older than the world: what waited then may have been sent since, and charged."""
    studio.manage("backup", str(tmp_path / "out"))
    other = make_studio("b")
    other.manage("restore", str(tmp_path / "out"))
    doubted = ("uncertain", "unknown", True)
    assert other.python(STATES) == str([doubted, doubted, ("running", "reserved", False)])
    assert other.python(STOPPED).startswith("0 The studio was restored from its backup of ")
    # What the worker would do with them, key and all.
    other.python(
        """
from django.conf import settings
from wanstudio.keys import verbs as key_verbs
from wanstudio.models import Job, ProviderKey
from wanstudio.work.advance import advance, due
settings.PROVIDERS["apixo"] = ("http://127.0.0.1:9/api/v1", "a-key-of-a-test")
key_verbs.start_again(ProviderKey.at("apixo"))
for job in Job.objects.filter(state="uncertain"):
    job.nudge()
    assert advance(Job, job.pk)
"""
    )
    assert other.python(STATES) == str([doubted, doubted, ("running", "reserved", False)])


def test_restored_spend_request_is_expired(studio: Studio, make_studio: MakeStudio, tmp_path: Path) -> None:
    """It may have been allowed since the backup, and its mail still has a button."""
    studio.python(
        """
from tests import factories
from wanstudio.models import Team, User
factories.spend_request(Team.objects.get(), User.objects.get(), provider="apixo")
"""
    )
    studio.manage("backup", str(tmp_path / "out"))
    other = make_studio("b")
    other.manage("restore", str(tmp_path / "out"))
    asked = "from wanstudio.models import SpendRequest as R; print(R.objects.open().count(), R.objects.get().word)"
    assert studio.python(asked).startswith("1")
    assert other.python(asked).startswith("0 The studio was restored from its backup of ")


def test_restored_database_leaves_out_ids(studio: Studio, make_studio: MakeStudio, tmp_path: Path) -> None:
    """A callback of those days names an attempt that this database never had: it must not be another job's."""
    studio.manage("backup", str(tmp_path / "out"), "--with-secret-key")
    lost = studio.python(
        """
from wanstudio.models import Job
print(Job.objects.filter(state="queued").first().submissions.create(provider="apixo", callback=True).callback_token)
"""
    )
    other = make_studio("b")
    other.manage("restore", str(tmp_path / "out"))
    assert other.env["WANSTUDIO_DATA"] != studio.env["WANSTUDIO_DATA"]
    found = other.python(f"from wanstudio.models import Attempt; print(Attempt.by_token({lost!r}))")
    assert found == "None"
    assert int(other.python(NEXT)) > 1000


def test_secret_key_comes_back_if_it_was_backed_up(studio: Studio, make_studio: MakeStudio, tmp_path: Path) -> None:
    assert "can sign in as any user" in studio.manage("backup", str(tmp_path / "out"), "--with-secret-key")
    other = make_studio("b")
    said = other.manage("restore", str(tmp_path / "out"))
    assert "secret key has changed" not in said
    assert "0 API tokens, 0 invitations and 0 signed-in browsers are open." in said
    assert (other.data / "secret.key").read_text() == (studio.data / "secret.key").read_text()


def test_studio_in_use_is_not_overwritten(studio: Studio, tmp_path: Path) -> None:
    studio.manage("backup", str(tmp_path / "out"))
    before = studio.python(STATES)
    assert "This studio is in use" in studio.refuses("restore", str(tmp_path / "out"))
    assert studio.python(STATES) == before
    # A beat in an hour: it counts as alive however long the commands take.
    studio.python(
        """
from datetime import timedelta
from django.utils import timezone
from wanstudio.models import Heartbeat
Heartbeat.objects.create(name="here:1", seen_at=timezone.now() + timedelta(hours=1))
"""
    )
    assert "Stop it first" in studio.refuses("restore", str(tmp_path / "out"), "--force")
    assert "Stop it first" in studio.refuses("restore", str(tmp_path / "out"))
    assert studio.python(STATES) == before
    studio.python(
        "from wanstudio.models import Heartbeat, Job, Team; Heartbeat.end('here:1'); Team.objects.update(name='X')"
    )
    said = studio.manage("restore", str(tmp_path / "out"), "--force")
    assert "is kept as" in said
    assert studio.python("from wanstudio.models import Team; print(Team.objects.get().name)") == "Northlight"
    assert [path for path in (studio.data / "backups").iterdir() if path.name.startswith("studio-")]


WRITER = """
import django
django.setup()
from tests import factories
from wanstudio.models import Team, User
team, ben = Team.objects.get(), User.objects.get()
while True:
    print(factories.job(team, ben).pk, flush=True)
"""


def test_backup_under_load_has_every_job_and_file(studio: Studio, make_studio: MakeStudio, tmp_path: Path) -> None:
    out = tmp_path / "out"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER], cwd=ROOT, env=studio.env, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    try:
        made = [int(writer.stdout.readline()) for writer in writers for _ in range(5) if writer.stdout]
        studio.manage("backup", str(out))
        writing_still = [writer.poll() for writer in writers]
    finally:
        for writer in writers:
            writer.kill()
            writer.wait(60)
    assert writing_still == [None, None]
    other = make_studio("b")
    other.manage("restore", str(out))
    code = f"""
from django.db.models import Count
from wanstudio.models import Job, Source
print(Job.objects.filter(pk__in={made}).count(), Job.objects.annotate(n=Count("transitions")).filter(n=0).count())
print([source.pk for source in Source.objects.all() if not source.file.storage.exists(source.file.name)])
"""
    assert other.python(code).splitlines() == [f"{len(made)} 0", "[]"]
    if "DATABASE_URL" not in other.env:
        with closing(sqlite3.connect(other.data / "studio.sqlite3")) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert database.execute("PRAGMA foreign_key_check").fetchall() == []
