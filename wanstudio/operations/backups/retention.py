"""Retention: the backups of a folder that stay, and the deletion of the others with the media that only they name.

A rule such as `7d,4w,6m` keeps the newest backup of each of the last 7 days, 4 weeks and 6 months that have one; a bare
number keeps that many of the newest. The newest of all always stays.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from wanstudio.data_files import sync
from wanstudio.operations.backups import snapshot
from wanstudio.operations.backups.snapshot import manifest_of, media_of

# How `strftime` names the period that a moment is in; without a unit each backup is a period of its own.
PERIODS = {"": "%c %f", "d": "%Y-%m-%d", "w": "%G-%V", "m": "%Y-%m", "y": "%Y"}
# Only folders that `backup` names so are its own.
NAME = re.compile(rf"{snapshot.PREFIX}\d{{8}}T\d{{6}}Z-\d{{6}}")
# A backup that is being deleted: it counts no more, and its list says which media can be deleted.
PRUNED = ".pruned-"

Rule = list[tuple[int, str]]


class Pruned(NamedTuple):
    """`kept`: backups of this studio that stay; `untouched`: folders that block the deletion of media, or nothing."""

    kept: int
    backups: int
    files: int
    untouched: str


def read_rule(text: str) -> Rule:
    """`7d,4w,6m` as pairs of a number and a unit. ValueError with a sentence for anything else."""
    parts = [re.fullmatch(r"([1-9]\d{0,3})([dwmy]?)", part.strip()) for part in text.split(",")]
    if not all(parts):
        raise ValueError(
            f"“{text}” is not a rule. Write 14 for the newest fourteen, or 7d,4w,6m for the newest of each of the last "
            "7 days, 4 weeks and 6 months (y: years)."
        )
    return [(int(part[1]), part[2]) for part in parts if part]


def kept(rule: Rule, moments: Iterable[datetime]) -> set[datetime]:
    """Those of `moments` that the rule keeps."""
    chosen: set[datetime] = set()
    newest_first = sorted(moments, reverse=True)
    for count, unit in rule:
        periods: dict[str, datetime] = {}
        for moment in newest_first:
            periods.setdefault(moment.strftime(PERIODS[unit]), moment)
        chosen |= {*list(periods.values())[:count]}
    return chosen


def prune(into: Path, rule: Rule, *, newest: Path) -> Pruned:
    """Deletes what the rule does not keep. Under the lock of `into`, after the whole backup `newest` was made there.

    Deleted are only backups of this studio, and only media that they name and no other backup does. Crash anywhere: the
    rest is deleted next time, and what is kept is whole.
    """
    ours = {folder: moment for folder, moment in _ours(into).items() if folder != newest}
    stays = kept(rule, [*ours.values(), datetime.fromisoformat(snapshot.read_manifest(newest).made_at)])
    doomed = [folder for folder, moment in ours.items() if moment not in stays]
    for folder in doomed:
        folder.rename(into / f"{PRUNED}{folder.name}")
    sync(into)
    left = sorted(into.glob(f"{PRUNED}*"))
    # The media of an unreadable backup are unknown.
    unread = [folder.name for folder in sorted(into.glob(f"{snapshot.PREFIX}*")) if media_of(folder) is None]
    files = 0 if unread else _remove_media(into, left)
    if not unread:
        for folder in left:
            snapshot.discard(folder)
    return Pruned(len(ours) - len(doomed) + 1, len(doomed), files, snapshot.some(unread))


def _ours(into: Path) -> dict[Path, datetime]:
    """This studio's whole backups, by its secret key, and when they were made."""
    found: dict[Path, datetime] = {}
    for folder in into.glob(f"{snapshot.PREFIX}*"):
        manifest = manifest_of(folder)
        if NAME.fullmatch(folder.name) and manifest and manifest.secret_key_fingerprint == snapshot.fingerprint():
            found[folder] = datetime.fromisoformat(manifest.made_at)
    return found


def _remove_media(into: Path, left: list[Path]) -> int:
    named = set().union(*(media_of(folder) or () for folder in into.glob(f"{snapshot.PREFIX}*")))
    pool = (into / "media").resolve()
    removed = 0
    for path in sorted(set().union(*(media_of(folder) or () for folder in left)) - named):
        # Lists are read from a disk: a path out of the pool is ignored.
        if pool in (file := pool / path).resolve().parents and file.is_file():
            file.unlink()
            removed += 1
    return removed
