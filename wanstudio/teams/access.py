"""Access: the teams that the person of a request can enter, their role there, and what it allows."""

from dataclasses import dataclass, field

from django.db.models import Case, Exists, Q, QuerySet, When
from django.http import Http404, HttpRequest

from wanstudio.accounts.models import User
from wanstudio.accounts.queries import factors
from wanstudio.accounts.queries import person as person
from wanstudio.teams.models import Membership, Team
from wanstudio.teams.roles import Act, roles_with
from wanstudio.teams.roles import may as role_may
from wanstudio.web.lookups import Row
from wanstudio.web.lookups import number as number
from wanstudio.web.lookups import one as one
from wanstudio.web.lookups import page as page
from wanstudio.work.compiled import CompiledModels

# In an address: the team of this page. In the session: the one shown last, a memory and never a permission.
TEAM = "team"


@dataclass
class Known:
    """Facts found out during a request. `shown`: the team of the page; `form`: the team of the posted form."""

    shown: Team | None = None
    form: Team | None = None
    seats: list[Membership] | None = None
    roles: dict[int, str] = field(default_factory=dict)


class NoTeam(Http404):
    """This person is in no team (any more)."""


class NeedsSecondFactor(Http404):
    """The team wants a second factor, and this person has none. `team` is the one."""

    def __init__(self, team: Team) -> None:
        super().__init__("a second factor first")
        self.team = team


def teams(request: HttpRequest) -> QuerySet[Team]:
    return Team.objects.filter(in_my_teams(request, ""))


def in_my_teams(request: HttpRequest, team: str) -> Q:
    """Rows of the teams this person is in and can enter; `team` is the way from the row to its team, as `job__team__`.

    All in the one query that reads the rows: who is removed, or lacks a second factor, is out at the next request.
    """
    return in_teams_of(person(request), team)


def in_teams_of(who: User, team: str) -> Q:
    return Q(**{f"{team}memberships__user": who}) & is_open_to(who, team)


def is_open_to(who: User, team: str) -> Q:
    return Q(**{f"{team}needs_second_factor": False}) | Q(Exists(factors(who)))


def closed_teams(request: HttpRequest) -> QuerySet[Team]:
    """Teams that this person is in and cannot enter before they have a second factor."""
    return Team.objects.filter(~is_open_to(person(request), ""), memberships__user=person(request))


def has_factor(request: HttpRequest) -> bool:
    return factors(person(request)).exists()


def current_team(request: HttpRequest) -> Team:
    """The team whose pages are shown: that of the thing on the page, of the address, else the one looked at last.

    What a form does is decided by the team in the form: see `team_in`.
    """
    known = _known(request)
    if known.shown is None:
        mine = seats(request)
        if not mine:
            raise NoTeam("no team")
        asked = (number(request.GET.get(TEAM)), _last(request))
        chosen = next((seat for pk in asked for seat in mine if seat.team.pk == pk), mine[0])
        if not chosen.is_open:
            raise NeedsSecondFactor(chosen.team)
        show_as(request, chosen.team, chosen.role)
        return chosen.team
    return known.shown


def seats(request: HttpRequest) -> list[Membership]:
    """This person's memberships, the oldest first. `is_open`: they can enter; the team can want a second factor."""
    known = _known(request)
    if known.seats is None:
        known.seats = []
        for seat, (is_open,) in _SEATS.rows(person(request).pk):
            seat.is_open = bool(is_open)
            known.seats.append(seat)
    return known.seats


def _seats(who: int, _: object) -> QuerySet[Membership]:
    is_open = Case(When(is_open_to(User(pk=who), "team__"), then=True), default=False)
    return Membership.objects.filter(user=who).order_by("pk").annotate(is_open=is_open)  # type: ignore[no-redef]


_SEATS = CompiledModels(_seats, ways=("team",), besides=("is_open",))


def _last(request: HttpRequest) -> int | None:
    """The id of the team that the switcher chose last, here or elsewhere."""
    last: int | None = request.session.get(TEAM, person(request).last_team_id)
    return last


def team_to_name(request: HttpRequest) -> Team | None:
    """The team of the posted form, if the page after it would show another one: see `gate.FormTeam`."""
    team, last = _known(request).form, _last(request)
    if team is None or last == team.pk:
        return None
    # The form itself can have ended one.
    _known(request).seats = None
    mine = [seat.team.pk for seat in seats(request)]
    # Of a team that was left no page is shown; without a choice the first one is.
    return team if team.pk in mine and (last in mine or team.pk != mine[0]) else None


def show_as(request: HttpRequest, team: Team, role: str | None = None) -> None:
    """The page is about a thing of this team, even if another team was looked at last.

    `role`: this person's, if a query for something else has brought it along, so that it is not asked again.
    """
    _known(request).shown = team
    if role is not None:
        _known(request).roles[team.pk] = role


def remember(request: HttpRequest, team: Team) -> None:
    """From now on the pages show this team, in this browser and wherever this person signs in next."""
    request.session[TEAM] = team.pk
    User.objects.filter(pk=person(request).pk).update(last_team=team)


def role(request: HttpRequest, team: Team) -> str:
    """This person's role in this team, empty for a stranger. Asked once a request."""
    roles = _known(request).roles
    if team.pk not in roles:
        # Every page names the seats in its head anyway.
        roles[team.pk] = next((seat.role for seat in seats(request) if seat.is_open and seat.team_id == team.pk), "")
    return roles[team.pk]


def _known(request: HttpRequest) -> Known:
    known: Known = request.__dict__.setdefault("wanstudio", Known())
    return known


def may(request: HttpRequest, team: Team, act: Act) -> bool:
    """True if this person can do this in this team, by the one table of `roles.py`."""
    return role_may(role(request, team), act)


def require(request: HttpRequest, team: Team, act: Act) -> None:
    """404 unless this person can do this in this team: for them there is no such thing."""
    if not may(request, team, act):
        raise Http404("not for this role")


def team_in(request: HttpRequest, act: Act) -> Team:
    """The team the posted form names, if this person can do this in it."""
    team = teams(request).filter(pk=number(request.POST.get("team")) or 0).first()
    if team is None:
        raise Http404("no such team")
    require(request, team, act)
    show_as(request, team)
    _known(request).form = team
    return team


def mine_to(request: HttpRequest, act: Act, rows: QuerySet[Row], pk: int) -> Row:
    """The row with this id among those that belong to a team, if this person can do this in that team."""
    return shown_to(request, act, one(rows, pk))


def shown_to(request: HttpRequest, act: Act, row: Row) -> Row:
    """The same for a row that this person can see."""
    team: Team = row.team  # type: ignore[attr-defined]
    show_as(request, team)
    require(request, team, act)
    _known(request).form = team
    return row


def teams_to(request: HttpRequest, act: Act) -> QuerySet[Team]:
    """The teams in which this person can do this."""
    here = Membership.objects.filter(in_my_teams(request, "team__"), user=person(request), role__in=roles_with(act))
    return Team.objects.filter(pk__in=here.values("team"))


def runs_studio(request: HttpRequest, act: Act = Act.KEY) -> bool:
    """True for who can do this in the first team: what concerns the machine and every team is its owners'."""
    return any(seat.team.is_first and seat.is_open and role_may(seat.role, act) for seat in seats(request))
