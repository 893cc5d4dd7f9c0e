"""`backup DIR --keep`: what stays, what goes, and that a crash or a stranger's folder costs nothing that is kept."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from wanstudio.operations.backups import retention, snapshot
from wanstudio.operations.backups.retention import Pruned, kept, prune, read_rule
from wanstudio.operations.backups.snapshot import Manifest

NOON = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


def backup(into: Path, moment: datetime, *media: str) -> Path:
    """A whole one, as `backup` makes it, of an empty database."""
    folder = into / f"backup-{moment:%Y%m%dT%H%M%SZ-%f}"
    folder.mkdir(parents=True)
    lines = [{"path": path, "size_bytes": 1, "sha256": "", "row": ""} for path in media]
    (folder / "media.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    for path in media:
        (into / "media" / path).parent.mkdir(parents=True, exist_ok=True)
        (into / "media" / path).write_text("x")
    manifest = Manifest(moment.isoformat(), "sqlite", [], {}, {}, secret_key_fingerprint=snapshot.fingerprint())
    snapshot.seal(folder, manifest)
    return folder


def pool(into: Path) -> list[str]:
    return sorted(path.relative_to(into / "media").as_posix() for path in (into / "media").rglob("*") if path.is_file())


def folders(into: Path) -> list[str]:
    return sorted(path.name for path in into.iterdir() if path.name != "media")


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("3", [0, 1, 2]),
        ("4d", [0, 1, 2, 3]),
        # 27 November is a Friday: the newest of each week are Fridays of now and Sundays of before.
        ("3w", [0, 5, 12]),
        ("2m", [0, 27]),
        ("2d,2w,2m", [0, 1, 5, 27]),
        ("1y", [0]),
    ],
)
def test_rule_keeps_the_newest_of_each_period(rule: str, days: list[int]) -> None:
    daily = [NOON - timedelta(days=day) for day in range(60)]
    assert sorted(kept(read_rule(rule), daily), reverse=True) == [daily[day] for day in days]


def test_rule_skips_days_without_a_backup_and_keeps_the_last_of_a_day() -> None:
    moments = [NOON, NOON - timedelta(hours=1), NOON - timedelta(days=30), NOON - timedelta(days=60)]
    assert kept(read_rule("2d"), moments) == {NOON, NOON - timedelta(days=30)}


@pytest.mark.parametrize("text", ["", "0", "7x", "d", "-1", "7d;4w", "7 days"])
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a rule"):
        read_rule(text)


def test_media_goes_that_only_pruned_backups_name(tmp_path: Path) -> None:
    backup(tmp_path, NOON - timedelta(days=2), "a/1.mp4", "b/2.mp4")
    backup(tmp_path, NOON - timedelta(days=1), "b/2.mp4", "c/3.mp4")
    newest = backup(tmp_path, NOON, "c/3.mp4")
    (tmp_path / "media" / "mine.txt").write_text("not ours")
    assert prune(tmp_path, read_rule("2"), newest=newest) == Pruned(2, 1, 1, "")
    assert pool(tmp_path) == ["b/2.mp4", "c/3.mp4", "mine.txt"]
    assert len(folders(tmp_path)) == 2


def test_newest_stays_also_when_the_clock_went_back(tmp_path: Path) -> None:
    later = backup(tmp_path, NOON + timedelta(days=400), "a/1.mp4")
    made_now = backup(tmp_path, NOON, "b/2.mp4")
    prune(tmp_path, read_rule("1"), newest=made_now)
    assert folders(tmp_path) == sorted([later.name, made_now.name])


def test_what_the_studio_did_not_make_stays(tmp_path: Path, settings: Settings) -> None:
    others = backup(tmp_path, NOON - timedelta(days=9), "theirs.mp4")
    settings.SECRET_KEY = "of-another-studio"
    old, newest = backup(tmp_path, NOON - timedelta(days=8), "ours.mp4"), backup(tmp_path, NOON)
    renamed = shutil.copytree(old, tmp_path / "backup-before-the-wedding")
    (tmp_path / "notes.txt").write_text("mine")
    assert prune(tmp_path, read_rule("1"), newest=newest).backups == 1
    assert folders(tmp_path) == sorted([others.name, newest.name, renamed.name, "notes.txt"])
    # A kept copy of a backup names its media.
    assert pool(tmp_path) == ["ours.mp4", "theirs.mp4"]


def test_no_media_goes_while_a_backup_cannot_be_read(tmp_path: Path) -> None:
    broken = backup(tmp_path, NOON - timedelta(days=3), "a.mp4")
    (broken / "manifest.json").write_text("{")
    backup(tmp_path, NOON - timedelta(days=2), "b.mp4")
    newest = backup(tmp_path, NOON)
    assert prune(tmp_path, read_rule("1"), newest=newest) == Pruned(1, 1, 0, broken.name)
    assert pool(tmp_path) == ["a.mp4", "b.mp4"]
    # Once it is away, the next one ends what was left.
    shutil.rmtree(broken)
    assert prune(tmp_path, read_rule("1"), newest=newest).files == 1
    assert (folders(tmp_path), pool(tmp_path)) == ([newest.name], ["a.mp4"])


@pytest.mark.parametrize("step", ["sync", "_remove_media", "discard"])
def test_killed_anywhere_the_next_one_ends_it_and_what_is_kept_is_whole(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup(tmp_path, NOON - timedelta(days=2), "a.mp4", "b.mp4")
    newest = backup(tmp_path, NOON, "b.mp4")

    def killed(*words: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(snapshot if step == "discard" else retention, step, killed)
        with pytest.raises(KeyboardInterrupt):
            prune(tmp_path, read_rule("1"), newest=newest)
    assert snapshot.newest(tmp_path) == newest
    assert "b.mp4" in pool(tmp_path)
    prune(tmp_path, read_rule("1"), newest=newest)
    assert (folders(tmp_path), pool(tmp_path)) == ([newest.name], ["b.mp4"])


def test_list_that_leads_out_of_the_pool_deletes_nothing_there(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")
    old = backup(tmp_path, NOON - timedelta(days=1))
    line = {"path": "../precious", "size_bytes": 1, "sha256": "", "row": ""}
    (old / "media.jsonl").write_text(json.dumps(line))
    (tmp_path / "media").mkdir()
    assert prune(tmp_path, read_rule("1"), newest=backup(tmp_path, NOON)).files == 0
    assert (tmp_path / "precious").exists()
