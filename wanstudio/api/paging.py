"""Pages of rows, newest first, and the address that goes on from there: steady while new ones arrive."""

from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from wanstudio.web import lookups

Row = TypeVar("Row", bound=Model)


class Paging(Schema):
    before: int | None = Field(default=None, ge=1, le=2**63 - 1, description="From `next`: only older ones.")
    limit: int = Field(default=50, ge=1, le=100)


def page(request: HttpRequest, rows: QuerySet[Row], paging: Paging) -> tuple[list[Row], str | None]:
    """The rows, and the address of the next page."""
    found, following = lookups.page(rows, str(paging.before) if paging.before else None, paging.limit)
    if not following:
        return found, None
    query = request.GET.copy()
    query["before"] = str(following)
    return found, request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
