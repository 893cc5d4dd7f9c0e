"""Views of people who are signed in, and the rows among those they can see: one of them, or a page of them."""

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import Any, TypeVar

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, IntegerField, Model, QuerySet, Subquery, Transform
from django.db.models.sql.compiler import SQLCompiler
from django.http import Http404, HttpRequest, HttpResponseBase
from django.views.decorators.http import require_http_methods, require_POST, require_safe

Row = TypeVar("Row", bound=Model)
View = TypeVar("View", bound=Callable[..., HttpResponseBase])
# Rows of a file: few before its first line is sent.
FIRST_PAGE, NEXT_PAGES = 100, 1000


class SignedOut(Exception):
    """No one is signed in, as a query says that asks for the person and the row together."""


def page_view(view: View) -> View:
    """For who is signed in: a page, by GET."""
    return login_required(require_safe(view))


def file_view(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """For who is signed in: a file, by GET. The view's own query finds out whether they are, and raises SignedOut."""

    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except SignedOut:
            return redirect_to_login(request.get_full_path())

    return require_safe(answer)


def form_view(view: View) -> View:
    """For who is signed in: what a form posts."""
    return login_required(require_POST(view))


def page_and_form_view(view: View) -> View:
    """For who is signed in: a page, and what its own form posts."""
    return login_required(require_http_methods(["GET", "HEAD", "POST"])(view))


def one(rows: QuerySet[Row], pk: int) -> Row:
    """The row with this id among those this person can see, or 404."""
    row = rows.filter(pk=pk).first()
    if row is None:
        raise Http404(f"no such {rows.model._meta.verbose_name}")
    return row


class CountUpTo(Subquery):
    """How many rows there are, of the first few: `rows` have an end (`rows[:100]`), and so has what it costs."""

    template = "(SELECT count(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


@Field.register_lookup
class Unindexed(Transform):
    """`state__unindexed="done"` says the same as `state="done"`, but SQLite uses no index for it.

    For what is true of nearly all rows: by the statistics of a small studio it would begin with them.
    """

    lookup_name = "unindexed"
    template = "%(expressions)s"

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        return self.as_sql(compiler, connection, template="+%(expressions)s")


def up_to(count: int, most: int) -> str:
    """`17`, and `1,000+` for what was not counted to its end."""
    return f"{most:,}+" if count > most else str(count)


def number(text: str | None) -> int | None:
    """An id as the address or a form names it, or None for anything that cannot be one."""
    return int(text) if text and text.isdecimal() and len(text) < 19 else None


def page(rows: QuerySet[Row], before: str | None, size: int) -> tuple[list[Row], int | None]:
    """The next `size` rows, newest first, older than id `before`; and the id to continue from, None at the end."""
    rows = rows.order_by("-pk")
    if (last := number(before)) is not None:
        rows = rows.filter(pk__lt=last)
    found = list(rows[: size + 1])
    return found[:size], found[size - 1].pk if len(found) > size else None


def in_pages(rows: QuerySet[Row], *fields: str) -> Iterator[Sequence[object]]:
    """The id and these fields of every row, the oldest first, a page at a time: each page is a separate query.

    A cursor that waits for a slow reader would hold a connection, and keep SQLite's log of writes from being emptied.
    """
    after, size = 0, FIRST_PAGE
    while True:
        # The ids alone come first: joined with other rows, a database could begin with those, and sort all of them.
        ids = list(rows.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:size])
        yield from rows.filter(pk__in=ids).order_by("pk").values_list("pk", *fields)
        if len(ids) < size:
            return
        after, size = ids[-1], NEXT_PAGES
