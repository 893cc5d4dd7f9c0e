"""What this person may do, and where, by the one table of `roles.py`."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from wanstudio.models import Membership, Team, Video
from wanstudio.roles import Act, Role, roles_with
from wanstudio.roles import may as role_may
from wanstudio.views.access.rows import number, one
from wanstudio.views.access.standing import in_my_teams, know_form, my_teams, person, role, show_as, teams


def may(request: HttpRequest, team: Team, act: Act) -> bool:
    """Whether this person may do this in this team, by the one table of `roles.py`."""
    return role_may(role(request, team), act)


def require(request: HttpRequest, team: Team, act: Act) -> None:
    """404 unless this person may do this in this team: for them there is no such thing."""
    if not may(request, team, act):
        raise Http404("not for this role")


def team_in(request: HttpRequest, act: Act) -> Team:
    """The team the posted form names, if this person may do this in it."""
    team = teams(request).filter(pk=number(request.POST.get("team")) or 0).first()
    if team is None:
        raise Http404("no such team")
    require(request, team, act)
    show_as(request, team)
    know_form(request, team)
    return team


def mine_to(request: HttpRequest, act: Act, rows: QuerySet[Any], pk: int) -> Any:
    """The same row of a team, if this person may do this in that team. A video belongs to its job's."""
    row = one(rows, pk)
    team = row.job.team if isinstance(row, Video) else row.team
    show_as(request, team)
    require(request, team, act)
    know_form(request, team)
    return row


def teams_to(request: HttpRequest, act: Act) -> QuerySet[Team]:
    """The teams in which this person may do this."""
    here = Membership.objects.filter(in_my_teams(request, "team__"), user=person(request), role__in=roles_with(act))
    return Team.objects.filter(pk__in=here.values("team"))


def runs_studio(request: HttpRequest) -> bool:
    """Whether this is an owner of the first team: what concerns the machine and every team is theirs."""
    return any(team.is_first and team.is_open and team.role == Role.OWNER for team in my_teams(request))


def may_stop_sending(request: HttpRequest) -> bool:
    """The key is one for all teams: who may stop it is who may in the first team."""
    return any(team.is_first and team.is_open and role_may(team.role, Act.SENDING) for team in my_teams(request))
