"""The files of a backup: what is copied, what is told, and what is refused. The same on every database."""

import json
import os
from pathlib import Path

import pytest

from tests.blank import DATABASE
from tests.e2e.studio import Studio
from tests.operations.conftest import MakeStudio

pytestmark = pytest.mark.skipif(DATABASE != "sqlite", reason="the same on every database; test_backup runs on both")


def newest(folder: Path) -> Path:
    return sorted(folder.glob("backup-*"))[-1]


def test_media_is_copied_once(studio: Studio, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert "6 of them new" in studio.manage("backup", str(out))
    before = {path: path.stat().st_ino for path in (out / "media").rglob("*.*")}
    assert "0 of them new" in studio.manage("backup", str(out))
    assert {path: path.stat().st_ino for path in (out / "media").rglob("*.*")} == before
    rotten = next(iter(before))
    rotten.write_bytes(b"rotten")
    assert "1 of them new" in studio.manage("backup", str(out))
    assert rotten.read_bytes() != b"rotten"


def test_lost_file_is_reported_and_deleted_file_is_not(studio: Studio, tmp_path: Path) -> None:
    next((studio.data / "media").rglob("*.png")).unlink()
    done = studio.command("backup", str(tmp_path / "out"))
    assert done.returncode == 0
    assert "1 files in the database are missing" in done.stderr
    assert json.loads((newest(tmp_path / "out") / "manifest.json").read_text())["missing"]


def test_damaged_backup_is_refused_before_anything_is_touched(
    studio: Studio, make_studio: MakeStudio, tmp_path: Path
) -> None:
    out, other = tmp_path / "out", make_studio("b")
    studio.manage("backup", str(out))
    clip = next((out / "media").rglob("*.mp4"))
    clip.write_bytes(b"changed")
    assert "1 of 6 media files" in other.refuses("restore", str(out))
    assert not (other.data / "media").exists()
    done = other.command("restore", str(out), "--skip-damaged")
    assert (done.returncode, "1 damaged files" in done.stderr) == (0, True)
    third = make_studio("c")
    database = max(newest(out).rglob("*.*"), key=lambda path: path.stat().st_size)
    database.write_bytes(database.read_bytes()[:-10] + b"0123456789")
    assert "is damaged" in third.refuses("restore", str(out))
    (newest(out) / "manifest.json").unlink()
    assert "no whole backup" in third.refuses("restore", str(out))


def test_path_out_of_the_media_folder_is_refused(studio: Studio, make_studio: MakeStudio, tmp_path: Path) -> None:
    out, other = tmp_path / "out", make_studio("b")
    studio.manage("backup", str(out))
    code = """
import json
import os
from pathlib import Path
from wanstudio.operations.backups import snapshot
folder = Path(OUT)
line = json.loads((folder / "media.jsonl").read_text().splitlines()[0])
(folder.parent / "evil").write_bytes((folder.parent / "media" / line["path"]).read_bytes())
(folder / "media.jsonl").write_text(json.dumps(line | {"path": "../evil"}))
manifest = snapshot.read_manifest(folder)
(folder / "manifest.json").unlink()
snapshot.seal(folder, manifest)
"""
    studio.python(code.replace("OUT", repr(str(newest(out)))))
    assert "evil" in other.refuses("restore", str(out))


def test_killed_backup_does_not_count(studio: Studio, make_studio: MakeStudio, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    left = out / ".partial-20261123"
    left.mkdir()
    (left / "studio.sqlite3").write_bytes(b"half")
    assert "no whole backup" in make_studio("b").refuses("restore", str(out))
    studio.manage("backup", str(out))
    assert not list(out.glob(".partial-*"))


def test_keep_deletes_older_backups_and_says_so(studio: Studio, make_studio: MakeStudio, tmp_path: Path) -> None:
    out = tmp_path / "out"
    studio.manage("backup", str(out))
    before = newest(out)
    studio.manage("backup", str(out))
    said = studio.manage("backup", str(out), "--keep", "2")
    assert "Kept: 2 backups. Deleted: 1 older ones and 0 media files" in said
    assert (before.exists(), len(list(out.glob("backup-*")))) == (False, 2)
    assert "Restored from" in make_studio("b").manage("restore", str(out))
    assert "is not a rule" in studio.refuses("backup", str(out), "--keep", "weekly")


def test_bare_copy_of_an_earlier_version_is_restored_beside_the_media(studio: Studio, tmp_path: Path) -> None:
    bare = tmp_path / "studio-20261123-043000-000000.sqlite3"
    bare.write_bytes((studio.data / "studio.sqlite3").read_bytes())
    lost = next((studio.data / "media").rglob("*.png"))
    lost.unlink()
    done = studio.command("restore", "--force", str(bare))
    assert "(media files are unchanged)" in done.stdout
    assert "2 jobs were queued" in done.stdout
    assert f"missing: {lost.relative_to(studio.data / 'media')}" in done.stderr
    # Once more, from what the first restore has made of it.
    assert "2 jobs" in studio.manage("restore", "--force", str(bare))


def test_files_of_a_database_that_was_set_aside_are_not_swept(studio: Studio, tmp_path: Path) -> None:
    """After a rollback the way forward leads to videos that only that database names."""
    studio.manage("backup", str(tmp_path / "out"))
    later = studio.python(
        """
from tests import factories
from wanstudio.models import Team, User
print(factories.character(Team.objects.get(), User.objects.get()).file.path)
"""
    )
    studio.manage("restore", "--force", str(tmp_path / "out"))
    stray = Path(later).with_name("stray.png")
    stray.write_bytes(b"half a picture")
    for path in (Path(later), stray):
        os.utime(path, (1, 1))
    assert studio.python("from wanstudio.operations.sweep import sweep_orphans as s; print(s())") == "1"
    assert (Path(later).exists(), stray.exists()) == (True, False)


def test_unwritable_directory_is_refused(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert "cannot be written" in studio.refuses("backup", str(tmp_path / "file" / "out"))
    assert "is inside the studio's own files" in studio.refuses("backup", str(studio.data / "media" / "out"))
