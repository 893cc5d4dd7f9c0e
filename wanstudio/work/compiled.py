"""Compiled queries: what is asked many times a second, written as SQL by Django's ORM once a process.

Writing it takes Django twenty times as long as the database needs to answer.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.db.models import Model, QuerySet

# Ids that no row has: in the written query they show where the real ones belong.
MARK = -(2**40)


Written = tuple[str, tuple[Any, ...]]
"""SQL and its parameters, to be kept; it is the same for every connection of a process."""


def write(query: QuerySet[Any, Any]) -> Written:
    return query.query.sql_with_params()


def rows_of(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Rows as the database has them: on SQLite a moment is text, or has no zone."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def moment(found: datetime | str) -> datetime:
    """SQLite has no zones: all of its moments are UTC."""
    when = found if isinstance(found, datetime) else datetime.fromisoformat(found)
    return when if when.tzinfo else when.replace(tzinfo=UTC)


class Compiled:
    """A query about one id and any number of others, which may be in it once or often: `make(one, others)`."""

    def __init__(self, make: Callable[[int, Sequence[int]], QuerySet[Model, tuple[Any, ...]]]) -> None:
        self._make = make
        self._written: dict[int, Written] = {}

    def rows(self, one: int, others: Sequence[int] = ()) -> list[tuple[Any, ...]]:
        # Powers of two, so that few are written; the rest is filled with what no row has.
        size = 1 << max(len(others) - 1, 0).bit_length()
        if size not in self._written:
            marks = range(MARK, MARK - size - 1, -1)
            self._written[size] = write(self._make(marks[0], marks[1:]))
        sql, params = self._written[size]
        given = (one, *others, *[0] * (size - len(others)))
        return rows_of(sql, [self._real(param, given) for param in params])

    def _real(self, param: Any, given: tuple[int, ...]) -> Any:
        # Its type is the database's own for ids.
        return type(param)(given[MARK - param]) if isinstance(param, int) and param <= MARK else param
