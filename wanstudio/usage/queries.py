"""Sums of the ledger: by person in all, and of one month by person, behaviour and resolution. All are kept sums.

An entry belongs to the month in which its money was reserved, as for the caps. Sandbox rows count in none.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import QuerySet, Sum
from django.http import HttpRequest

from wanstudio.jobs.models import Job
from wanstudio.money.models import COLUMNS, DAY, NOTHING, QUARTER, Balance, KeptSum, ReservedAgain, cents, dollars
from wanstudio.money.queries import NET, QUARTER_S, kept, month_of, next_month, percent, quarters, span, visible_sums
from wanstudio.review.models import Verdict
from wanstudio.teams.models import Team
from wanstudio.usage.words import PLOT_TITLES
from wanstudio.videos.models import Video

MAX_MONTHS = 24
MICROSECONDS = 1_000_000


@dataclass
class Line:
    """One bar: dollars that count, how many jobs they are about, and its length in per cent of the longest."""

    name: str
    total: Decimal = NOTHING
    jobs: int = 0
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


class Part(NamedTuple):
    """Of a time: a person's spending at one behaviour and resolution, in cents. `approved` in microseconds."""

    person: str
    behaviour: str
    resolution: str
    net: int
    settled: int
    jobs: int
    approved: int


def by_person(ever: QuerySet[KeptSum]) -> list[Spending]:
    rows = ever.order_by("person__name", "person_id").values_list("person__name", "person_id")
    sums = rows.annotate(*(Sum(name) for name in COLUMNS), Sum("videos"))
    return [Spending(name, Balance(*map(dollars, sums)), int(videos)) for name, _, *sums, videos in sums]


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


def months_to_choose(team: Team, first: datetime | None) -> list[date]:
    now = month_of(team)
    month, found = month_of(team, first) if first else now, []
    while month <= now:
        found.append(month)
        month = next_month(month)
    return found[::-1][:MAX_MONTHS]


def first_reserved(request: HttpRequest, team: Team) -> datetime | None:
    """The quarter of an hour of the first of this ledger; None before it has one."""

    def earliest(**when: int) -> int | None:
        rows = visible_sums(request, team, KeptSum.objects.filter(**when))
        return rows.order_by("begins").values_list("begins", flat=True).first()

    day = earliest(size=DAY)
    if day is None:
        return None
    first = earliest(size=QUARTER, begins__gte=day, begins__lt=day + DAY)
    return datetime.fromtimestamp((first or day) * QUARTER_S, UTC)


def parts(request: HttpRequest, team: Team, month: date | None) -> list[Part]:
    """The spending of this month, or all of it."""
    borders = span(team, month) if month else None
    keys = ("person__name", "behaviour", "resolution")
    sums = {f"all_{name}": Sum(name) for name in ("settled", "jobs", "approved")}
    rows = visible_sums(request, team, kept(team, borders)).order_by().values_list(*keys).annotate(net=Sum(NET), **sums)
    found = [Part(*row[:3], *map(int, row[3:])) for row in rows]
    return found + _from_before(request, team, borders) if borders else found


def _from_before(request: HttpRequest, team: Team, borders: Sequence[datetime]) -> list[Part]:
    """Jobs reserved again in this time but first in another: the sums of that time have them, these do not yet."""
    start, end = quarters(borders)
    again = visible_sums(request, team, ReservedAgain.objects.filter(begins__gte=start, begins__lt=end))
    rows = again.exclude(first__gte=start, first__lt=end).order_by()
    jobs = set(rows.values_list("person__name", "job__behaviour", "job__resolution", "job_id"))
    videos = Video.objects.filter(job__in={job for *_, job in jobs}, approval=Verdict.Decision.APPROVED)
    approved = list(videos.values_list("job_id", "duration")) if jobs else []
    seconds = Counter[int]()
    for pk, duration in approved:
        seconds[pk] += round(duration * MICROSECONDS)
    return [Part(name, behaviour, resolution, 0, 0, 1, seconds[job]) for name, behaviour, resolution, job in jobs]


def plots(found: Iterable[Part]) -> list[tuple[str, list[Line]]]:
    """A title and its lines each. Every one of them adds up to the same sum."""
    names: list[Callable[[Part], str]] = [
        lambda part: part.person,
        lambda part: str(Job.Behaviour(part.behaviour).label),
        lambda part: part.resolution,
    ]
    return [(title, _lines(found, name)) for title, name in zip(PLOT_TITLES, names, strict=True)]


def _lines(parts: Iterable[Part], name_of: Callable[[Part], str]) -> list[Line]:
    found: dict[str, Line] = {}
    for part in parts:
        name = name_of(part)
        line = found.setdefault(name, Line(name))
        line.jobs += part.jobs
        line.total += dollars(part.net)
    longest = max((line.total for line in found.values()), default=NOTHING)
    for line in found.values():
        line.percent = percent(line.total, longest)
    return sorted(found.values(), key=lambda line: (-line.total, line.name))


def approved_second(found: Iterable[Part]) -> ApprovedSecond | None:
    """Dollars charged for each approved second, all videos included; None before the first approval."""
    seconds = sum(part.approved for part in found) / MICROSECONDS
    charged = dollars(sum(part.settled for part in found))
    return ApprovedSecond(charged, seconds, cents(charged / Decimal(str(seconds)))) if seconds else None
