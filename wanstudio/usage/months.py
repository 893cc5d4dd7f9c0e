"""The spending of one month, or of all time, by person, behaviour and resolution: sums of the ledger's entries.

An entry belongs to the month in which its money was reserved, as for the caps.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from wanstudio.jobs.models.job import Job
from wanstudio.money.budgets import month_of, next_month, opened, opened_in, span
from wanstudio.money.models import COLUMNS, NOTHING, Entries, cents
from wanstudio.money.month_card import percent
from wanstudio.review.models import Verdict
from wanstudio.review.queries import newest_decision, stands
from wanstudio.teams.models import Team
from wanstudio.videos.models import Video

MOST_MONTHS = 24
FIELDS = ("job_id", "person__name", "job__behaviour", "job__resolution", "opened", *COLUMNS)


@dataclass
class Line:
    """One bar: its sums in dollars, how many jobs, and its length in per cent of the longest."""

    name: str
    reserved: Decimal = NOTHING
    settled: Decimal = NOTHING
    unknown: Decimal = NOTHING
    jobs: set[int] = field(default_factory=set)
    percent: Decimal = NOTHING

    @property
    def total(self) -> Decimal:
        return self.reserved + self.settled + self.unknown


def chosen_month(team: Team, text: str) -> date | None:
    """The month in the address (`2026-11`), None for `all`; this one for anything else."""
    if text == "all":
        return None
    if re.fullmatch(r"20[0-9]{2}-(0[1-9]|1[0-2])", text):
        return date(int(text[:4]), int(text[5:]), 1)
    return month_of(team)


def months_to_choose(team: Team, entries: Entries) -> list[date]:
    """Newest first, from the first entry on."""
    first = entries.order_by("at").values_list("at", flat=True).first()
    now = month_of(team)
    month, found = month_of(team, first) if first else now, []
    while month <= now:
        found.append(month)
        month = next_month(month)
    return found[::-1][:MOST_MONTHS]


def plots(team: Team, entries: Entries, month: date | None) -> list[tuple[str, list[Line]]]:
    """A title and its lines each. Every one of them adds up to the same sum."""
    rows = list(of_month(team, entries, month).order_by("pk").values(*FIELDS))
    behaviours: dict[str, str] = {value: str(label) for value, label in Job.Behaviour.choices}
    return [
        ("By person", _lines(rows, lambda row: str(row["person__name"]))),
        ("By behaviour", _lines(rows, lambda row: behaviours[row["job__behaviour"]])),
        ("By resolution", _lines(rows, lambda row: str(row["job__resolution"]))),
    ]


class ApprovedSecond(NamedTuple):
    """What was charged in a time, the seconds of its videos that are approved, and dollars for each of those."""

    charged: Decimal
    seconds: float
    price: Decimal


def approved_second(team: Team, entries: Entries, month: date | None) -> ApprovedSecond | None:
    """What a second that was good enough has cost, all the others included; None before anything is approved."""
    rows = list(of_month(team, entries, month).order_by().values("job_id", "settled"))
    videos = Video.objects.filter(job__in={row["job_id"] for row in rows}).annotate(approval=newest_decision())
    seconds = sum(videos.filter(stands(Verdict.Decision.APPROVED)).values_list("duration", flat=True))
    charged = sum((cents(row["settled"]) for row in rows), NOTHING)
    if not seconds:
        return None
    return ApprovedSecond(charged, seconds, cents(charged / Decimal(str(seconds))))


def of_month(team: Team, entries: Entries, month: date | None) -> Any:
    return opened(entries) if month is None else opened_in(entries, *span(team, month))


def _lines(rows: Iterable[dict[str, Any]], name_of: Callable[[dict[str, Any]], str]) -> list[Line]:
    found: dict[str, Line] = defaultdict(lambda: Line(""))
    for row in rows:
        line = found[name_of(row)]
        line.name = name_of(row)
        line.jobs.add(row["job_id"])
        for column in COLUMNS:
            setattr(line, column, getattr(line, column) + cents(row[column]))
    longest = max((line.total for line in found.values()), default=NOTHING)
    for line in found.values():
        line.percent = percent(line.total, longest)
    return sorted(found.values(), key=lambda line: (-line.total, line.name))
