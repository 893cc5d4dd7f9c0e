"""Prepared statements: a query or an update about values that are given each time, written as SQL once a process.

For what a worker asks and writes many times a job: to have Django's ORM write it again took most of a job's time.
"""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.sql import UpdateQuery

from wanstudio.work.compiled import MARK, Columns, Written, rows_of, write

M = TypeVar("M", bound=Model)
Value = int | str | UUID


class _Statement:
    """`make` is called once, with a mark in the place of each value."""

    def __init__(self, make: Callable[..., Written]) -> None:
        self._make = make
        self._written: tuple[str, list[tuple[Any, int | None]]] | None = None

    def filled(self, values: Sequence[Value]) -> Written:
        if self._written is None:
            marks = [_mark(place, value) for place, value in enumerate(values)]
            # SQLite keeps a UUID as text.
            places = {mark.hex if isinstance(mark, UUID) else mark: place for place, mark in enumerate(marks)}
            sql, params = self._make(*marks)
            named = [param.hex if isinstance(param, UUID) else param for param in params]
            found = [places.get(name) if isinstance(name, int | str) else None for name in named]
            self._written = sql, list(zip(params, found, strict=True))
        sql, given = self._written
        return sql, tuple(param if place is None else _like(param, values[place]) for param, place in given)


def _mark(place: int, value: Value) -> Value:
    """What no row has."""
    if isinstance(value, UUID):
        return UUID(int=place + 1)
    return f"mark {place}" if isinstance(value, str) else MARK - place


def _like(param: Any, value: Value) -> Any:
    """As the database has values of this kind."""
    if isinstance(value, UUID):
        return value if isinstance(param, UUID) else value.hex
    return value if isinstance(value, str) else type(param)(value)


class Prepared(Generic[M]):
    """Rows of one model, whole. `make` is called once, with a mark in the place of each value."""

    def __init__(self, make: Callable[..., QuerySet[M]]) -> None:
        self._columns: Columns | None = None

        def written(*marks: Value) -> Written:
            query = make(*marks)
            self._columns = Columns(query.model, 0)
            return write(query.values_list(*self._columns.names))

        self._statement = _Statement(written)

    def all(self, *values: Value) -> list[M]:
        rows = rows_of(*self._statement.filled(values))
        return [self._columns.read(row) for row in rows] if self._columns else []

    def first(self, *values: Value) -> M | None:
        return next(iter(self.all(*values)), None)


class PreparedRows:
    """The same for single columns, as the database has them (see `rows_of`)."""

    def __init__(self, make: Callable[..., QuerySet[Any, tuple[Any, ...]]]) -> None:
        self._statement = _Statement(lambda *marks: write(make(*marks)))

    def all(self, *values: Value) -> list[tuple[Any, ...]]:
        return rows_of(*self._statement.filled(values))

    def first(self, *values: Value) -> tuple[Any, ...] | None:
        return next(iter(self.all(*values)), None)


class PreparedUpdate:
    """An update, and of which rows: `make` returns both. `run` returns how many were changed."""

    def __init__(self, make: Callable[..., tuple[QuerySet[Any, Any], dict[str, Any]]]) -> None:
        def written(*marks: Value) -> Written:
            rows, changes = make(*marks)
            query = cast(UpdateQuery, rows.query.chain(UpdateQuery))
            query.add_update_values(changes)
            return query.sql_with_params()

        self._statement = _Statement(written)

    def run(self, *values: Value) -> int:
        with connection.cursor() as cursor:
            cursor.execute(*self._statement.filled(values))
            return int(cursor.rowcount)
