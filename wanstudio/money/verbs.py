"""Verbs of the money: entries of the ledger, the lock on a budget, and readings of the provider's balance."""

from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Protocol

from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import Now

from wanstudio.accounts.models import User
from wanstudio.activity.verbs import record
from wanstudio.keys.models import ProviderKey
from wanstudio.money.models import COLUMNS, EVER, BalanceReading, Entry, KeptSum, Money, dollars
from wanstudio.money.queries import Room, tightest
from wanstudio.teams.models import Membership, Team
from wanstudio.work.prepared import Prepared

Moment = BalanceReading.Moment


class Priced(Protocol):
    """A job, as far as its money goes: `price` in dollars."""

    pk: int
    team_id: int
    person_id: int
    provider: str
    price: Decimal


def write(
    job: Priced, after: Money | str, *, before: Money | str | None, attempt_id: int | None = None, why: str = ""
) -> None:
    """One entry: the job's price leaves the column of `before` (None: it was in none) and enters that of `after`.

    Only the verbs that move a job or an attempt call this, within their transaction: a crash leaves both or neither.
    """
    change = {name: job.price * ((name == after) - (name == before)) for name in COLUMNS}
    Entry.objects.create(
        team_id=job.team_id,
        person_id=job.person_id,
        job_id=job.pk,
        attempt_id=attempt_id,
        provider=job.provider,
        kind=after,
        amount=job.price,
        why=why[:300],
        origin=_origin(job.pk, before, attempt_id) if before in COLUMNS else None,
        **change,
    )


def _origin(job_id: int, column: Money | str, attempt_id: int | None) -> Entry | None:
    """The reservation that the price in this column came from; None for older entries, which do not say.

    A job has one price reserved or settled at a time, but one unknown for each of its attempts.
    """
    into = Entry.objects.filter(job=job_id, **{f"{column}__gt": 0}).select_related("origin")
    if column == Money.UNKNOWN:
        into = into.filter(attempt=attempt_id)
    came = into.order_by("pk").last()
    return came if came is None or came.reserved + came.settled + came.unknown > 0 else came.origin


class OverCap(Exception):
    """This price does not fit under a monthly cap. Nothing was written."""

    def __init__(self, room: Room, price: Decimal) -> None:
        super().__init__(f"${price} is more than the ${room.left} left of ${room.cap}")
        self.room, self.price = room, price


def lock_budget(team_id: int) -> Team:
    """The team as it is now, its budget ours until the transaction ends: reservations of a team come one by one.

    Other rows can continue pointing to it meanwhile. SQLite has one writer at a time anyway.
    """
    return _BUDGET.all(team_id)[0]


_BUDGET = Prepared(lambda pk: Team.objects.select_for_update(no_key=True).filter(pk=pk))


def require_room(team: Team, person: User, provider: str, price: Decimal) -> None:
    """`OverCap` if this price does not fit. Only true while the budget is locked."""
    room = tightest(team, person, provider)
    if room and room.over(price):
        raise OverCap(room, price)


def set_caps(team: Team, time_zone: str, caps: Iterable[tuple[Team | Membership, Decimal | None]], by: User) -> None:
    """Where months begin, and these caps (None: no cap), with an activity for each change: all of it, or nothing."""
    with transaction.atomic():
        if time_zone != team.time_zone:
            Team.objects.filter(pk=team.pk).update(time_zone=time_zone)
            record("cap.set", team=team, person=by, about=f"months begin in {time_zone}", on=team)
        for owner, cap in caps:
            type(owner)._default_manager.filter(pk=owner.pk).update(monthly_cap=cap)
            name = "the team" if isinstance(owner, Team) else str(owner.user)
            amount = "no cap" if cap is None else f"${cap:.2f} a month"
            record("cap.set", team=team, person=by, about=f"{name}, {amount}", on=team)


def note_reading(provider: str, balance: Decimal, *, handed_over: Collection[str], key_changed: bool) -> None:
    """Append a balance, unless nothing has changed since the last one: neither it nor what we have in hand.

    `handed_over`: the states of a job whose reserved price the provider might have charged already. `key_changed`: from
    here on it is another key's balance, and nothing before it can be compared. A crash leaves nothing, or both rows.
    """
    if key_changed:
        BalanceReading.objects.create(provider=provider, moment=Moment.KEY)
    ever = KeptSum.objects.filter(provider=provider, size=EVER).aggregate(
        settled=Sum("settled"), unknown=Sum("unknown")
    )
    in_hand = Entry.objects.filter(job__provider=provider, job__state__in=handed_over).balance().reserved
    settled, pending = dollars(ever["settled"]), in_hand + dollars(ever["unknown"])
    balance = balance.quantize(Decimal("0.0001"))
    read = {"moment": Moment.READ, "balance": balance, "settled": settled, "pending": pending}
    last = BalanceReading.objects.filter(provider=provider, moment__in=(Moment.READ, Moment.KEY)).last()
    if last is None or any(getattr(last, name) != value for name, value in read.items()):
        BalanceReading.objects.create(provider=provider, read_at=Now(), **read)


def note_before(moment: BalanceReading.Moment, job: Priced, attempt_id: int | None) -> None:
    """Append the balance as last read before this POST, or this end of a task, to compare with the next one."""
    key = ProviderKey.peek(job.provider)
    read = {"balance": key.balance, "read_at": key.balance_at}
    BalanceReading.objects.create(provider=job.provider, moment=moment, job_id=job.pk, attempt_id=attempt_id, **read)
