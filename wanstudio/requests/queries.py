"""Spend requests that a person can see, and those that wait for their decision."""

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from django.core import signing
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest

from wanstudio.accounts.models import User
from wanstudio.money.pricing import Quote
from wanstudio.money.queries import Room, Whose, quote_today, rooms, tightest
from wanstudio.requests.models import LASTS, SALT, SpendRequest
from wanstudio.teams.access import may, person, role, teams, teams_to
from wanstudio.teams.models import Team
from wanstudio.teams.roles import Act, Role
from wanstudio.work.compiled import CompiledModels

MAX_WAITING = 20


def visible_requests(request: HttpRequest) -> QuerySet[SpendRequest]:
    """One's own, and everyone's in the teams where this person can grant them."""
    # Teams apart: with their members beside all else that is read, PostgreSQL plans this longer than it runs.
    seen = Q(person=person(request), team__in=teams(request)) | Q(team__in=teams_to(request, Act.GRANT))
    rows = SpendRequest.objects.filter(seen)
    return rows.select_related("team", "person", "character", "motion", "decided_by", "job")


def request_by_token(token: str) -> tuple[SpendRequest, User]:
    """The request and the approver that a mail's link names. 404 for a forged one, and for who can no longer decide."""
    try:
        pk, person_pk = signing.loads(token, salt=SALT, max_age=LASTS)
    except signing.BadSignature:
        raise Http404("no such link") from None
    rows = SpendRequest.objects.select_related("team", "person", "character", "motion", "decided_by").filter(pk=pk)
    asked = rows.first()
    approver = asked.approvers().filter(pk=person_pk).first() if asked else None
    if asked is None or approver is None:
        raise Http404("no such request, or not for this person")
    return asked, approver


class Today(NamedTuple):
    """A request, its price of today, and what that is over `whose` cap (None: it is over none)."""

    asked: SpendRequest
    quote: Quote
    room: Room | None
    over: Decimal | None
    whose: str


def today(asked: SpendRequest, room_of: Callable[[User], Room | None] | None = None) -> Today:
    """`room_of`: what caps leave each person at its provider, if that is known."""
    quote = quote_today(asked.sent_seconds, asked.resolution)
    room = room_of(asked.person) if room_of else tightest(asked.team, asked.person, asked.provider)
    whose = "their" if room and room.whose == Whose.OWN else "the team’s"
    return Today(asked, quote, room, room.over(quote.price) if room else None, whose)


def waiting_requests(request: HttpRequest, team: Team) -> list[Today]:
    rows = _waiting(request, team).select_related("team", "person", "character", "motion")
    waiting = list(rows[:MAX_WAITING])
    rooms_at = {provider: rooms(team, provider) for provider in {asked.provider for asked in waiting}}
    return [today(asked, rooms_at[asked.provider]) for asked in waiting]


def waiting_of_others(request: HttpRequest, team: Team) -> list[SpendRequest]:
    """Of those that this person can decide, those that others ask for, with who asks, not what they cost today."""
    found = _OF_OTHERS.rows(person(request).pk, [team.pk]) if may(request, team, Act.GRANT) else ()
    return [asked for asked, _ in found]


_OF_OTHERS = CompiledModels(
    lambda who, team: SpendRequest.objects.open().filter(team=team[0]).exclude(person=who).order_by("pk")[:MAX_WAITING],
    ways=("person",),
)


def _waiting(request: HttpRequest, team: Team) -> QuerySet[SpendRequest]:
    if not may(request, team, Act.GRANT):
        return SpendRequest.objects.none()
    rows = SpendRequest.objects.open().filter(team=team).order_by("pk")
    return rows if role(request, team) == Role.OWNER else rows.exclude(person=person(request))
