"""Budgets: what a team, or a person in it, may spend in a month of the team's own time zone.

What is settled, reserved or unknown counts, in the month in which it was reserved: a video that is reserved on the
31st and settled on the 1st is last month's. Each provider counts for itself, so that the sandbox has the same caps in
pretend money and never uses up a dollar of the real ones.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Case, F, OuterRef, Subquery, Sum, When
from django.utils import timezone

from wanstudio.accounts.models import User
from wanstudio.money.models import NOTHING, Entries, Entry, cents
from wanstudio.teams.models import Membership, Team

NET = F("reserved") + F("settled") + F("unknown")


class OverCap(Exception):
    """This price does not fit under a monthly cap. Nothing was written."""

    def __init__(self, room: "Room", price: Decimal) -> None:
        super().__init__(f"${price} is more than the ${room.left} left of {room.whose} ${room.cap}")
        self.room, self.price = room, price


class Room(NamedTuple):
    """What one cap leaves this month, in dollars. `whose` is "the team’s" or "your"."""

    cap: Decimal
    spent: Decimal
    whose: str

    @property
    def left(self) -> Decimal:
        return max(self.cap - self.spent, NOTHING)

    def over(self, price: Decimal) -> Decimal:
        """How much of this price goes beyond the cap."""
        return max(self.spent + price - self.cap, NOTHING)


def month_of(team: Team, moment: datetime | None = None) -> date:
    """The first day of the month that this moment lies in for the team; now, if none is given."""
    return (moment or timezone.now()).astimezone(team.zone).date().replace(day=1)


def next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def span(team: Team, month: date) -> tuple[datetime, datetime]:
    """When this month begins and ends for the team, in UTC. It may have an hour more or less than its days."""
    first, last = (datetime(each.year, each.month, 1, tzinfo=team.zone) for each in (month, next_month(month)))
    return first.astimezone(UTC), last.astimezone(UTC)


def opened(entries: Entries) -> Any:
    """The entries with `opened`: when the money that each one moves was reserved.

    Each entry names that one (`origin`). For those from before this was noted: an entry that adds money opens it, one
    that moves or frees what is unknown is about the first reservation of its job, any other about the last before it.
    """
    before = Entry.objects.filter(job=OuterRef("job"), pk__lte=OuterRef("pk")).annotate(net=NET).filter(net__gt=0)
    return entries.annotate(net=NET).annotate(
        opened=Case(
            When(origin__isnull=False, then=F("origin__at")),
            When(net__gt=0, then=F("at")),
            When(unknown__lt=0, then=Subquery(before.order_by("pk").values("at")[:1])),
            default=Subquery(before.order_by("-pk").values("at")[:1]),
        )
    )


def opened_in(entries: Entries, start: datetime, end: datetime) -> Any:
    """Those of them whose money was reserved between these moments. None of them is older than that."""
    return opened(entries.filter(at__gte=start)).filter(opened__gte=start, opened__lt=end)


def spent(team: Team, provider: str, month: date | None = None, person: User | None = None) -> Decimal:
    """Dollars settled, reserved or unknown of this month (now, if none is given), by everybody or this person."""
    entries = Entry.objects.filter(team=team, provider=provider)
    if person is not None:
        entries = entries.filter(person=person)
    found = opened_in(entries, *span(team, month or month_of(team)))
    return cents(found.aggregate(total=Sum("net"))["total"])


def spent_by_person(team: Team, provider: str, month: date) -> dict[int, Decimal]:
    """The same by the id of each person with entries."""
    found = opened_in(Entry.objects.filter(team=team, provider=provider), *span(team, month)).order_by()
    sums = found.values_list("person_id").annotate(total=Sum("net"))
    return {person: cents(total) for person, total in sums}


def rooms(team: Team, person: User, provider: str) -> list[Room]:
    """What the caps leave for this person: their own first. Empty without caps."""
    found = []
    own = Membership.objects.filter(team=team, user=person).values_list("monthly_cap", flat=True).first()
    if own is not None:
        found.append(Room(own, spent(team, provider, person=person), "your"))
    if team.monthly_cap is not None:
        found.append(Room(team.monthly_cap, spent(team, provider), "the team’s"))
    return found


def tightest(found: list[Room]) -> Room | None:
    """The one that leaves least; None without caps."""
    return min(found, key=lambda room: room.left, default=None)


def hold(team_id: int) -> Team:
    """The team as it is now, its budget ours until the transaction ends: reservations of a team come one by one.

    Other rows may go on pointing to it meanwhile. SQLite has one writer at a time anyway.
    """
    return Team.objects.select_for_update(no_key=True).get(pk=team_id)


def check(team: Team, person: User, provider: str, price: Decimal) -> None:
    """`OverCap` if this price does not fit. Only true while the team is held."""
    room = tightest(rooms(team, person, provider))
    if room and room.over(price):
        raise OverCap(room, price)
