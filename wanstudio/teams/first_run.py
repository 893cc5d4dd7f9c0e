"""The first run: without any user every page leads to /setup/."""

import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from wanstudio.accounts.models import User
from wanstudio.settings_types import is_loopback, secret_key
from wanstudio.web.middleware import Middleware

MACHINES = ("/healthz", "/readyz", "/hooks/", "/files/", "/static/", "/api/v1/", "/robots.txt")


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
    """True for a person at this machine: by address, by the name asked for, with no proxy in between."""
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
    """The one-time code, generated on first use and kept in the data folder until there is an owner."""
    return secret_key(code_file(), 12)
