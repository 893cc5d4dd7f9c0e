"""The people of the teams: who they are and are asked to be, what they did and were told, and their tokens."""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest

from wanstudio.models import Activity, ApiToken, Invitation, Membership, Notification, Team
from wanstudio.models.activity import OWNERS_ONLY
from wanstudio.models.notification import Notifications
from wanstudio.roles import Act
from wanstudio.views.access.allowed import may, runs_studio
from wanstudio.views.access.standing import is_open_to, person, teams


def memberships(request: HttpRequest) -> QuerySet[Membership]:
    """Who is in the teams this person may enter."""
    return Membership.objects.filter(team__in=teams(request)).select_related("team", "user")


def invitations(request: HttpRequest) -> QuerySet[Invitation]:
    return Invitation.objects.filter(team__in=teams(request)).select_related("team", "invited_by")


def activities(request: HttpRequest, team: Team) -> QuerySet[Activity]:
    """What was done in this team. An owner sees the sign-ins and locks of its people, too, since they joined.

    Who runs the studio also sees what concerns the machine: wrong sign-ins of nobody, and the key.
    """
    rows = Activity.objects.filter(team=team)
    if not may(request, team, Act.KEY):
        return rows.exclude(_starts_with(OWNERS_ONLY))
    mine = Q(team=team)
    joined = Membership.objects.filter(team=team, user=OuterRef("person"), joined_at__lte=OuterRef("at"))
    mine |= Q(team=None) & Q(Exists(joined))
    if team.is_first and runs_studio(request):
        mine |= Q(team=None, person=None)
    return Activity.objects.filter(mine)


def _starts_with(groups: Iterable[str]) -> Q:
    found = Q()
    for group in groups:
        found |= Q(act=group) | Q(act__startswith=f"{group}.")
    return found


def tokens(request: HttpRequest) -> QuerySet[ApiToken]:
    """This person's own, in all of their teams, newest first."""
    mine = ApiToken.objects.filter(membership__user=person(request))
    return mine.select_related("membership__team").order_by("-pk")


def notifications(request: HttpRequest) -> Notifications:
    """What this person was told of the teams that they may enter: it quotes what is said there."""
    return Notification.objects.for_person(person(request)).filter(is_open_to(person(request), "team__"))
