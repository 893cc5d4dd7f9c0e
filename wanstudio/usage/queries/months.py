"""The spending of one month, or of all time, by person, behaviour and resolution: sums of the ledger's entries.

An entry belongs to the month in which its money was reserved, as for the caps.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.db.models import QuerySet

from wanstudio.jobs.models.job import Job
from wanstudio.money.models import NOTHING, Entries, Entry, cents
from wanstudio.money.queries import month_of, next_month, opened, opened_in, percent, span
from wanstudio.review.models import Verdict
from wanstudio.review.queries import stands, with_approval
from wanstudio.teams.models import Team
from wanstudio.usage.words import PLOT_TITLES
from wanstudio.videos.models import Video

MAX_MONTHS = 24


@dataclass
class Line:
    """One bar: dollars that count, the jobs they are about, and its length in per cent of the longest."""

    name: str
    total: Decimal = NOTHING
    jobs: set[int] = field(default_factory=set)
    percent: Decimal = NOTHING


@dataclass(frozen=True)
class ApprovedSecond:
    """What was charged in a time, the seconds of its videos that are approved, and dollars for each of those."""

    charged: Decimal
    seconds: float
    price: Decimal


class _Row(NamedTuple):
    job_id: int
    person: str
    behaviour: str
    resolution: str
    net: Decimal


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
    return found[::-1][:MAX_MONTHS]


def of_month(team: Team, entries: Entries, month: date | None) -> QuerySet[Entry]:
    return opened(entries) if month is None else opened_in(entries, *span(team, month))


def plots(team: Team, entries: Entries, month: date | None) -> list[tuple[str, list[Line]]]:
    """A title and its lines each. Every one of them adds up to the same sum."""
    fields = ("job_id", "person__name", "job__behaviour", "job__resolution", "net")
    rows = [_Row(*row) for row in of_month(team, entries, month).order_by("pk").values_list(*fields)]
    by_person = _lines(rows, lambda row: row.person)
    by_behaviour = _lines(rows, lambda row: str(Job.Behaviour(row.behaviour).label))
    by_resolution = _lines(rows, lambda row: row.resolution)
    return list(zip(PLOT_TITLES, (by_person, by_behaviour, by_resolution), strict=True))


def _lines(rows: Iterable[_Row], name_of: Callable[[_Row], str]) -> list[Line]:
    found: dict[str, Line] = defaultdict(lambda: Line(""))
    for row in rows:
        line = found[name_of(row)]
        line.name = name_of(row)
        line.jobs.add(row.job_id)
        line.total += cents(row.net)
    longest = max((line.total for line in found.values()), default=NOTHING)
    for line in found.values():
        line.percent = percent(line.total, longest)
    return sorted(found.values(), key=lambda line: (-line.total, line.name))


def approved_second(team: Team, entries: Entries, month: date | None) -> ApprovedSecond | None:
    """What a second that was good enough has cost, all the others included; None before anything is approved."""
    rows = list(of_month(team, entries, month).order_by().values_list("job_id", "settled"))
    videos = with_approval(Video.objects.filter(job__in={job_id for job_id, _ in rows}))
    seconds = sum(videos.filter(stands(Verdict.Decision.APPROVED)).values_list("duration", flat=True))
    charged = sum((cents(settled) for _, settled in rows), NOTHING)
    return ApprovedSecond(charged, seconds, cents(charged / Decimal(str(seconds)))) if seconds else None
