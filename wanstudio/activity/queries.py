"""Activity as a person may read it: that of one team. Which team and which rows, is answered by `teams`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest

from wanstudio.activity.models import OWNERS_ONLY, Activity
from wanstudio.activity.words import GROUPS


@dataclass(frozen=True)
class ReadableActivity:
    """`people`: by whom it can be narrowed. `zone`: where the team's days begin."""

    rows: QuerySet[Activity]
    people: Iterable[models.Model]
    zone: ZoneInfo
    sees_owners_only: bool

    @property
    def groups(self) -> dict[str, str]:
        return {act: name for act, name in GROUPS.items() if self.sees_owners_only or act not in OWNERS_ONLY}


Reader = Callable[[HttpRequest], ReadableActivity]


def _nothing(request: HttpRequest) -> ReadableActivity:
    raise Http404("no reader is registered")


_reader: Reader = _nothing


def register_reader(reader: Reader) -> None:
    """The answer to what a request may read; it raises Http404 where that is nothing."""
    global _reader
    _reader = reader


def readable_activity(request: HttpRequest) -> ReadableActivity:
    return _reader(request)


def in_groups(groups: Iterable[str]) -> Q:
    found = Q()
    for group in groups:
        found |= Q(act=group) | Q(act__startswith=f"{group}.")
    return found
