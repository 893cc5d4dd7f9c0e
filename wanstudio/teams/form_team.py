"""The team of a form: after it the page of that team, even if another tab has switched to another one since."""

from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, resolve

from wanstudio.accounts.models import User
from wanstudio.teams import access
from wanstudio.web.middleware import Middleware


class FormTeam(Middleware):
    """Puts the form's team into the address it leads to, where that says nothing of a team by itself.

    The switcher stays where it is: what it chose is still what the other tabs show.
    """

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        posted = request.method == "POST" and response.status_code == 302 and isinstance(request.user, User)
        if posted and (team := access.team_to_name(request)):
            response["Location"] = with_team(response["Location"], team.pk)
        return response


def with_team(address: str, pk: int) -> str:
    """The same address naming the team; unchanged if it is of one thing, which knows its team, or of another host."""
    parts = urlsplit(address)
    try:
        of_one_thing = bool(resolve(parts.path).kwargs)
    except Resolver404:
        return address
    if parts.netloc or of_one_thing:
        return address
    query = "&".join(filter(None, [parts.query, urlencode({access.TEAM: pk})]))
    return parts._replace(query=query).geturl()
