"""Where somebody is led who pressed a button of a page that had grown old: back to that page, never to a dead end."""

from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

READING = ("GET", "HEAD")
# What answers machines, in their own words.
MACHINES = ("/api/", "/hooks/", "/files/", "/healthz", "/readyz")


class WayBack:
    """A form that leads to sign-in leads from there to its own page: its address takes no visit, and would say 405.

    An address for forms alone that is visited all the same says so as a page, still with 405.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        if request.method not in READING:
            if response.headers.get("Location") == _sign_in(request.get_full_path()):
                response.headers["Location"] = _sign_in(page_before(request))
        elif response.status_code == 405 and not request.path.startswith(MACHINES):
            return _as_page(request, response)
        return response


def page_before(request: HttpRequest) -> str:
    """The page of ours this request came from, `/` if the browser does not tell."""
    told = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(told, {request.get_host()}, require_https=request.is_secure()):
        return "/"
    parts = urlsplit(told)
    # Two slashes would be the name of a host.
    path = "/" + parts.path.lstrip("/")
    return f"{path}?{parts.query}" if parts.query else path


def _sign_in(following: str) -> str:
    return f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': following}, safe='/')}"


def _as_page(request: HttpRequest, response: HttpResponseBase) -> HttpResponse:
    page = render(request, "405.html", status=405)
    page.headers["Allow"] = response.headers.get("Allow", "POST")
    return page
