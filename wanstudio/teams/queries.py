"""Memberships, invitations and activity that a person can see, and what the team page shows of each member."""

from collections.abc import Callable, Mapping

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest

from wanstudio.accounts.models import User
from wanstudio.activity.models import OWNERS_ONLY, Activity
from wanstudio.activity.queries import ReadableActivity, in_groups, readers
from wanstudio.teams import access
from wanstudio.teams.models import Invitation, Membership, Team
from wanstudio.teams.opened import opened_by
from wanstudio.teams.roles import Act, Role

# Roles that are given by a choice in a list; an owner is made on a separate page.
GIVEN = (Role.ADMIN, Role.CREATOR, Role.VIEWER)
# A figure of each of these members, by the id of the user.
Figure = Callable[[Team, list[Membership]], Mapping[int, object]]
# Put in by later nouns, each for who can do this: the page's rows show `month` and `videos`.
figures: dict[str, tuple[Act, Figure]] = {}


def visible_memberships(request: HttpRequest) -> QuerySet[Membership]:
    """The memberships of the teams that this person can enter."""
    return Membership.objects.filter(team__in=access.teams(request)).select_related("team", "user")


def visible_invitations(request: HttpRequest) -> QuerySet[Invitation]:
    return Invitation.objects.filter(team__in=access.teams(request)).select_related("team", "invited_by")


def member_rows(request: HttpRequest, people: list[Membership], team: Team) -> list[dict[str, object]]:
    shown = {name: figure for name, (act, figure) in figures.items() if access.may(request, team, act)}
    found = {name: figure(team, people) for name, figure in shown.items()}
    may_go = {one.user_id: may_remove(request, one) for one in people}
    opened = opened_by(team, [pk for pk, may in may_go.items() if may or pk == access.person(request).pk])
    return [
        {
            "membership": one,
            "roles_to_give": roles_to_give(request, one),
            "may_remove": may_go[one.user_id],
            "opened": opened.get(one.user_id, []),
            "figures": {name: values.get(one.user_id) for name, values in found.items()},
        }
        for one in people
    ]


def roles_to_give(request: HttpRequest, membership: Membership) -> list[Role]:
    """The roles that this person can give that one, none if they cannot."""
    if not access.may(request, membership.team, Act.ROLES):
        return []
    return [Role.OWNER, *GIVEN] if membership.role == Role.OWNER else [*GIVEN]


def may_remove(request: HttpRequest, membership: Membership) -> bool:
    """An owner can remove anyone; who can invite, those they could have invited."""
    if access.may(request, membership.team, Act.ROLES):
        return True
    return access.may(request, membership.team, Act.INVITE) and membership.role in (Role.CREATOR, Role.VIEWER)


def activity_of_team(request: HttpRequest) -> ReadableActivity:
    """The acts in this team. An owner sees the sign-ins and locks of its people, too, since they joined.

    The owner of the first team also sees what concerns the machine: failed sign-ins without an account, and the key.
    """
    team = access.current_team(request)
    access.require(request, team, Act.ACTIVITY)
    owns = access.may(request, team, Act.KEY)
    rows = [Activity.objects.filter(team=team)]
    if owns:
        joined = Membership.objects.filter(team=team, user=OuterRef("person"), joined_at__lte=OuterRef("at"))
        mine = Q(Exists(joined))
        if team.is_first and access.runs_studio(request):
            mine |= Q(person=None)
        rows.append(Activity.objects.filter(mine, team=None))
    else:
        rows = [Activity.objects.filter(~in_groups(OWNERS_ONLY), team=team)]
    people = User.objects.filter(memberships__team=team).order_by("name", "memberships__pk")
    return ReadableActivity(rows, people, team.zone, sees_owners_only=owns)


readers.append(activity_of_team)
