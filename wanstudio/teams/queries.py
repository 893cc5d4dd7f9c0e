"""The people of the teams: who they are and are asked to be, what they did and were told, and their tokens."""

from django.db.models import QuerySet
from django.http import HttpRequest

from wanstudio.teams.access import teams
from wanstudio.teams.models import Invitation, Membership


def visible_memberships(request: HttpRequest) -> QuerySet[Membership]:
    """Who is in the teams this person may enter."""
    return Membership.objects.filter(team__in=teams(request)).select_related("team", "user")


def visible_invitations(request: HttpRequest) -> QuerySet[Invitation]:
    return Invitation.objects.filter(team__in=teams(request)).select_related("team", "invited_by")
