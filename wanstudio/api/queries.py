"""A person's own API tokens."""

from django.db.models import QuerySet
from django.http import HttpRequest

from wanstudio.api.models import ApiToken
from wanstudio.teams.access import person


def own_tokens(request: HttpRequest) -> QuerySet[ApiToken]:
    """This person's own, in all of their teams, newest first."""
    mine = ApiToken.objects.filter(membership__user=person(request))
    return mine.select_related("membership__team").order_by("-pk")
