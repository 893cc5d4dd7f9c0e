"""PostgreSQL in a backup: every table by COPY, in one transaction, and its restore. Needs no client programs."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from wanstudio.data_files import whole
from wanstudio.operations.backups.media_files import Reference, references
from wanstudio.operations.backups.snapshot import Manifest
from wanstudio.operations.backups.versions import latest

FOLDER = "tables"
# A slow disk here must not end the transaction.
NO_TIMEOUT = "SET LOCAL idle_in_transaction_session_timeout = 0"


def size_bytes() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


def dump(into: Path) -> tuple[list[Reference], Manifest]:
    """All tables as they are at one moment, while others write; the files they name; and a manifest to be sealed."""
    with transaction.atomic(durable=True), connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute(NO_TIMEOUT)
        rows = {table: _copy_out(cursor, table, into / FOLDER / f"{table}.copy") for table in tables()}
        cursor.execute("SELECT app, name FROM django_migrations ORDER BY id")
        applied = [list(pair) for pair in cursor.fetchall()]
        # Ids are given outside of transactions: what is read now is at least what the rows show.
        sequences = {}
        for table in rows:
            if sequence := _sequence(cursor, table):
                cursor.execute(f"SELECT last_value FROM {sequence}")  # noqa: S608 (as the database quotes it)
                sequences[table] = int(cursor.fetchone()[0])

        def query(sql: str) -> list[tuple[object, ...]]:
            cursor.execute(sql)
            return list(cursor.fetchall())

        files = list(references(query))
    return files, Manifest("", "postgresql", applied, rows, sequences)


def tables() -> list[str]:
    """The tables of the studio (also of a newer version) and of its libraries, without the cache."""
    found = connection.introspection.django_table_names(only_existing=True, include_views=False)
    ours = [name for name in connection.introspection.table_names() if name.startswith("wanstudio_")]
    return sorted({*found, *ours, MigrationRecorder.Migration._meta.db_table})


def _copy_out(cursor: CursorWrapper, table: str, path: Path) -> int:
    """Returns how many rows it had. The first line names the columns: their order can differ after a restore."""
    names = _quoted(column.name for column in connection.introspection.get_table_description(cursor, table))
    with whole(path) as file:
        file.write(names.encode() + b"\n")
        with cursor.copy(f'COPY "{table}" ({names}) TO STDOUT') as copied:
            for block in copied:
                file.write(block)
    return int(cursor.rowcount)


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _sequence(cursor: CursorWrapper, table: str) -> str | None:
    cursor.execute(
        "SELECT pg_get_serial_sequence(%s, 'id') FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND table_name = %s AND column_name = 'id'",
        [f'"{table}"', table],
    )
    found = cursor.fetchone()
    return str(found[0]) if found and found[0] else None


@contextmanager
def restored(snapshot: Path, manifest: Manifest) -> Iterator[None]:
    """Inside, the database holds the backup; it becomes visible to others only at the end.

    All of it, the making of the tables included, is one transaction: crash anywhere, and the database is what it was.
    """
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            for table in {*tables()} & {*connection.introspection.table_names(cursor)}:
                cursor.execute(f'DROP TABLE "{table}" CASCADE')
        # The tables as they were when the backup was made, whatever has been added since.
        MigrationExecutor(connection).migrate(latest(manifest.migrations))
        with connection.cursor() as cursor, connection.wrap_database_errors:
            cursor.execute(NO_TIMEOUT)
            # Migrations leave checks immediate; tables come in the order of the alphabet.
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            cursor.execute(f"TRUNCATE {_quoted(manifest.rows)} CASCADE")
            for table in sorted(manifest.rows):
                with (snapshot / FOLDER / f"{table}.copy").open("rb") as file:
                    columns = file.readline().decode().strip()
                    with cursor.copy(f'COPY "{table}" ({columns}) FROM STDIN') as copied:
                        shutil.copyfileobj(file, copied, 256 * 1024)
            for table, last in manifest.sequences.items():
                cursor.execute("SELECT setval(%s, %s)", [_sequence(cursor, table), last])
            # Pending deferred checks would prevent the migrations that follow.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        yield


def move_ids(table: str, to: int) -> None:
    with connection.cursor() as cursor:
        if sequence := _sequence(cursor, table):
            cursor.execute("SELECT setval(%s, %s)", [sequence, to])
