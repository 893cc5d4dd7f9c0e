"""Memberships and invitations that a person may see, and what the team page shows of each member."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import HttpRequest

from wanstudio.teams import access
from wanstudio.teams.models import Invitation, Membership, Team
from wanstudio.teams.roles import Act, Role

# Roles that are given by a choice in a list; an owner is made on a page of its own.
GIVEN = (Role.ADMIN, Role.CREATOR, Role.VIEWER)
# A figure of each of these members, by the id of the user.
Figure = Callable[[Team, list[Membership]], Mapping[int, object]]
_figures: dict[str, tuple[Act, Figure]] = {}


def visible_memberships(request: HttpRequest) -> QuerySet[Membership]:
    """The memberships of the teams that this person may enter."""
    return Membership.objects.filter(team__in=access.teams(request)).select_related("team", "user")


def visible_invitations(request: HttpRequest) -> QuerySet[Invitation]:
    return Invitation.objects.filter(team__in=access.teams(request)).select_related("team", "invited_by")


def register_figure(name: str, act: Act, figure: Figure) -> None:
    """A later noun's figure beside each member, for who may do this: the page's rows show `month` and `videos`."""
    _figures[name] = act, figure


@dataclass(frozen=True)
class MemberRow:
    """`roles_to_give`: values and labels; none for who may give none. `figures`: see `register_figure`."""

    membership: Membership
    roles_to_give: list[tuple[str, str]]
    may_remove: bool
    figures: dict[str, object]


def member_rows(request: HttpRequest, team: Team) -> list[MemberRow]:
    people = list(team.memberships.select_related("user").order_by("pk"))
    shown = {name: figure for name, (act, figure) in _figures.items() if access.may(request, team, act)}
    found = {name: figure(team, people) for name, figure in shown.items()}
    return [
        MemberRow(
            one,
            roles_to_give(request, one),
            may_remove(request, one),
            {name: values.get(one.user_id) for name, values in found.items()},
        )
        for one in people
    ]


def roles_to_give(request: HttpRequest, membership: Membership) -> list[tuple[str, str]]:
    """The roles that this person may give that one, none if they may not."""
    if not access.may(request, membership.team, Act.ROLES):
        return []
    given = [(role.value, str(Membership.Role(role.value).label)) for role in GIVEN]
    return [(Role.OWNER.value, "Owner"), *given] if membership.role == Role.OWNER else given


def may_remove(request: HttpRequest, membership: Membership) -> bool:
    """An owner may remove anybody; who may invite, those they could have invited."""
    if access.may(request, membership.team, Act.ROLES):
        return True
    return access.may(request, membership.team, Act.INVITE) and membership.role in (Role.CREATOR, Role.VIEWER)
