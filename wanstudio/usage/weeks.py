"""The spending of the weeks, by person: a stacked plot rendered by the server, and the table behind it.

An entry belongs to the week in which its money was reserved, as for the months.
"""

from bisect import bisect
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import NamedTuple

from django.db.models import Sum
from django.http import HttpRequest
from django.utils import timezone

from wanstudio.money.models import NOTHING, dollars
from wanstudio.money.queries import NET, kept, next_month, quarters, visible_sums
from wanstudio.teams.models import Team
from wanstudio.usage.words import OTHERS, THIS_WEEK

WEEKS = 12
MAX_WEEKS = 52
# The number of colours in the plot: with more people the last one is for all others.
MAX_SERIES = 4
# Pixels. Between two parts of a bar the ground shows.
HEIGHT, GAP, MIN_HEIGHT = 160.0, 1.5, 2.0
BAR = 0.55
LABELS = 4
# A kept sum: a person's id and name, the number of the quarter of an hour in which it begins, and cents.
_Row = tuple[int, str, int, int]


class Part(NamedTuple):
    """A person's piece of a bar: `number` of its colour from 1, pixels from the top, and how high."""

    number: int
    y: float
    height: float


class Week(NamedTuple):
    """`amounts` in dollars, one for each of the plot's people. `x` and `width` in per cent of the plot's width."""

    begins: date
    amounts: list[Decimal]
    x: float
    width: float
    parts: list[Part]
    label: str

    @property
    def total(self) -> Decimal:
        return sum(self.amounts, NOTHING)

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


class Plot(NamedTuple):
    """`ticks`: pixels from the top, and a label."""

    people: list[str]
    weeks: list[Week]
    ticks: list[tuple[float, str]]

    @property
    def top(self) -> Week:
        return max(self.weeks, key=lambda week: week.total)

    @property
    def total(self) -> Decimal:
        return sum((week.total for week in self.weeks), NOTHING)


def weeks_of(request: HttpRequest, team: Team, first: datetime | None, month: date | None) -> Plot | None:
    """The twelve weeks up to the end of this month; None: since the first entry. None if nothing was spent in them."""
    today = timezone.now().astimezone(team.zone).date()
    last = _monday(min(today, next_month(month) - timedelta(days=1)) if month else today)
    count = _how_many(team, first, last, month)
    mondays = [last - timedelta(weeks=back) for back in reversed(range(-1, count))]
    borders = [datetime.combine(day, time(), team.zone).astimezone(UTC) for day in mondays]
    rows = visible_sums(request, team, kept(team, borders)).order_by("person_id", "begins")
    sums: list[_Row] = list(rows.values_list("person_id", "person__name", "begins").annotate(net=Sum(NET)))
    names, series = _series(sums)
    found: dict[date, list[Decimal]] = defaultdict(lambda: [NOTHING] * len(names))
    numbers = quarters(borders)
    for person, _, begins, net in sums:
        found[mondays[bisect(numbers, begins) - 1]][series[person]] += dollars(net)
    highest = max((sum(amounts, NOTHING) for amounts in found.values()), default=NOTHING)
    if not highest:
        return None
    weeks = [_week(mondays[:-1], index, found[monday], highest, today) for index, monday in enumerate(mondays[:-1])]
    return Plot(names, weeks, _ticks(highest))


def _how_many(team: Team, first: datetime | None, last: date, month: date | None) -> int:
    if month or not first:
        return WEEKS
    since = (last - _monday(first.astimezone(team.zone).date())).days // 7 + 1
    return min(max(since, WEEKS), MAX_WEEKS)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _series(rows: list[_Row]) -> tuple[list[str], dict[int, int]]:
    """Names in order of first spending, and the number of each person's id among them."""
    spent: Counter[int] = Counter()
    for person, _, _, net in rows:
        spent[person] += int(net)
    people = {person: name for person, name, _, _ in rows}
    kept = sorted(people)
    if len(people) > MAX_SERIES:
        kept = sorted(person for person, _ in spent.most_common(MAX_SERIES - 1))
    places = {person: kept.index(person) if person in kept else len(kept) for person in people}
    return [people[person] for person in kept] + [OTHERS] * (len(kept) < len(people)), places


def _week(mondays: list[date], index: int, amounts: list[Decimal], highest: Decimal, today: date) -> Week:
    slot = 100 / len(mondays)
    begins, width = mondays[index], slot * BAR
    parts = []
    for number, (amount, below) in enumerate(zip(amounts, accumulate(amounts, initial=NOTHING), strict=False), 1):
        if amount > 0:
            bottom, height = HEIGHT * float(1 - below / highest), HEIGHT * float(amount / highest)
            parts.append(Part(number, round(bottom - height, 1), round(max(height - GAP, MIN_HEIGHT), 1)))
    # Counted from the newest, so that “now” has its label however many there are.
    step = -(-len(mondays) // LABELS)
    named = (len(mondays) - 1 - index) % step == 0
    label = (THIS_WEEK if begins == _monday(today) else f"{begins:%-d %b}") if named else ""
    return Week(begins, amounts, round(index * slot + (slot - width) / 2, 2), round(width, 2), parts, label)


def _ticks(highest: Decimal) -> list[tuple[float, str]]:
    """0, and at most four round sums up to `highest`."""
    step = next(
        step
        for power in range(-2, 7)
        for factor in (1, 2, 5)
        if (step := Decimal(factor).scaleb(power)) * LABELS >= highest
    )
    sums = [step * number for number in range(int(highest / step) + 1)]
    labels = [f"${each:,.0f}" if each == each.to_integral_value() else f"${each:.2f}" for each in sums]
    return [(round(HEIGHT * float(1 - each / highest), 1), label) for each, label in zip(sums, labels, strict=True)]
