"""Commands of pages that need no machine of their own: backup and restore, and the move to PostgreSQL."""

from pathlib import Path

from tests.docs_commands import commands, run, settings
from tests.e2e.studio import ROOT, Studio
from tests.e2e.template import EMAIL, template
from tests.servers import postgres

PEOPLE = "SELECT email FROM wanstudio_user"


def studio_with_owner(templates: Path, data: Path) -> Studio:
    made = Studio(data, template(templates, owner=True))
    made.start()
    made.stop()
    return made


def test_backup_page_brings_a_studio_back(templates: Path, tmp_path: Path) -> None:
    studio, backups = studio_with_owner(templates, tmp_path / "data"), {"/mnt/backups": str(tmp_path / "backups")}
    run(commands("docs/backup.md", "Backing up", backups), ROOT, studio.env)
    assert "Kept: 1 backups. Deleted: 1 older ones" in run(
        commands("docs/backup.md", "Every night", backups), ROOT, studio.env
    )
    restored = Studio(tmp_path / "restored")
    run(commands("docs/backup.md", "Restoring", backups), ROOT, restored.env)
    assert restored.rows(PEOPLE) == [(EMAIL,)]


def test_a_studio_moves_to_postgresql(templates: Path, tmp_path: Path) -> None:
    studio, file = studio_with_owner(templates, tmp_path / "data"), {"studio.json": str(tmp_path / "studio.json")}
    write, prepare, read = commands("docs/several-machines.md", "From SQLite to PostgreSQL", file)
    run([write], ROOT, studio.env)
    with postgres() as server:
        page = {"studio:password@db.internal:5432/studio": server.url.partition("://")[2]}
        there = settings("docs/several-machines.md", "Several machines", page)
        # Without a broker: the rows are what is moved.
        studio.env["DATABASE_URL"] = there["DATABASE_URL"]
        run([prepare, read], ROOT, studio.env)
        assert studio.rows(PEOPLE) == [(EMAIL,)]
        studio.start()
        studio.stop()
