"""A backup while the studio runs: the database first, then the files it names, then its own name."""

import fcntl
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from django.conf import settings
from django.db import DatabaseError, connection
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from wanstudio.data_files import folder, sync, whole
from wanstudio.encryption import encrypted_fields
from wanstudio.operations.backups import media_files as media
from wanstudio.operations.backups import postgres, retention, snapshot, sqlite
from wanstudio.operations.backups.retention import Pruned, Rule
from wanstudio.operations.backups.snapshot import CannotOperate, Manifest

DATABASES_KEPT = 10


def engine() -> ModuleType:
    """`sqlite` or `postgres`: how this studio's database is copied."""
    return postgres if connection.vendor == "postgresql" else sqlite


class Made(NamedTuple):
    """`new`: files that were not in the pool; `deleted`: files deleted meanwhile; `pruned`: what the rule deleted."""

    folder: Path
    manifest: Manifest
    new: int
    deleted: int
    pruned: Pruned | None = None


def back_up(into: Path, *, with_secret_key: bool = False, rule: Rule | None = None) -> Made:
    """A whole backup in a separate folder in `into`. Files that are there already are not copied again.

    The database comes first: every file it names existed then, and is looked for afterwards. Crash anywhere: a
    `.partial-…` folder that the next backup removes.
    """
    with _alone(into):
        with _in_words(into):
            made = _copy_all(into, with_secret_key=with_secret_key)
        try:
            return made._replace(pruned=retention.prune(into, rule, newest=made.folder)) if rule else made
        except OSError as wrong:
            raise CannotOperate(
                f"{made.folder} was made, but older ones could not be deleted: {wrong.strerror}."
            ) from wrong


def _copy_all(into: Path, *, with_secret_key: bool) -> Made:
    need_room(into, engine().size_bytes())
    partial, moment = _fresh(into), timezone.now()
    referenced, manifest = _dump(partial)
    manifest.made_at = moment.isoformat()
    pool, earlier = folder(into / "media"), sorted(into.glob(f"{snapshot.PREFIX}*"))
    before = (snapshot.media_of(earlier[-1]) if earlier else None) or {}
    need_room(into, media.to_copy(referenced, pool))
    new, deleted = media.copy_all(referenced, pool, partial, before, manifest)
    if with_secret_key:
        encryption = "\n".join(encrypted_fields.keys())
        for name, secret in ((snapshot.SECRET, settings.SECRET_KEY), (snapshot.ENCRYPTION, encryption)):
            with whole(partial / name) as kept:
                kept.write(secret.encode())
    manifest.secret_key_included = with_secret_key
    target = _named(into, snapshot.PREFIX, moment)
    _finish(partial, target, manifest)
    snapshot.write_json(
        Path(settings.DATA_DIR) / snapshot.LAST,
        {"made_at": manifest.made_at, "folder": str(target), "missing": len(manifest.missing)},
    )
    return Made(target, manifest, new, deleted)


def copy_database(prefix: str = snapshot.PREFIX, file: Path | None = None) -> Path:
    """A backup of the database alone into `backups` of the data folder; the newest ten of a kind are kept.

    It lists the files that the database names, so that the sweep spares them, but holds none: they are here already.
    `file`: a bare copy of an SQLite database, as earlier versions made them, becomes such a backup instead.
    """
    into = databases()
    with _alone(into), _in_words(into):
        need_room(into, file.stat().st_size if file else engine().size_bytes())
        partial, moment = _fresh(into), timezone.now()
        target = _named(into, prefix, moment)
        referenced: list[media.Reference] = []
        if file:
            manifest = sqlite.copy_in(partial, file)
            moment = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        else:
            referenced, manifest = _dump(partial)
        media.write_list(referenced, partial)
        manifest.made_at, manifest.has_media = moment.isoformat(), False
        _finish(partial, target, manifest)
        for kind in (snapshot.PREFIX, snapshot.ASIDE):
            for old in sorted(into.glob(f"{kind}*"))[:-DATABASES_KEPT]:
                snapshot.discard(old)
        return target


def databases() -> Path:
    return folder(Path(settings.DATA_DIR) / "backups")


def names_kept() -> set[str]:
    """The files that the databases in there name: a database that was set aside needs them after a new upgrade."""
    lists = [path for path in databases().glob(f"*/{snapshot.MEDIA_LIST}") if not path.parent.name.startswith(".")]
    return {one.path for path in lists for one in snapshot.read_media(path.parent)}


def upgrading() -> Path:
    """The marker of an upgrade: there from the backup before it until the last migration, or a restore, is done."""
    return databases() / ".upgrading"


def _named(into: Path, prefix: str, moment: datetime) -> Path:
    return into / f"{prefix}{moment:%Y%m%dT%H%M%SZ-%f}"


def _dump(partial: Path) -> tuple[list[media.Reference], Manifest]:
    if not connection.introspection.table_names():
        raise CannotOperate("There is no database yet, so there is nothing to back up.")
    dumped: tuple[list[media.Reference], Manifest] = engine().dump(partial)
    return dumped


def _finish(partial: Path, target: Path, manifest: Manifest) -> None:
    manifest.secret_key_fingerprint = snapshot.fingerprint()
    snapshot.seal(partial, manifest)
    os.replace(partial, target)
    sync(target.parent)


@contextmanager
def _alone(into: Path) -> Iterator[None]:
    """Refuses an unsuitable folder, and one that another backup is being made into."""
    inside = snapshot.media_root().resolve()
    if into.resolve() == inside or inside in into.resolve().parents:
        raise CannotOperate(
            f"{into} is inside the studio's own files. Choose a folder elsewhere, preferably on another disk."
        )
    try:
        into.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (into / ".lock").open("w")
    except OSError as wrong:
        raise CannotOperate(f"{into} cannot be written: {wrong.strerror}.") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CannotOperate(f"Another backup into {into} is running. Wait for it to end.") from None
        yield


@contextmanager
def _in_words(into: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error, DatabaseError) as wrong:
        said = wrong.strerror if isinstance(wrong, OSError) and wrong.strerror else str(wrong).strip()
        raise CannotOperate(f"The backup into {into} failed: {said}. It is not complete and is not used.") from wrong


def _fresh(into: Path) -> Path:
    """An empty working folder; deletes what earlier, killed backups left."""
    for left in into.glob(f"{snapshot.PARTIAL}*"):
        snapshot.remove(left)
    return folder(into / f"{snapshot.PARTIAL}{timezone.now():%Y%m%dT%H%M%S%f}")


def need_room(into: Path, size_bytes: int) -> None:
    # This much must stay free on the disk of the backup.
    needed, free = size_bytes + 64 * 1024 * 1024, shutil.disk_usage(into).free
    if free < needed:
        raise CannotOperate(
            f"{into} has {filesizeformat(free)} free, and {filesizeformat(needed)} are needed. Free some space or "
            "choose another folder; nothing was changed."
        )


def last() -> tuple[timedelta, str, int] | None:
    """How long ago the last backup was made, where it is, and how many files it missed; None if there was none."""
    try:
        last = json.loads((Path(settings.DATA_DIR) / snapshot.LAST).read_bytes())
        return timezone.now() - datetime.fromisoformat(last["made_at"]), last["folder"], last["missing"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
