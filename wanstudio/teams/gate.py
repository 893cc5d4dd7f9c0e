"""The gate before every page: the first run, people without a team or second factor, the team of a posted form."""

import logging
import os
from functools import cache
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve, reverse

from wanstudio.accounts.models import User
from wanstudio.data_files import secret_key
from wanstudio.settings_types import is_loopback, named
from wanstudio.teams import access
from wanstudio.teams.models import Team
from wanstudio.web.middleware import Middleware

log = logging.getLogger(__name__)
MACHINES = (
    *("/healthz", "/readyz", "/metrics", "/hooks/", "/files/", "/static/", "/api/v1/", "/robots.txt"),
    *("/manifest.webmanifest", "/service-worker.js", "/offline/"),
)


class FirstRun(Middleware):
    """Sends every page to the setup until there is a user; asks the database only until then."""

    _founded = False

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        is_open = request.path.startswith((*MACHINES, reverse("setup")))
        if not self._founded and not is_open:
            self._founded = User.objects.exists()
            if not self._founded:
                return redirect("setup")
        return self._get_response(request)


def is_local(request: HttpRequest) -> bool:
    """True for a person at this machine: by address, by the name asked for, with no sign of a proxy in between.

    Browsers name loopback in `Host`, `Origin` and `Referer`, with our port, in HTTP/1.1; some proxies do not. What
    is sent is no proof, so the account at the other end of the connection counts, too: a proxy has one of its own.
    """
    meta, port = request.META, int(request.META["SERVER_PORT"])
    is_direct = not meta.get("wanstudio.proxied") and meta.get("SERVER_PROTOCOL") != "HTTP/1.0"
    is_ours = accounts_at(int(meta.get("REMOTE_PORT") or 0), port) <= {0, os.geteuid()}
    if not is_direct or not is_ours or not (port == 80 or request.get_host().endswith(f":{port}")):
        return False
    addresses = [f"//{named(request.META.get('REMOTE_ADDR', ''))}", f"//{request.get_host()}", settings.WANSTUDIO_URL]
    addresses += [request.headers.get(name, "") for name in ("Origin", "Referer")]
    return all(is_loopback(address) for address in addresses if address)


def accounts_at(peer: int, port: int) -> set[int]:
    """Accounts (uids) that hold a connection from the port `peer` of this machine to our `port`; empty: unknown."""
    lines = (line.split() for table in Path("/proc/net").glob("tcp*") for line in table.read_text().splitlines())
    return {int(line[7]) for line in lines if (line[1][-5:], line[2][-5:]) == (f":{peer:04X}", f":{port:04X}")}


def code_file() -> Path:
    return Path(settings.DATA_DIR) / "setup-code"


@cache
def print_code() -> None:
    """Where the page asks for the code it must have been printed, however the studio was started; once a process."""
    log.warning("No owner yet. The setup code is %s", setup_code())


def setup_code() -> str:
    """The one-time code, generated on first use and kept in the data folder until there is an owner."""
    return secret_key(code_file(), 12)


class Gate(Middleware):
    """No team, or no second factor, is a page instead of a 404."""

    def process_exception(self, request: HttpRequest, wrong: Exception) -> HttpResponse | None:
        if not isinstance(wrong, Http404) or not isinstance(request.user, User):
            return None
        if isinstance(wrong, access.NoTeam):
            return render(request, "teams/none.html", status=404)
        if isinstance(wrong, access.NeedsSecondFactor):
            return _to_second_factor(request, wrong.team)
        # It can belong to a team that is closed to them: the link leads to the second factor. Nothing was done.
        closed = access.closed_teams(request).first() if request.method in ("GET", "HEAD") else None
        return _to_second_factor(request, closed) if closed else None


def _to_second_factor(request: HttpRequest, team: Team) -> HttpResponse:
    url = f"{reverse('account.second_factor')}?{urlencode({'team': team.pk})}"
    if request.htmx:  # type: ignore[attr-defined]
        # A fragment cannot show a page: the browser is sent there as a whole.
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return redirect(url)


class FormTeam(Middleware):
    """Puts the form's team into the address it leads to: its page follows, even if another tab has switched since.

    The switcher stays where it is: what it chose is still what the other tabs show.
    """

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        posted = request.method == "POST" and response.status_code == 302 and isinstance(request.user, User)
        if posted and (team := access.team_to_name(request)):
            response["Location"] = _with_team(response["Location"], team.pk)
        return response


def _with_team(address: str, pk: int) -> str:
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
