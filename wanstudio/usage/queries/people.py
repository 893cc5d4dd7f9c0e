"""Sums of the ledger by person: what is spent, reserved and unclear. Sandbox rows count in none of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Sum

from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.money.models import COLUMNS, NOTHING, Balance, Entries, cents


@dataclass(frozen=True)
class Spending:
    """Dollars in the three columns, and how many videos were made. `name`: the person's, empty for a total."""

    name: str
    balance: Balance
    videos: int


def by_person(entries: Entries) -> list[Spending]:
    """A row a person with entries."""
    people = entries.order_by().values_list("person_id", "person__name")
    rows = people.annotate(*(Sum(name, default=NOTHING) for name in COLUMNS)).order_by("person__name")
    made = Job.objects.filter(state=State.DONE, pk__in=entries.order_by().values("job_id"))
    videos = dict(made.order_by().values_list("person_id").annotate(Count("pk")))
    return [Spending(name, Balance(*map(cents, sums)), videos.get(pk, 0)) for pk, name, *sums in rows]


def total(rows: Sequence[Spending]) -> Spending:
    """The same sums over all of these rows."""
    sums = (sum((getattr(row.balance, name) for row in rows), NOTHING) for name in COLUMNS)
    return Spending("", Balance(*sums), sum(row.videos for row in rows))
