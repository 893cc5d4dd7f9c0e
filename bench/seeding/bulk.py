"""Bulk loading into SQLite and PostgreSQL: indexes and foreign keys are taken down before and laid again after."""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.models import NOT_PROVIDED

# Of SQLite, for a file that is thrown away if its making is interrupted.
FAST = "journal_mode = OFF", "synchronous = OFF", "foreign_keys = OFF", "cache_size = -800000", "threads = 2"
BATCH = 20_000
# Of PostgreSQL: the next id of each table is after those that were put in.
SEQUENCES = (
    "SELECT format('SELECT setval(pg_get_serial_sequence(%L, %L), (SELECT coalesce(max(id), 1) FROM %I))', relname, "
    "attname, relname) FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid "
    "WHERE attidentity <> '' AND attname = 'id' AND relname LIKE 'wanstudio%'"
)


def run(sql: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []


def insert(table: str, columns: Sequence[str], rows: Iterable[Sequence[object]], **fixed: object) -> None:
    """Rows of these columns, each with the `fixed` ones besides, and the model's defaults in all others."""
    fixed = {**_defaults(table, {*columns, *fixed}), **fixed}
    names = ", ".join((*columns, *fixed))
    if connection.vendor == "sqlite":
        marks = ", ".join("?" * (len(columns) + len(fixed)))
        more = tuple(fixed.values())
        with connection.cursor() as cursor:
            raw = cursor.cursor.connection
            raw.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", ((*row, *more) for row in rows))
        return
    # Text made here: psycopg's own writing of rows takes three times as long.
    ending = "".join(f"\t{_text(value)}" for value in fixed.values()) + "\n"
    rows = iter(rows)
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        while batch := list(islice(rows, BATCH)):
            copy.write("".join("\t".join(map(_text, row)) + ending for row in batch))


def _defaults(table: str, given: Collection[str]) -> dict[str, object]:
    model = next(one for one in apps.get_models(include_auto_created=True) if one._meta.db_table == table)
    left = [one for one in model._meta.concrete_fields if one.column not in given and not one.primary_key]
    return {str(one.column): _plain(one.get_default()) for one in left if one.db_default is NOT_PROVIDED}


def _plain(value: object) -> object:
    """As both databases take it for every type of column."""
    if isinstance(value, bool):
        return int(value)
    return json.dumps(value) if isinstance(value, list | dict) else value


def _text(value: object) -> str:
    return "\\N" if value is None else str(value)


def fill(table: str, selected: str, **columns: str) -> None:
    """INSERT … SELECT: each column with its SQL, from what is `selected` (FROM and what follows); defaults as above."""
    for name, value in _defaults(table, {*columns}).items():
        columns[name] = "NULL" if value is None else f"'{value}'"
    names, values = ", ".join(columns), ", ".join(columns.values())
    run(f"INSERT INTO {table} ({names}) SELECT {values} {selected}")


@contextmanager
def loading() -> Iterator[None]:
    """No index that no constraint needs, and no foreign key, while rows are put in. All are checked as they return.

    Then comes what the studio lays after its migrations.
    """
    if connection.vendor == "sqlite":
        for pragma in FAST:
            run(f"PRAGMA {pragma}")
        again = [
            (f"DROP INDEX {name}", sql)
            for name, sql in run(
                "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL "
                "AND tbl_name LIKE 'wanstudio%'"
            )
        ]
    else:
        again = [*_foreign_keys(), *_indexes()]
    for away, _ in again:
        run(away)
    run("BEGIN")
    yield
    run("COMMIT")
    # The indexes first: foreign keys are checked by them.
    for _, sql in reversed(again):
        run(str(sql))
    for (sql,) in run(SEQUENCES) if connection.vendor == "postgresql" else ():
        run(str(sql))
    call_command("migrate", verbosity=0)
    if connection.vendor == "sqlite":
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            run(f"PRAGMA {pragma}")
        return
    run("VACUUM (ANALYZE)")


def _foreign_keys() -> Iterator[tuple[str, object]]:
    found = run(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE contype = 'f' AND conrelid::regclass::text LIKE 'wanstudio%'"
    )
    for table, name, definition in found:
        yield f"ALTER TABLE {table} DROP CONSTRAINT {name}", f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}"


def _indexes() -> Iterator[tuple[str, object]]:
    found = run(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename LIKE 'wanstudio%' "
        "AND indexname NOT IN (SELECT conname FROM pg_constraint)"
    )
    for name, definition in found:
        yield f'DROP INDEX "{name}"', definition
