"""Sums of the ledger, for pages and files: what is spent, reserved and unclear. Sandbox rows count in none of them."""

from collections import defaultdict
from typing import Any

from django.db.models import Count, Sum

from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.money.models import COLUMNS, NOTHING, Entries, cents


def by_person(entries: Entries) -> list[dict[str, Any]]:
    """A row a person with entries: `person__name`, reserved, settled, unknown (dollars), videos."""
    people: Any = entries.order_by().values("person_id", "person__name")
    rows = people.annotate(**{f"sum_{name}": Sum(name, default=NOTHING) for name in COLUMNS}).order_by("person__name")
    videos = _videos(entries)
    return [
        {"person_id": row["person_id"], "person__name": row["person__name"], "videos": videos[row["person_id"]]}
        | {name: cents(row[f"sum_{name}"]) for name in COLUMNS}
        for row in rows
    ]


def total(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The same sums over all of these rows."""
    return {name: sum((row[name] for row in rows), NOTHING) for name in COLUMNS} | {
        "videos": sum((row["videos"] for row in rows), 0)
    }


def _videos(entries: Entries) -> dict[int, int]:
    """How many videos each person has made, of the jobs that these entries are about."""
    made = Job.objects.filter(state=State.DONE, pk__in=entries.order_by().values("job_id"))
    counts = made.order_by().values_list("person_id").annotate(Count("pk"))
    return defaultdict(int, counts)
