"""The first run: nobody is here yet, so every page leads to /setup/, once."""

import ipaddress
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from wanstudio.accounts.allauth_adapter import sign_in
from wanstudio.accounts.models import User
from wanstudio.keys.views.machine_checks import machine_checks
from wanstudio.settings_types import is_loopback, secret_key
from wanstudio.teams.forms import SetupForm
from wanstudio.teams.models import AlreadySetUp
from wanstudio.teams.verbs import found_studio

MACHINE_DOORS = ("/healthz", "/readyz", "/hooks/", "/files/", "/static/", "/api/v1/", "/robots.txt")


class FirstRun:
    """Sends every page to the setup until there is a user; asks the database only until then."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response
        self._founded = False

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        door = request.path.startswith((*MACHINE_DOORS, reverse("setup")))
        if not self._founded and not door:
            self._founded = User.objects.exists()
            if not self._founded:
                return redirect("setup")
        return self._get_response(request)


def setup(request: HttpRequest) -> HttpResponse:
    """The form that makes the owner and the team, and signs in."""
    if User.objects.exists():
        return redirect("studio.index")
    ask_code = not is_local(request)
    form = SetupForm(request.POST or None, ask_code=ask_code)
    if request.method == "POST" and form.is_valid():
        if ask_code and not constant_time_compare(form.cleaned_data["code"].strip(), setup_code()):
            form.add_error("code", "This is not the code that “make run” printed. Nothing was set up; copy it again.")
        else:
            return _found(request, form)
    context = {"form": form, "ask_code": ask_code, "checks": [] if ask_code else machine_checks()}
    return render(request, "teams/setup.html", context, status=422 if form.errors else 200)


def _found(request: HttpRequest, form: SetupForm) -> HttpResponse:
    data = form.cleaned_data
    try:
        owner = found_studio(team=data["team_name"], name=data["name"], email=data["email"], password=data["password"])
    except AlreadySetUp:
        return redirect("account_login")
    sign_in(request, owner)
    code_file().unlink(missing_ok=True)
    return redirect("studio.index")


def is_local(request: HttpRequest) -> bool:
    """Whether the person sits at this machine: by address, by the name asked for, with no proxy in between."""
    try:
        at_home = ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
    asked = "//" + request.get_host()
    public = settings.WANSTUDIO_URL and not is_loopback(settings.WANSTUDIO_URL)
    proxied = "HTTP_X_FORWARDED_FOR" in request.META or "HTTP_FORWARDED" in request.META
    return at_home and not proxied and not public and bool(urlsplit(asked).hostname) and is_loopback(asked)


def code_file() -> Path:
    return Path(settings.DATA_DIR) / "setup-code"


def setup_code() -> str:
    """The one-time code, drawn on first use and kept in the data folder until there is an owner."""
    return secret_key(code_file(), 12)
