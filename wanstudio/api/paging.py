"""A page of rows, newest first, and the address that goes on from there: steady while new ones arrive."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from wanstudio.teams import access


class Paging(Schema):
    before: int | None = Field(default=None, ge=1, le=2**63 - 1, description="From `next`: only older ones.")
    limit: int = Field(default=50, ge=1, le=100)


def page(
    request: HttpRequest, rows: QuerySet[Any], paging: Paging, shown: Callable[[Any], dict[str, Any]]
) -> dict[str, Any]:
    before = str(paging.before) if paging.before else None
    found, following = access.page(rows, before, paging.limit)
    return {"items": [shown(row) for row in found], "next": _next(request, following) if following else None}


def _next(request: HttpRequest, before: int) -> str:
    query = request.GET.copy()
    query["before"] = str(before)
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
