"""The database itself refuses to change or delete an entry of the ledger, whoever asks.

Laid after every `migrate`, because SQLite drops a table's triggers when a migration rebuilds the table.
"""

from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "wanstudio_entry"
SAYS = "the ledger is append-only"
SQLITE = [
    f"CREATE TRIGGER IF NOT EXISTS {TABLE}_no_{verb} BEFORE {verb} ON {TABLE} BEGIN SELECT RAISE(ABORT, '{SAYS}'); END"
    for verb in ("update", "delete")
]
POSTGRESQL = [
    f"CREATE OR REPLACE FUNCTION {TABLE}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{SAYS}'; END $$",
    f"DROP TRIGGER IF EXISTS {TABLE}_append_only ON {TABLE}",
    f"CREATE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE ON {TABLE} "
    f"FOR EACH ROW EXECUTE FUNCTION {TABLE}_refuse()",
]


def lock(using: str = "default", **kwargs: Any) -> None:
    """Lay the triggers, where the table exists. Again and again, with the same result."""
    connection = connections[using]
    if TABLE in connection.introspection.table_names():
        _run(connection, SQLITE if connection.vendor == "sqlite" else POSTGRESQL)


def unlock_to_empty(using: str) -> None:
    """SQLite empties a table by DELETE: lift that refusal for `flush`, which lays it again."""
    connection = connections[using]
    if connection.vendor == "sqlite":
        _run(connection, [f"DROP TRIGGER IF EXISTS {TABLE}_no_delete"])


def _run(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
