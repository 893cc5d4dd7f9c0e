"""Sums of the ledger: by person in all, and of one month by person, behaviour and resolution.

An entry belongs to the month in which its money was reserved, as for the caps. Sandbox rows count in none.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.models import Count, QuerySet, Sum

from wanstudio.jobs.models import Job, State
from wanstudio.money.models import COLUMNS, NOTHING, Balance, Entries, Entry, cents
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


@dataclass(frozen=True)
class Spending:
    """Dollars in the three columns, and how many videos were made. `name`: the person's, empty for a total."""

    name: str
    balance: Balance
    videos: int


def by_person(entries: Entries) -> list[Spending]:
    people = entries.order_by().values_list("person_id", "person__name")
    rows = people.annotate(*(Sum(name, default=NOTHING) for name in COLUMNS)).order_by("person__name")
    made = Job.objects.filter(state=State.DONE, pk__in=entries.order_by().values("job_id"))
    videos = dict(made.order_by().values_list("person_id").annotate(Count("pk")))
    return [Spending(name, Balance(*map(cents, sums)), videos.get(pk, 0)) for pk, name, *sums in rows]


def total(rows: Sequence[Spending]) -> Spending:
    sums = (sum((getattr(row.balance, name) for row in rows), NOTHING) for name in COLUMNS)
    return Spending("", Balance(*sums), sum(row.videos for row in rows))


def chosen_month(team: Team, text: str) -> date | None:
    """The month in the address (`2026-11`), None for `all`; this one for anything else."""
    if text == "all":
        return None
    if re.fullmatch(r"20[0-9]{2}-(0[1-9]|1[0-2])", text):
        return date(int(text[:4]), int(text[5:]), 1)
    return month_of(team)


def months_to_choose(team: Team, entries: Entries) -> list[date]:
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
    fields = ("job_id", "net", "person__name", "job__behaviour", "job__resolution")
    rows = list(of_month(team, entries, month).order_by("pk").values_list(*fields))
    by_person = _lines((person, job, net) for job, net, person, _, _ in rows)
    by_behaviour = _lines((str(Job.Behaviour(behaviour).label), job, net) for job, net, _, behaviour, _ in rows)
    by_resolution = _lines((resolution, job, net) for job, net, _, _, resolution in rows)
    return list(zip(PLOT_TITLES, (by_person, by_behaviour, by_resolution), strict=True))


def _lines(rows: Iterable[tuple[str, int, Decimal]]) -> list[Line]:
    found: dict[str, Line] = {}
    for name, job_id, net in rows:
        line = found.setdefault(name, Line(name))
        line.jobs.add(job_id)
        line.total += cents(net)
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
