"""The files of a backup: what is copied, what is told, and what is refused. The same on every database."""

import json
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
    assert "1 files that the database names are gone" in done.stderr
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


def test_unwritable_directory_is_refused(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert "cannot be written" in studio.refuses("backup", str(tmp_path / "file" / "out"))
    assert "lies among the studio's own files" in studio.refuses("backup", str(studio.data / "media" / "out"))
