"""SQLite in a backup: a consistent copy while others write, and its restore."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import connection

from wanstudio.data_files import sync
from wanstudio.operations.backups.media_files import Reference, references
from wanstudio.operations.backups.snapshot import CannotOperate, Manifest

FILE = "studio.sqlite3"
STAGED = ".restoring.sqlite3"


def path() -> Path:
    return Path(connection.settings_dict["NAME"])


def files(database: Path) -> list[Path]:
    """The file of a database, and the two beside it (its log, shared memory), which get their rights from it."""
    return [database.with_name(database.name + end) for end in ("", "-wal", "-shm")]


def size_bytes() -> int:
    return path().stat().st_size


def dump(into: Path) -> tuple[list[Reference], Manifest]:
    """The database as it is at one moment, checked; the files it names; and a manifest to be sealed."""
    manifest = copy_in(into, path())
    with closing(sqlite3.connect(into / FILE)) as database:
        return list(references(lambda sql: database.execute(sql))), manifest


def copy_in(into: Path, source: Path) -> Manifest:
    """A database's file into this backup, and a manifest to be sealed."""
    copy_to(into / FILE, source)
    with closing(sqlite3.connect(into / FILE)) as database:
        applied = database.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall()
        sequences = dict(database.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
        rows = {
            table: database.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]  # noqa: S608 (the database's own)
            for table, made in database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
            # A full-text index cannot be counted as a table.
            if not table.startswith("sqlite_") and not made.startswith("CREATE VIRTUAL")
        }
    return Manifest("", "sqlite", [list(pair) for pair in applied], rows, sequences)


def copy_to(target: Path, source: Path) -> None:
    """One consistent, checked file, made by SQLite itself while others write. On the disk when this returns."""
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=20)) as original,
        closing(sqlite3.connect(target)) as database,
    ):
        original.backup(database)
        # A copy travels as one file, without the log beside it.
        database.execute("PRAGMA journal_mode=DELETE")
        check(database)
    sync(target)
    sync(target.parent)


def check(database: sqlite3.Connection) -> None:
    if (found := database.execute("PRAGMA integrity_check(1)").fetchone()[0]) != "ok":
        raise CannotOperate(f"The copy of the database is damaged: {found}")


@contextmanager
def restored(snapshot: Path, manifest: Manifest) -> Iterator[None]:
    """Inside, Django works on a copy of the backup; when all went well, that becomes the studio's database.

    Crash before the end: the studio's database is what it was, and the next restore overwrites the copy.
    """
    target, staged = path(), path().with_name(STAGED)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copyfile(snapshot / FILE, staged)
    connection.close()
    connection.settings_dict["NAME"] = str(staged)
    try:
        yield
        # All of it in the one file, and on the disk.
        connection.close()
        with closing(sqlite3.connect(staged)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            database.execute("PRAGMA journal_mode=DELETE")
            check(database)
        os.chmod(staged, 0o600)
        sync(staged)
    except BaseException:
        connection.close()
        for left in files(staged):
            left.unlink(missing_ok=True)
        raise
    finally:
        connection.settings_dict["NAME"] = str(target)
    # The old database's log must not be there when the new one takes its place: SQLite would apply it.
    if target.exists():
        with closing(sqlite3.connect(target)) as old:
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if files(target)[1].exists():
            raise CannotOperate(
                "Something still has the database open. Stop the studio and try again; nothing was changed."
            )
    os.replace(staged, target)
    sync(target.parent)


def move_ids(table: str, to: int) -> None:
    """The next row of this table gets an id above `to`."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table])
        cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, to])
