"""Compiled queries: what is asked many times a second, written as SQL by Django's ORM once a process.

Writing it takes Django twenty times as long as the database needs to answer.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)

# Ids that no row has: in the written query they show where the real ones belong.
MARK = -(2**40)
MAX_ID = 2**63 - 1


Row = tuple[Any, ...]
Written = tuple[str, Row]
"""SQL and its parameters, to be kept; it is the same for every connection of a process."""


def write(query: QuerySet[Any, Any]) -> Written:
    return query.query.sql_with_params()


def together(queries: Sequence[QuerySet[Any, Any]]) -> Written:
    """One statement for queries with the same columns, each with its own order and limit, which SQLite's UNION has not.

    Each row has the number of its query in front.
    """
    written = [write(query) for query in queries]
    sql = " UNION ALL ".join(f"SELECT {n}, q{n}.* FROM ({sql}) AS q{n}" for n, (sql, _) in enumerate(written))  # noqa: S608 (SQL of the ORM)
    return sql, tuple(param for _, params in written for param in params)


def rows_of(sql: str, params: Sequence[Any]) -> list[Row]:
    """Rows as the database has them: on SQLite a moment is text, or has no zone."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def moment(found: datetime | str) -> datetime:
    """SQLite has no zones: all of its moments are UTC."""
    when = found if isinstance(found, datetime) else datetime.fromisoformat(found)
    return when if when.tzinfo else when.replace(tzinfo=UTC)


class Compiled:
    """A query about one id and any number of others, which can be in it once or often: `make(one, others)`."""

    def __init__(self, make: Callable[[int, Sequence[int]], QuerySet[Model, Row]]) -> None:
        self._make = make
        self._written: dict[int, Written] = {}

    def rows(self, one: int, others: Sequence[int] = ()) -> list[Row]:
        if not all(abs(each) <= MAX_ID for each in (one, *others)):
            # An address can have any number. The ORM, too, finds nothing then, without asking.
            return []
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


class Columns:
    """All columns of a model within the rows of a query, from `start` on, and what makes Python's values of them."""

    def __init__(self, model: type[Model], start: int) -> None:
        fields = model._meta.concrete_fields
        self.model, self.names = model, [field.attname for field in fields]
        self.at = slice(start, start + len(fields))
        self._converters = [
            (place, column, convert)
            for place, column in enumerate(field.cached_col for field in fields)
            for convert in (*connection.ops.get_db_converters(column), *column.get_db_converters(connection))
        ]

    def read(self, cells: Row) -> Any:
        """An instance as the ORM reads it; None where an outer join found no row. The id is the first column."""
        if cells[0] is None:
            return None
        values = list(cells)
        for place, column, convert in self._converters:
            values[place] = convert(values[place], column, connection)
        return self.model.from_db(DEFAULT_DB_ALIAS, self.names, values)


# The way to it, the way before that, the foreign key between them, its columns.
Part = tuple[str, str, Any, Columns]


class CompiledModels(Generic[M]):
    """A compiled query for rows of a model, each with the rows that its foreign keys lead to, as by `select_related`.

    `ways` are such keys, as `job` and then `job__team`; `besides` names what is read with each row, as an annotation.
    """

    def __init__(
        self, make: Callable[[int, Sequence[int]], QuerySet[M]], ways: Sequence[str] = (), besides: Sequence[str] = ()
    ) -> None:
        self._make, self._ways, self._besides = make, ways, besides
        self._parts: list[Part] = []
        self._query = Compiled(self._narrowed)

    def _narrowed(self, one: int, others: Sequence[int]) -> QuerySet[M, Row]:
        query, names = self._make(one, others), [*self._besides]
        parts: list[Part] = []
        models: dict[str, Any] = {"": query.model}
        for way in ("", *self._ways):
            before, _, key = way.rpartition("__")
            field = models[before]._meta.get_field(key) if way else None
            models[way] = field.related_model if field else query.model
            part = Columns(models[way], len(names))
            names += [f"{way}__{name}" if way else name for name in part.names]
            parts.append((way, before, field, part))
        self._parts = parts
        return query.values_list(*names)

    def rows(self, one: int, others: Sequence[int] = ()) -> Iterator[tuple[M, Row]]:
        """Each with what is read besides, as the database has it. What rows in a row lead to alike is one instance."""
        cells: dict[str, Row] = {}
        found: dict[str, Any] = {}
        for row in self._query.rows(one, others):
            for way, before, field, part in self._parts:
                if cells.get(way) != row[part.at]:
                    cells[way] = row[part.at]
                    found[way] = part.read(row[part.at])
                if field and found[before]:
                    field.set_cached_value(found[before], found[way])
            yield found[""], row[: len(self._besides)]
