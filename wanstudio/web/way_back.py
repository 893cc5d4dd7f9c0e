"""Redirects back to a page: after a form without a page of its own, or a form whose page was too old."""

from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

from wanstudio.web.middleware import Middleware

# What answers machines, in their own words.
MACHINES = ("/api/", "/hooks/", "/files/", "/healthz", "/readyz")
# Pages of shared links, from which a browser does not tell where it was.
SHARED = "/s/"


class WayBack(Middleware):
    """A form that leads to sign-in leads from there to its own page: its address takes no visit, and would say 405.

    An address for forms alone that is visited all the same says so as a page, still with 405.
    """

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        if request.method not in ("GET", "HEAD"):
            if response.headers.get("Location") == _sign_in(request.get_full_path()):
                response.headers["Location"] = _sign_in(page_before(request))
        elif response.status_code == 405 and not request.path.startswith(MACHINES):
            page = render(request, "405.html", status=405)
            page.headers["Allow"] = response.headers.get("Allow", "POST")
            return page
        return response


def page_before(request: HttpRequest) -> str:
    """The page of ours this request came from, `/` if the browser does not tell."""
    referer = request.headers.get("Referer", "")
    if not _is_ours(request, referer):
        return "/"
    parts = urlsplit(referer)
    # Two slashes would be the name of a host.
    path = "/" + parts.path.lstrip("/")
    return f"{path}?{parts.query}" if parts.query else path


def _sign_in(following: str) -> str:
    return f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': following}, safe='/')}"


def back(request: HttpRequest, otherwise: str, *args: object) -> HttpResponse:
    """To the page the form names in `next`, if it is one of ours; else to the route `otherwise`."""
    named = request.POST.get("next", "")
    # A word without a slash would be taken for the name of a route.
    if named.startswith("/") and _is_ours(request, named):
        return redirect(named)
    return redirect(otherwise, *args)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """An old or foreign form: nothing was done. Its page, loaded again, has a form that counts.

    A fragment cannot say so: the header has htmx load the page again by itself.
    """
    shared = request.path[: request.path.find("/", len(SHARED)) + 1] if request.path.startswith(SHARED) else None
    page = render(request, "403_csrf.html", {"before": shared or page_before(request)}, status=403)
    page.headers["HX-Refresh"] = "true"
    return page


def _is_ours(request: HttpRequest, address: str) -> bool:
    return url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
