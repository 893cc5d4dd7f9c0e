"""Append-only rows: models and querysets refuse to change or delete them, and for some tables the database does, too.

Its triggers are laid after every `migrate`, because SQLite drops them when a migration rebuilds the table.
"""

from typing import Any, NoReturn, TypeVar

from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper

Row = TypeVar("Row", bound=models.Model)

TABLES = {"wanstudio_entry": "the ledger is append-only", "wanstudio_activity": "the activity is append-only"}


class AppendOnly(Exception):
    """Something tried to change or to delete a row that is only ever added."""


class AppendOnlyRows(models.QuerySet[Row]):
    def update(self, **changes: object) -> NoReturn:
        raise AppendOnly(f"rows of {self.model._meta.verbose_name} are never changed")

    def bulk_update(self, *args: object, **options: object) -> NoReturn:
        self.update()

    def delete(self) -> NoReturn:
        raise AppendOnly(f"rows of {self.model._meta.verbose_name} are never deleted")


class AppendOnlyModel(models.Model):
    class Meta:
        abstract = True

    def save(self, *args: Any, **options: Any) -> None:
        if not self._state.adding:
            raise AppendOnly(f"a row of {self._meta.verbose_name} is never changed")
        super().save(*args, **options)

    def delete(self, *args: object, **options: object) -> NoReturn:
        raise AppendOnly(f"a row of {self._meta.verbose_name} is never deleted")


def lock(using: str = "default", **kwargs: object) -> None:
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
