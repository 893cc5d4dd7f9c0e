"""Append-only rows: models and querysets refuse to change or delete them; for some tables the database refuses, too.

The triggers are made after every `migrate`, because SQLite drops them when a migration rebuilds the table.
"""

from typing import Any, NoReturn, TypeVar

from django.db import connections, models

Row = TypeVar("Row", bound=models.Model)

TABLES = {"wanstudio_entry": "the ledger is append-only", "wanstudio_activity": "the activity is append-only"}
TRIGGERS = {
    "sqlite": (
        "CREATE TRIGGER IF NOT EXISTS {table}_no_update BEFORE UPDATE ON {table} "
        "BEGIN SELECT RAISE(ABORT, '{says}'); END",
        "CREATE TRIGGER IF NOT EXISTS {table}_no_delete BEFORE DELETE ON {table} "
        "BEGIN SELECT RAISE(ABORT, '{says}'); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '{says}'; END $$",
        "DROP TRIGGER IF EXISTS {table}_append_only ON {table}",
        "CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION {table}_refuse()",
    ),
}


class AppendOnly(Exception):
    """An append-only row was about to be changed or deleted."""


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
    """Create the triggers where the tables exist. Idempotent."""
    connection = connections[using]
    with connection.cursor() as cursor:
        for table in TABLES.keys() & set(connection.introspection.table_names(cursor)):
            for statement in TRIGGERS[connection.vendor]:
                cursor.execute(statement.format(table=table, says=TABLES[table]))


def unlock_to_empty(using: str) -> None:
    """Drop the refusal of DELETE for `flush`, which SQLite does by DELETE; `flush` creates it again."""
    if connections[using].vendor == "sqlite":
        with connections[using].cursor() as cursor:
            for table in TABLES:
                cursor.execute(f"DROP TRIGGER IF EXISTS {table}_no_delete")
