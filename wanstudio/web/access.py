"""One row, or a page of them, of those that somebody may see."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404


def one(rows: QuerySet[Any], pk: int) -> Any:
    """The row with this id among those this person may see, or 404."""
    row = rows.filter(pk=pk).first()
    if row is None:
        raise Http404(f"no such {rows.model._meta.verbose_name}")
    return row


def number(text: str | None) -> int | None:
    """An id as the address or a form names it, or None for anything that cannot be one."""
    return int(text) if text and text.isdecimal() and len(text) < 19 else None


def page(rows: QuerySet[Any], before: str | None, size: int) -> tuple[list[Any], int | None]:
    """The next `size` rows, newest first, older than the id `before`; and the id to go on from, or None at the end."""
    rows = rows.order_by("-pk")
    if (last := number(before)) is not None:
        rows = rows.filter(pk__lt=last)
    found = list(rows[: size + 1])
    return found[:size], found[size - 1].pk if len(found) > size else None
