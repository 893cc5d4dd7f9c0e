"""The gate for a signed-in person who is not ready: no team, or no second factor, is a page instead of a 404."""

from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from wanstudio.accounts.models import User
from wanstudio.teams import access
from wanstudio.teams.models import Team
from wanstudio.web.middleware import Middleware


class Gate(Middleware):
    def process_exception(self, request: HttpRequest, wrong: Exception) -> HttpResponse | None:
        if not isinstance(wrong, Http404) or not isinstance(request.user, User):
            return None
        if isinstance(wrong, access.NoTeam):
            return render(request, "teams/none.html", status=404)
        if isinstance(wrong, access.NeedsSecondFactor):
            return _to_second_factor(request, wrong.team)
        # It may belong to a team that is closed to them: the link leads to the second factor. Nothing was done.
        closed = access.closed_teams(request).first() if request.method in ("GET", "HEAD") else None
        return _to_second_factor(request, closed) if closed else None


def _to_second_factor(request: HttpRequest, team: Team) -> HttpResponse:
    url = f"{reverse('account.second_factor')}?{urlencode({'team': team.pk})}"
    if request.htmx:  # type: ignore[attr-defined]
        # A fragment cannot show a page: the browser is sent there as a whole.
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return redirect(url)
