"""Template context of every page; each value is read only if the template asks for it."""

from collections.abc import Sequence
from typing import NamedTuple, cast

from django.conf import settings
from django.db.models import Count, QuerySet, Subquery, Value
from django.http import Http404, HttpRequest
from django.utils.functional import SimpleLazyObject

from wanstudio.accounts.models import User
from wanstudio.jobs.models import Job
from wanstudio.keys import in_force
from wanstudio.notifications.queries import bell_of
from wanstudio.requests.queries import waiting_requests
from wanstudio.teams import access
from wanstudio.teams.models import Team
from wanstudio.teams.roles import Act
from wanstudio.web.host_cookies import theme_of
from wanstudio.work.compiled import Compiled
from wanstudio.work.models import Heartbeat


class Head(NamedTuple):
    """What the head of a page says of a person and of the team whose page it is, each None for none."""

    unread: int | None
    newest: int | None
    unfinished: int | None


def studio(request: HttpRequest) -> dict[str, object]:
    context: dict[str, object] = {
        "theme": theme_of(request),
        "company": settings.COMPANY,
        "main_provider": in_force.MAIN,
        "sandbox": SimpleLazyObject(lambda: in_force.provider_in_use() == in_force.SANDBOX),
    }
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return context | {"team": SimpleLazyObject(_only_team)}
    team = cast(Team, SimpleLazyObject(lambda: _team(request)))
    head = cast(Head, SimpleLazyObject(lambda: _read_head(user.pk, team.pk if team else 0)))
    return context | {
        "team": team,
        "can": Can(request, team),
        "bell": SimpleLazyObject(lambda: (head.unread or 0, head.newest or 0)),
        "unfinished": SimpleLazyObject(lambda: head.unfinished or 0),
        "my_teams": SimpleLazyObject(lambda: [seat.team for seat in access.seats(request)]),
        "may_found": SimpleLazyObject(lambda: access.runs_studio(request)),
        "spend_requests": SimpleLazyObject(lambda: waiting_requests(request, team) if team else []),
        "worker_missing": SimpleLazyObject(lambda: not Heartbeat.alive()),
    }


def _read_head(who: int, team: int) -> Head:
    rows = _HEAD.rows(who, [team])
    return Head(*rows[0]) if rows else Head(None, None, None)


def _head(who: int, team: Sequence[int]) -> QuerySet[User, tuple[object, ...]]:
    count, newest = bell_of(User(pk=who))
    jobs = Job.objects.unfinished().filter(team=team[0]).order_by().values(one=Value(1))
    unfinished = Subquery(jobs.annotate(n=Count("pk")).values("n"))
    people = User.objects.filter(pk=who).annotate(unread=count, newest=newest, unfinished=unfinished)
    return people.values_list(*Head._fields)


_HEAD = Compiled(_head)


def _team(request: HttpRequest) -> Team | None:
    """The team of this page; none for a person who is in none, or lacks a second factor."""
    try:
        return access.current_team(request)
    except Http404:
        return None


class Can:
    """`{% if can.make %}`: what this person can do in the team of this page, an act of `roles.py` by its name."""

    def __init__(self, request: HttpRequest, team: Team) -> None:
        self._request, self._team = request, team

    def __getitem__(self, act: str) -> bool:
        return bool(self._team) and access.may(self._request, self._team, Act[act.upper()])


def _only_team() -> Team | None:
    """The team of a studio that has just one: its name greets who is not signed in yet."""
    first = list(Team.objects.all()[:2])
    return first[0] if len(first) == 1 else None
