"""Activity that a person can read: that of one team. `teams` says which team and which rows."""

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Q, QuerySet, Subquery
from django.http import HttpRequest

from wanstudio.activity.models import OWNERS_ONLY, Activity
from wanstudio.activity.words import GROUPS
from wanstudio.web.lookups import FIRST_PAGE, NEXT_PAGES


@dataclass(frozen=True)
class ReadableActivity:
    """`rows`: in parts, for each of which there is an index in the order of time; no row is in two of them.

    `people`: by whom it can be narrowed. `zone`: where the team's days begin.
    """

    rows: Sequence[QuerySet[Activity]]
    people: Iterable[models.Model]
    zone: ZoneInfo
    sees_owners_only: bool

    @property
    def groups(self) -> dict[str, str]:
        return {act: name for act, name in GROUPS.items() if self.sees_owners_only or act not in OWNERS_ONLY}


# The answer to what a request can read: one, put in by `teams`. It raises Http404 where that is nothing.
readers: list[Callable[[HttpRequest], ReadableActivity]] = []


def in_groups(groups: Iterable[str]) -> Q:
    found = Q()
    for group in groups:
        found |= Q(act=group) | Q(act__startswith=f"{group}.")
    return found


def newest(parts: Iterable[QuerySet[Activity]], before: int | None, size: int) -> tuple[list[Activity], int | None]:
    """The next `size` rows, newest first, after the row `before`; and the id to continue from, or None at the end."""
    found: list[Activity] = []
    for rows in parts:
        if before is not None:
            moment = _moment(before)
            rows = rows.filter(Q(at__lt=moment) | Q(pk__lt=before), at__lte=moment)
        found += rows.order_by("-at", "-pk")[: size + 1]
    found = sorted(found, key=_key, reverse=True)[: size + 1]
    return found[:size], found[size - 1].pk if len(found) > size else None


def oldest_first(parts: Iterable[QuerySet[Activity]]) -> Iterator[Activity]:
    """Every row, as `in_pages` reads them: each page of each part is a separate query."""
    return heapq.merge(*map(_in_pages, parts), key=_key)


def _in_pages(rows: QuerySet[Activity]) -> Iterator[Activity]:
    page, size = list(rows.order_by("at", "pk")[:FIRST_PAGE]), FIRST_PAGE
    while page:
        yield from page
        if len(page) < size:
            return
        last, size = page[-1].pk, NEXT_PAGES
        later = rows.filter(Q(at__gt=_moment(last)) | Q(pk__gt=last), at__gte=_moment(last))
        page = list(later.order_by("at", "pk")[:size])


def _moment(pk: int) -> Subquery:
    # Compared as the database has it: SQLite keeps times as text, and Python would write some of them in another form.
    return Subquery(Activity.objects.filter(pk=pk).order_by().values("at"))


def _key(row: Activity) -> tuple[datetime, int]:
    return row.at, row.pk
