"""The search index of videos, kept by triggers in the transaction that writes, and so exact for any writer.

It is installed after every `migrate`, unless it is there as `search_sql` has it: SQLite drops triggers when a migration
rebuilds their table, and refuses to rebuild one that a view names.
"""

import hashlib
import sqlite3
import sys
from functools import cache

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.migrations import (
    AddConstraint,
    AddField,
    AddIndex,
    AlterField,
    AlterModelOptions,
    CreateModel,
    Migration,
    RemoveConstraint,
    RemoveField,
    RemoveIndex,
)

from wanstudio.videos.search_sql import (
    APART,
    EVENTS,
    FTS,
    POSTGRES_INDEX,
    TABLE,
    VIEW,
    apart,
    postgres,
    sqlite,
    sqlite_fts,
)

# Operations that change no value of a column that there is, and those that change none of another table.
KEEP_WORDS = (CreateModel, AlterModelOptions, AddField, AddIndex, RemoveIndex, AddConstraint, RemoveConstraint)
KEEP_OTHERS = (AlterField, RemoveField)
WORDED = {TABLE.partition("_")[2], *(table for table, _, _ in EVENTS)}
# Databases whose triggers are lifted for migrations that change no words, and what their connection has seen.
_lifted: dict[str, tuple[int, int]] = {}
# So many videos take more than a moment.
MANY = 50_000
NO_FTS = (
    "The SQLite of this Python has no full-text search (FTS5). The search of videos works, but takes seconds with many "
    "videos, and tells accents apart."
)


@cache
def has_fts() -> bool:
    """Whether the SQLite of this Python can search full text; that of PostgreSQL always can."""
    with sqlite3.connect(":memory:") as database:
        return bool(database.execute("SELECT sqlite_compileoption_used('ENABLE_FTS5')").fetchone()[0])


def warnings() -> list[str]:
    return [NO_FTS] if connections["default"].vendor == "sqlite" and not has_fts() else []


def install(using: str = "default", **kwargs: object) -> None:
    """Make and fill the index, unless it exists. One transaction; after a crash the next start does it."""
    connection = connections[using]
    with connection.cursor() as cursor:
        tables = {table.name for table in connection.introspection.get_table_list(cursor)}
    if TABLE not in tables:
        return
    view = _view(connection)
    with transaction.atomic(using), connection.cursor() as cursor:
        if view not in tables:
            _lift(connection, cursor)
            for statement in _statements(connection, view):
                cursor.execute(statement)
            if _lifted.pop(using, None) != _seen(connection, cursor):
                _fill(cursor, view)
        if connection.vendor == "postgresql":
            cursor.execute(POSTGRES_INDEX)
        else:
            _lay_fts(connection, cursor)


def lift(using: str = "default", **kwargs: object) -> None:
    """Take off what keeps migrations from rebuilding the tables. `plan`: of the migrations to come; none, no need.

    Migrations that change no words leave the index as it is, and `install` need not read it all again.
    """
    connection, plan = connections[using], kwargs.get("plan", True)
    if connection.vendor != "sqlite" or not plan:
        return
    with transaction.atomic(using), connection.cursor() as cursor:
        is_exact = _view(connection) in connection.introspection.table_names(cursor, include_views=True)
        _lift(connection, cursor)
        _lifted.pop(using, None)
        if is_exact and isinstance(plan, list) and not any(map(_changes_words, plan)):
            _lifted[using] = _seen(connection, cursor)


def _changes_words(step: object) -> bool:
    """Whether this step of a plan could change what is found: it runs code, or alters a column that has words."""
    migration = step[0] if isinstance(step, tuple) else None
    operations = migration.operations if isinstance(migration, Migration) else [None]
    return not all(
        isinstance(each, KEEP_WORDS) or (isinstance(each, KEEP_OTHERS) and each.model_name_lower not in WORDED)
        for each in operations
    )


def _seen(connection: BaseDatabaseWrapper, cursor: CursorWrapper) -> tuple[int, int]:
    """Changes when another connection has written, in the time in which no trigger saw it; never by our own writes."""
    if connection.vendor != "sqlite":
        return (0, 0)
    cursor.execute("PRAGMA data_version")
    return (id(connection.connection), cursor.fetchone()[0])


def _lift(connection: BaseDatabaseWrapper, cursor: CursorWrapper) -> None:
    views = [one.name for one in connection.introspection.get_table_list(cursor) if one.type == "v"]
    if connection.vendor == "sqlite":
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in cursor.fetchall():
            if name.startswith(VIEW):
                cursor.execute(f"DROP TRIGGER {name}")
    for name in views:
        if name.startswith(VIEW):
            cursor.execute(f"DROP VIEW {name}")


def _view(connection: BaseDatabaseWrapper) -> str:
    """Its name says how it and its triggers were written: those of another version are replaced."""
    written = "".join(postgres("", "") if connection.vendor == "postgresql" else sqlite(""))
    return f"{VIEW}_{hashlib.sha256(written.encode()).hexdigest()[:8]}"


def _statements(connection: BaseDatabaseWrapper, view: str) -> list[str]:
    return postgres(view, _collate(connection)) if connection.vendor == "postgresql" else sqlite(view)


def _collate(connection: BaseDatabaseWrapper) -> str:
    """A database made with the locale C knows no letters but ASCII's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT lower('Ж') = 'ж'")
        if cursor.fetchone()[0]:
            return ""
        known = ("und-x-icu", "pg_c_utf8", "C.utf8", "en_US.utf8")
        cursor.execute("SELECT collname FROM pg_collation WHERE collname = ANY(%s)", [list(known)])
        found = {name for (name,) in cursor.fetchall()}
    return next((f'COLLATE "{name}"' for name in known if name in found), "")


def _fill(cursor: CursorWrapper, view: str) -> None:
    """From nothing, or from what an earlier version left: only what differs is written."""
    cursor.execute("SELECT count(*) FROM wanstudio_video")
    if (count := cursor.fetchone()[0]) >= MANY:
        sys.stdout.write(f"Indexing {count:,} videos for the search: about a minute a million…\n")
        sys.stdout.flush()
    gone = f"NOT EXISTS (SELECT 1 FROM {view} v WHERE v.video_id = {TABLE}.video_id)"  # noqa: S608 (names of ours)
    cursor.execute(f"DELETE FROM {TABLE} WHERE {gone}")  # noqa: S608 (names of ours)
    cursor.execute(
        f"INSERT INTO {TABLE} (video_id, words) SELECT video_id, words FROM {view} WHERE true"  # noqa: S608
        f" ON CONFLICT (video_id) DO UPDATE SET words = excluded.words WHERE {TABLE}.words <> excluded.words"
    )


def _lay_fts(connection: BaseDatabaseWrapper, cursor: CursorWrapper) -> None:
    """Without FTS5 none of its triggers is left: they would refuse every change."""
    wanted = [statement for statement in sqlite_fts() if statement.startswith("CREATE TRIGGER")]
    cursor.execute("SELECT type, name, sql FROM sqlite_master WHERE type IN ('trigger', 'view')")
    there = [row for row in cursor.fetchall() if row[1].startswith(f"{FTS}_")]
    if has_fts() and {*wanted} <= {sql for _, _, sql in there}:
        return
    for kind, name, _ in there:
        cursor.execute(f"DROP {kind} {name}")
    if has_fts():
        connection.connection.create_function(APART, 1, apart, deterministic=True)
        cursor.execute(f"DROP TABLE IF EXISTS {FTS}")
        for statement in sqlite_fts():
            cursor.execute(statement)
