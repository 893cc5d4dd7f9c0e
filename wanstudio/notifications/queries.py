"""Notifications of a person, in the teams that they can enter."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Max, QuerySet, Subquery, Value
from django.http import HttpRequest

from wanstudio.accounts.models import User
from wanstudio.accounts.queries import session_rows
from wanstudio.notifications.models import Kind, Notification, Notifications
from wanstudio.teams.access import is_open_to, person
from wanstudio.web.lookups import number
from wanstudio.work.compiled import Compiled, CompiledModels

# Kinds that a browser announces while a tab of the studio is open.
LOUD = (Kind.READY, Kind.FAILED, Kind.MENTIONED)


def own_notifications(request: HttpRequest) -> Notifications:
    return notifications_of(person(request))


def notifications_of(who: User) -> Notifications:
    """Only of the teams that this person can enter: a notification quotes what is said there."""
    return Notification.objects.for_person(who).filter(is_open_to(who, "team__"))


def bell_of(who: User) -> tuple[Subquery, Subquery]:
    """How many are unread, and the id of the newest of them, within another query; both can be NULL for none."""
    unread = notifications_of(who).unread().order_by().values(one=Value(1))
    return Subquery(unread.annotate(n=Count("pk")).values("n")), Subquery(unread.annotate(n=Max("pk")).values("n"))


def look_at_bell(request: HttpRequest) -> tuple[int, int] | None:
    """The same for the person of this session; None if no one is signed in. One query, with the person in it."""
    rows = session_rows(request, _QUERY.rows)
    return (rows[0][1] or 0, rows[0][2] or 0) if rows else None


def _write(pk: int, others: Sequence[int]) -> QuerySet[User, tuple[Any, ...]]:
    count, newest = bell_of(User(pk=pk))
    people = User.objects.filter(pk=pk, is_active=True).annotate(unread=count, newest=newest)
    return people.values_list("password", "unread", "newest")


_QUERY = Compiled(_write)


def bell_context(request: HttpRequest, bell: tuple[int, int], seen: str) -> dict[str, object]:
    """What its template shows, and announces: notifications newer than what the page has `seen` (count-newest)."""
    last = number(seen.partition("-")[2])
    if last is None or bell[1] <= last:
        return {"bell": bell}
    return {"bell": bell, "loud": [loud for loud, _ in _LOUD.rows(person(request).pk, [last])]}


def _write_loud(who: int, last: Sequence[int]) -> QuerySet[Notification]:
    newer = notifications_of(User(pk=who)).unread().filter(pk__gt=last[0], kind__in=LOUD)
    return newer.order_by("-pk")[:3]


# Every open page of a person asks this once for each of their notifications.
_LOUD = CompiledModels(_write_loud)
