"""Ways back to a page, with what was typed on it: after a form without a separate page, or one that was refused."""

from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware, RejectRequest
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

from wanstudio.web import typed_words
from wanstudio.web.middleware import Middleware
from wanstudio.web.typed_words import GUEST, SHARED

NOTHING_SENT = "Nothing was sent and nothing was charged."
SIGNED_OUT = f"You are signed out. {NOTHING_SENT} Sign in again; the form still has your input."
NO_ADDRESS = (
    "This page was opened as {origin}, but WANSTUDIO_URL is not set. Set "
    f"WANSTUDIO_URL={{origin}} in .env and start the studio again. {NOTHING_SENT}"
)
OTHER_ADDRESS = f"The studio accepts forms only at {{url}} (WANSTUDIO_URL). Open the studio there. {NOTHING_SENT}"
SECOND_FACTOR = "/account/second-factor/"
# What answers machines, in their own words.
MACHINES = ("/api/", "/hooks/", "/files/", "/healthz", "/readyz", "/metrics")


class WayBack(Middleware):
    """Leads from the sign-in back to the form's own page: the form's address answers a visit with 405.

    What was typed into a refused form is in it again. A visit to an address for forms gets a page, still with 405.
    """

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        if request.path.startswith(MACHINES):
            return response
        if request.method not in ("GET", "HEAD"):
            return self._after_form(request, response)
        if response.status_code == 405:
            page = render(request, "405.html", status=405)
            page.headers["Allow"] = response.headers.get("Allow", "POST")
            return page
        return typed_words.put_back(request, response)

    def process_view(self, request: HttpRequest, *view: object) -> HttpResponse | None:
        """What one person typed is never taken as from another who has signed in meanwhile."""
        by = None if request.path.startswith(MACHINES) else typed_words.marked(request)
        return csrf_failure(request) if by and by[0] not in (GUEST, str(request.user.pk or by[0])) else None

    def _after_form(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        leads_to = response.headers.get("Location") or response.headers.get("HX-Redirect", "")
        if leads_to == _sign_in(request.get_full_path()):
            return send_away(request, _sign_in(page_before(request)), SIGNED_OUT)
        # 409 and 422 show the form again themselves; an old one is in `csrf_failure`.
        if response.status_code in (404, 429) or response.status_code >= 500 or leads_to.startswith(SECOND_FACTOR):
            # An address that does not exist is answered before it is asked where the form came from.
            if _origin_of(request)[1]:
                typed_words.keep(request, response)
        elif response.status_code < 400:
            typed_words.forget(request, response, request.path)
        return response


def send_away(request: HttpRequest, url: str, why: str) -> HttpResponse:
    """To where the person signs in again; what they typed is kept for afterwards."""
    response: HttpResponse = redirect(url)
    if is_htmx(request):
        # The page stays as it is until the browser leaves it as a whole: a fragment cannot show another page.
        response = HttpResponse(status=401, headers={"HX-Redirect": url})
    if typed_words.keep(request, response):
        messages.warning(request, why)
    return response


def page_before(request: HttpRequest) -> str:
    """The page this form is on: by its mark, with its present query; else the page where the browser was."""
    referer = _page(request, request.headers.get("HX-Current-URL") or request.headers.get("Referer", ""))
    _, page = typed_words.marked(request) or ("", "")
    return page if page and page.partition("?")[0] != referer.partition("?")[0] else referer


def shown_on(request: HttpRequest) -> str:
    """The page that the answer to this request is shown on."""
    if request.method == "POST":
        return page_before(request)
    return _page(request, request.headers.get("HX-Current-URL", "")) if is_htmx(request) else request.get_full_path()


def is_htmx(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


def _page(request: HttpRequest, address: str) -> str:
    """Its path and query if it is one of ours, else `/`."""
    parts = urlsplit(address if _is_ours(request, address) else "/")
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
    """An old or foreign form: nothing was done. Its page, loaded again, has a valid form, and what was typed.

    A fragment cannot say so: the header makes htmx load the page again.
    """
    origin, is_same = _origin_of(request)
    if why := _wrong_address(request, origin) if is_same else "":
        if is_htmx(request):
            return HttpResponse(why, status=403, content_type="text/plain")
        return render(request, "403_csrf.html", {"why": why}, status=403)
    shared = request.path[: request.path.find("/", len(SHARED)) + 1] if request.path.startswith(SHARED) else "/"
    before = page_before(request)
    page = render(request, "403_csrf.html", {"before": before if before.startswith(shared) else shared}, status=403)
    page.headers["HX-Refresh"] = "true"
    if is_same:
        typed_words.keep(request, page)
    return page


def _origin_of(request: HttpRequest) -> tuple[str, bool]:
    """The origin that the browser names, and whether it is a page of ours, behind whatever proxy."""
    origin, site = request.headers.get("Origin", ""), request.headers.get("Sec-Fetch-Site", "")
    # Pages of shared links do not say where they are, nor does a page in another site's sandboxed frame.
    told, ours = origin or request.headers.get("Referer", ""), request.get_host()
    is_same = site == "same-origin" if site else not told or told.split("/")[2:3] == [ours]
    return origin, is_same or _has_token(request)


def _has_token(request: HttpRequest) -> bool:
    """True if the form holds the token of this browser's cookie, which no page of another site can read."""
    try:
        CsrfViewMiddleware(lambda _: HttpResponse())._check_token(request)  # type: ignore[attr-defined]
    except RejectRequest:
        return False
    return True


def _wrong_address(request: HttpRequest, origin: str) -> str:
    """The setting that is missing where every form is refused; empty where only this one is old."""
    if origin in ("", "null") or origin == f"{request.scheme}://{request.get_host()}":
        return ""
    if settings.WANSTUDIO_URL:
        return "" if origin == settings.WANSTUDIO_URL else OTHER_ADDRESS.format(url=settings.WANSTUDIO_URL)
    return NO_ADDRESS.format(origin=origin)


def _is_ours(request: HttpRequest, address: str) -> bool:
    return url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
