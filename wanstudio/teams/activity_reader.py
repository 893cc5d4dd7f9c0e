"""The reader of a team's activity: whom the activity page lets in, and which rows they see."""

from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest

from wanstudio.accounts.models import User
from wanstudio.activity.models import OWNERS_ONLY, Activity
from wanstudio.activity.queries import ReadableActivity, in_groups, register_reader
from wanstudio.teams import access
from wanstudio.teams.models import Membership
from wanstudio.teams.roles import Act


def activity_of_team(request: HttpRequest) -> ReadableActivity:
    """The acts in this team. An owner sees the sign-ins and locks of its people, too, since they joined.

    The owner of the first team also sees what concerns the machine: failed sign-ins without an account, and the key.
    """
    team = access.current_team(request)
    access.require(request, team, Act.ACTIVITY)
    owns = access.may(request, team, Act.KEY)
    mine = Q(team=team)
    if owns:
        joined = Membership.objects.filter(team=team, user=OuterRef("person"), joined_at__lte=OuterRef("at"))
        mine |= Q(team=None) & Q(Exists(joined))
        if team.is_first and access.runs_studio(request):
            mine |= Q(team=None, person=None)
    else:
        mine &= ~in_groups(OWNERS_ONLY)
    people = User.objects.filter(memberships__team=team).order_by("name", "memberships__pk")
    return ReadableActivity(Activity.objects.filter(mine), people, team.zone, sees_owners_only=owns)


register_reader(activity_of_team)
