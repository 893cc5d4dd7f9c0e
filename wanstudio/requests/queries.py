"""Spend requests that a person may see."""

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from wanstudio.requests.models import SpendRequest
from wanstudio.teams.access import in_my_teams, person, teams_to
from wanstudio.teams.roles import Act


def visible_requests(request: HttpRequest) -> QuerySet[SpendRequest]:
    """One's own, and everybody's in the teams where this person may grant them."""
    seen = Q(person=person(request)) & in_my_teams(request, "team__")
    seen |= Q(team__in=teams_to(request, Act.GRANT))
    rows = SpendRequest.objects.filter(seen).distinct()
    return rows.select_related("team", "person", "character", "motion", "decided_by", "job")
