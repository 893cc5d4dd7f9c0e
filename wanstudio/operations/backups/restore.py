"""A backup's way back: everything is verified before anything is touched, and the database comes last."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from wanstudio.encryption import encrypted_fields
from wanstudio.encryption.encrypted_fields import unreadable
from wanstudio.operations.backups import backup, snapshot
from wanstudio.operations.backups import file_copies as files
from wanstudio.operations.backups import restore_safety as safe
from wanstudio.operations.backups.snapshot import CannotOperate, Manifest, MediaFile
from wanstudio.work.models import Heartbeat

KINDS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass
class Restored:
    folder: Path
    manifest: Manifest
    media_files: int
    skipped: list[str]
    unconfirmed: int
    same_key: bool
    unreadable: int
    kept: str
    open_again: dict[str, int]


def restore(given: Path, *, force: bool = False, skip_damaged: bool = False) -> Restored:
    """Bring the newest backup in `given` (or the one it is) into this studio's data folder and database.

    Refused with a sentence, and nothing touched: not whole, damaged, another kind of database, a studio that runs, or
    one with people in it unless `force`. Crash midway: media may be there already, the database is what it was.
    """
    folder = snapshot.newest(given)
    manifest = snapshot.read_manifest(folder)
    media, skipped = _verify(folder, manifest, skip_damaged=skip_damaged)
    kept = _look_at_target(force=force)
    _need_room(folder, media)
    try:
        for one in media:
            _bring_back(folder.parent / "media" / one.path, one)
        same_key = _secret_key(folder, manifest)
        with backup.engine().restored(folder, manifest):
            _migrate_on()
            unconfirmed = safe.make_safe(backup.engine(), manifest)
    except (OSError, sqlite3.Error, DatabaseError) as wrong:
        raise CannotOperate(f"The restore failed, and the database is what it was: {str(wrong).strip()}") from wrong
    # What Django and the ledger keep beside the tables: the cache, the triggers.
    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    lost, counts = len(unreadable()), safe.open_again(same_key=same_key)
    return Restored(folder, manifest, len(media), skipped, unconfirmed, same_key, lost, kept, counts)


def _verify(folder: Path, manifest: Manifest, *, skip_damaged: bool) -> tuple[list[MediaFile], list[str]]:
    if manifest.kind != connection.vendor:
        raise CannotOperate(
            f"The backup is of {KINDS.get(manifest.kind, manifest.kind)}, and this studio uses "
            f"{KINDS.get(connection.vendor, connection.vendor)}. Set DATABASE_URL to a database of the same kind."
        )
    if wrong := snapshot.damaged(folder, manifest):
        raise CannotOperate(f"{folder} is damaged: {_some(wrong)}. Use an earlier backup.")
    known = MigrationLoader(None, ignore_no_migrations=True).graph.nodes
    if newer := [f"{app}.{name}" for app, name in manifest.migrations if (app, name) not in known]:
        raise CannotOperate(f"The backup was made by another version of Wan Studio ({_some(newer)}). Use that version.")
    backup.engine().verify(folder)
    listed = list(snapshot.read_media(folder)) if manifest.has_media else []
    good = [
        one
        for one in listed
        if _is_safe(one.path) and snapshot.is_intact(folder.parent / "media" / one.path, one.sha256)
    ]
    bad = sorted({one.path for one in listed} - {one.path for one in good})
    if bad and not skip_damaged:
        raise CannotOperate(
            f"{len(bad)} of {len(listed)} media files in the backup are missing or damaged: {_some(bad)}. "
            "Use an earlier backup, or bring back all the others with --skip-damaged."
        )
    return good, bad


def _look_at_target(*, force: bool) -> str:
    """Refuses a studio that runs or is in use; with `force` its database is kept, and the path of that returned."""
    has_rows = backup.engine().has_rows
    if has_rows("wanstudio_heartbeat") and Heartbeat.alive():
        raise CannotOperate("The studio is running. Stop it first; if it was killed, wait half a minute and try again.")
    if not (has_rows("wanstudio_user") or has_rows("wanstudio_job")):
        return ""
    if not force:
        raise CannotOperate(
            f"This studio is in use: there are people or jobs in its database. Restore into another WANSTUDIO_DATA"
            f"{' and DATABASE_URL' if connection.vendor != 'sqlite' else ''}, or replace everything with --force; "
            "what is there is kept in its backups folder then."
        )
    return str(backup.before_migration())


def _need_room(folder: Path, media: list[MediaFile]) -> None:
    needed = sum(one.size_bytes for one in media if not (snapshot.media_root() / one.path).exists())
    needed += 2 * sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    backup.need_room(Path(settings.DATA_DIR), needed)


def _is_safe(path: str) -> bool:
    """A name that stays within the media folder."""
    name = PurePosixPath(path)
    return not name.is_absolute() and ".." not in name.parts


def _bring_back(source: Path, one: MediaFile) -> None:
    target = snapshot.media_root() / one.path
    if not snapshot.is_intact(target, one.sha256):
        files.copy(source, target)


def _secret_key(folder: Path, manifest: Manifest) -> bool:
    """Whether the studio signs with the same key as when the backup was made, from its next start on."""
    kept, ours = folder / snapshot.SECRET, snapshot.secret_key_file()
    if (encryption := folder / snapshot.ENCRYPTION).exists() and not settings.ENCRYPTION_KEYS:
        encrypted_fields.take_keys(encryption.read_text().split())
    comes_from_file = ours.exists() and ours.read_text().strip() == settings.SECRET_KEY
    if manifest.secret_key_included and comes_from_file:
        files.copy(kept, ours)
        return True
    return manifest.secret_key_fingerprint == snapshot.fingerprint()


def _migrate_on() -> None:
    """From the tables of then to those of now."""
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown
