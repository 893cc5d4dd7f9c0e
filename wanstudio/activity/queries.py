"""Activity that a person may read: that of one team. `teams` says which team and which rows."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Q, QuerySet
from django.http import HttpRequest

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


# The answer to what a request may read: one, put in by `teams`. It raises Http404 where that is nothing.
readers: list[Callable[[HttpRequest], ReadableActivity]] = []


def in_groups(groups: Iterable[str]) -> Q:
    found = Q()
    for group in groups:
        found |= Q(act=group) | Q(act__startswith=f"{group}.")
    return found
