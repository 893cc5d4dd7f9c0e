"""The database itself refuses to change or delete an entry of the ledger or of the activity, whoever asks.

Laid after every `migrate`, because SQLite drops a table's triggers when a migration rebuilds the table.
"""

from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

TABLES = {"wanstudio_entry": "the ledger is append-only", "wanstudio_activity": "the activity is append-only"}


def lock(using: str = "default", **kwargs: Any) -> None:
    """Lay the triggers, where the tables exist. Again and again, with the same result."""
    connection = connections[using]
    for table in TABLES.keys() & set(connection.introspection.table_names()):
        _run(connection, (_sqlite if connection.vendor == "sqlite" else _postgresql)(table, TABLES[table]))


def unlock_to_empty(using: str) -> None:
    """SQLite empties a table by DELETE: lift that refusal for `flush`, which lays it again."""
    connection = connections[using]
    if connection.vendor == "sqlite":
        _run(connection, [f"DROP TRIGGER IF EXISTS {table}_no_delete" for table in TABLES])


def _sqlite(table: str, says: str) -> list[str]:
    return [
        f"CREATE TRIGGER IF NOT EXISTS {table}_no_{verb} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{says}'); END"
        for verb in ("update", "delete")
    ]


def _postgresql(table: str, says: str) -> list[str]:
    return [
        f"CREATE OR REPLACE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{says}'; END $$",
        f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}",
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_refuse()",
    ]


def _run(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


class AppendOnly(Exception):
    """Somebody tried to change or to delete an entry of the ledger."""
