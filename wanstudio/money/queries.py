"""Sums of the ledger: what a team, or a person in it, has spent of a month, what caps leave; and today's quote.

What is settled, reserved or unknown counts, in the month in which it was reserved: a video that is reserved on the
31st and settled on the 1st is last month's. Months are the team's, in its time zone. Each provider counts for itself,
so that the sandbox has the same caps in test money and never uses up a dollar of the real ones.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, Q, QuerySet, Sum
from django.http import HttpRequest
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.keys import in_force
from wanstudio.money.models import BILLED, DAY, EVER, NOTHING, QUARTER, BalanceReading, Entries, Entry, KeptSum, dollars
from wanstudio.money.pricing import Quote, quote
from wanstudio.provider.base import prices_on
from wanstudio.teams.access import may, person, teams
from wanstudio.teams.models import Membership, Team
from wanstudio.teams.roles import Act
from wanstudio.web.lookups import Row

RESOLUTIONS = in_force.model().resolution_names
NET = F("reserved") + F("settled") + F("unknown")
QUARTER_S = 900
TEST_MONEY = Q(provider=in_force.SANDBOX)
WARN_FROM = 90
# The part of this video in the bar is seen even where its share is tiny: per cent.
MIN_SHOWN = Decimal("1.5")


class Whose(models.TextChoices):
    """The owner of a cap: the team, or the person who is asked about."""

    TEAM = "team", "the team’s"
    OWN = "own", "your"


@dataclass(frozen=True)
class Room:
    """What one cap leaves this month, in dollars."""

    cap: Decimal
    spent: Decimal
    whose: Whose

    @property
    def left(self) -> Decimal:
        return max(self.cap - self.spent, NOTHING)

    def over(self, price: Decimal) -> Decimal:
        return max(self.spent + price - self.cap, NOTHING)


@dataclass(frozen=True)
class CapRow:
    """The spending and reservations of a person, or of the team (None), this month, and the cap if there is one."""

    person: User | None
    spent: Decimal
    cap: Decimal | None

    @property
    def percent(self) -> Decimal:
        if self.cap is None:
            return Decimal(0)
        return min(percent(self.spent, self.cap), Decimal(100)) if self.cap else Decimal(100)

    @property
    def warns(self) -> bool:
        return self.cap is not None and self.percent >= WARN_FROM

    @property
    def left(self) -> Decimal:
        return max((self.cap or NOTHING) - self.spent, Decimal(0))


def quote_today(duration: float, resolution: str) -> Quote:
    """What a motion of `duration` seconds costs by today's price table: the preview and the charge both ask here."""
    prices = prices_on(settings.PRICES, timezone.now().date())
    return quote(duration, resolution, prices, in_force.model().billing)


def percent(part: Decimal, whole: Decimal) -> Decimal:
    """In tenths, never rounded up."""
    return (100 * part / whole).quantize(Decimal("0.1"), ROUND_FLOOR) if whole else Decimal(0)


def visible_entries(request: HttpRequest, team: Team) -> Entries:
    """The ledger of this team: everyone's for those who can see it, else one's own. Without the sandbox's."""
    # Asked in the same query, and not joined: joined, a database could begin with the team and sort all of its entries.
    rows = Entry.objects.filter(Exists(teams(request).filter(pk=team.pk)), team=team).billed()
    return rows if may(request, team, Act.SPENDING) else rows.filter(person=person(request))


def visible_sums(request: HttpRequest, team: Team, rows: QuerySet[Row], which: Q = BILLED) -> QuerySet[Row]:
    """The team's sums of the same entries as `rows`. `which`: TEST_MONEY for the sandbox's, in no other sum."""
    rows = rows.filter(which, team=team)
    return rows if may(request, team, Act.SPENDING) else rows.filter(person=person(request))


def month_of(team: Team, moment: datetime | None = None) -> date:
    return (moment or timezone.now()).astimezone(team.zone).date().replace(day=1)


def next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def span(team: Team, month: date) -> tuple[datetime, datetime]:
    """When this month begins and ends for the team, in UTC. It can be an hour longer or shorter than its days."""
    first, last = (datetime(each.year, each.month, 1, tzinfo=team.zone) for each in (month, next_month(month)))
    return first.astimezone(UTC), last.astimezone(UTC)


def kept(team: Team, borders: Sequence[datetime] | None) -> QuerySet[KeptSum]:
    """The kept sums of what was reserved from the first of these moments to the last, or ever (None).

    A row is of a day, or of a quarter of an hour in a day that one of the moments cuts: no row is on both sides of any.
    """
    if borders is None:
        return KeptSum.objects.filter(team=team, size=EVER)
    numbers = quarters(borders)
    at, end, parts = numbers[0], numbers[-1], []
    for day in sorted({number // DAY * DAY for number in numbers if number % DAY}):
        parts += [(DAY, at, day), (QUARTER, max(day, at), min(day + DAY, end))]
        at = day + DAY
    found = Q(pk__in=())
    # Each term names team, size and bounds, so that any database finds its rows by the one index.
    for size, begins, ends in [*parts, (DAY, at, end)]:
        if begins < ends:
            found |= Q(team=team, size=size, begins__gte=begins, begins__lt=ends)
    return KeptSum.objects.filter(found)


def quarters(moments: Iterable[datetime]) -> list[int]:
    """Numbers of the quarters of an hour that begin at these moments, as kept sums count them."""
    return [int(moment.timestamp()) // QUARTER_S for moment in moments]


def total(sums: QuerySet[KeptSum]) -> Decimal:
    return dollars(sums.aggregate(total=Sum(NET))["total"])


def spent(team: Team, provider: str, month: date | None = None, by: User | None = None) -> Decimal:
    """Dollars settled, reserved or unknown of this month (now, if none is given), by everyone or this person."""
    sums = kept(team, span(team, month or month_of(team))).filter(provider=provider)
    return total(sums if by is None else sums.filter(person=by))


def tightest(team: Team, member: User, provider: str) -> Room | None:
    """What the cap leaves that leaves this person least, their own before the team's; None without caps."""
    own = Membership.objects.filter(team=team, user=member).values_list("monthly_cap", flat=True).first()
    found = [] if own is None else [Room(own, spent(team, provider, by=member), Whose.OWN)]
    if team.monthly_cap is not None:
        found.append(Room(team.monthly_cap, spent(team, provider), Whose.TEAM))
    return min(found, key=lambda room: room.left, default=None)


def rooms(team: Team, provider: str) -> Callable[[User], Room | None]:
    """`tightest` for each person of this team, all from two queries."""
    caps = dict(Membership.objects.filter(team=team, monthly_cap__isnull=False).values_list("user_id", "monthly_cap"))
    sums = spent_by_person(team, provider) if caps or team.monthly_cap is not None else {}

    def tightest_of(member: User) -> Room | None:
        own, all_of_it = caps.get(member.pk), sum(sums.values(), NOTHING)
        found = [] if own is None else [Room(own, sums.get(member.pk, NOTHING), Whose.OWN)]
        if team.monthly_cap is not None:
            found.append(Room(team.monthly_cap, all_of_it, Whose.TEAM))
        return min(found, key=lambda room: room.left, default=None)

    return tightest_of


def month_context(team: Team, person: User, quote: Quote | None, *, note: str = "") -> dict[str, object]:
    """`room`: the cap that leaves this person least, or None; `over`: dollars of the quote beyond it."""
    room, price = tightest(team, person, in_force.provider_in_use()), quote.price if quote else Decimal(0)
    bar = month_bar(room, price) if room else None
    return {"room": room, "over": room.over(price) if room and quote else NOTHING, "month_bar": bar, "note": note[:300]}


def month_bar(room: Room, price: Decimal) -> dict[str, Decimal]:
    """Per cent of the bar: `spent`, `this` job, and what is `beyond` the cap; together 100 at most."""
    whole = max(room.cap, room.spent + price) or Decimal(1)
    fits, beyond = min(price, room.left), percent(room.over(price), whole)
    this = max(percent(fits, whole), MIN_SHOWN) if fits else Decimal(0)
    spent = min(percent(min(room.spent, room.cap), whole), 100 - this - beyond)
    bar = {"spent": max(spent, Decimal(0)), "this": this, "this_at": spent}
    return bar | {"beyond": beyond, "beyond_at": 100 - beyond}


def cap_rows(team: Team, memberships: list[Membership]) -> dict[int, CapRow]:
    sums = spent_by_person(team, in_force.provider_in_use())
    return {one.user_id: CapRow(one.user, sums.get(one.user_id, NOTHING), one.monthly_cap) for one in memberships}


def spent_by_person(team: Team, provider: str) -> dict[int, Decimal]:
    """Dollars settled, reserved or unknown of this month, by the ids of all who have spent."""
    sums = kept(team, span(team, month_of(team))).filter(provider=provider).order_by().values_list("person_id")
    return {person: dollars(net) for person, net in sums.annotate(net=Sum(NET))}


def readings_around(attempt_id: int) -> tuple[BalanceReading, BalanceReading] | None:
    """The balance before this attempt's POST and the first one read after it, if both are known."""
    moment = BalanceReading.Moment
    before = BalanceReading.objects.filter(moment=moment.SENT, attempt=attempt_id, balance__isnull=False).first()
    if before is None:
        return None
    later = BalanceReading.objects.filter(provider=before.provider, pk__gt=before.pk)
    after = later.filter(moment__in=(moment.READ, moment.KEY)).first()
    return (before, after) if after and after.moment == moment.READ else None
