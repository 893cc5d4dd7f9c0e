"""Activity rows that a person may see."""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest

from wanstudio.activity.models import OWNERS_ONLY, Activity
from wanstudio.teams.access import may, runs_studio
from wanstudio.teams.models import Membership, Team
from wanstudio.teams.roles import Act


def visible_activities(request: HttpRequest, team: Team) -> QuerySet[Activity]:
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
