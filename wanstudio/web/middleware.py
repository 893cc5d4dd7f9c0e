"""Middleware around every request: its line in the log, its address behind proxies, and protection from other sites."""

import ipaddress
import logging
import re
import time
from collections.abc import Callable
from uuid import uuid4

from django.conf import settings
from django.db import DataError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseBase
from django.middleware.gzip import GZipMiddleware

from wanstudio.settings_types import is_loopback
from wanstudio.work import outages
from wanstudio.work.log_context import about

log = logging.getLogger("wanstudio.requests")

# Shorter ones are words that anyone knows, such as the sandbox's key, and appear in honest messages.
SHORTEST_SECRET = 8
HEADER = "X-Request-ID"
# On every answer: without it another server answered in the studio's place, and its text is not shown as ours.
OURS = "X-Wan-Studio"
# Pages and machines ask these every few seconds: logged at DEBUG.
CHATTER = ("/healthz", "/readyz", "/metrics", "/static/", "/jobs/status/")
# Said by a trusted proxy that can send files: see `file_answers`.
SENDS_FILES = "HTTP_X_SENDFILE_TYPE"
# What proxies add, and browsers never.
PROXIES = (
    "HTTP_X_FORWARDED",
    "HTTP_FORWARDED",
    "HTTP_VIA",
    "HTTP_X_REAL_IP",
    "HTTP_X_CLIENT_IP",
    "HTTP_CF_",
    "HTTP_TRUE_CLIENT_IP",
)
# Pages that are large and show no secret: no link with a token, no key, no code. Any other page goes out as it is.
COMPRESSED = {
    *("account_login", "studio.index", "jobs.index", "jobs.show", "videos.index", "videos.show", "binned.index"),
    *("collections.index", "uploads.index", "usage.show", "activity.show", "notifications.index", "tokens.guide"),
}
# Pages without a nonce or a secret: the way back shows them as they were, from the memory of their browser.
RESTORED = COMPRESSED - {"account_login", "studio.index"} | {"uploads.show", "settings.show", "account.show"}
# A packet: a shorter answer arrives no sooner.
MIN_COMPRESSED_BYTES = 1400
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class Middleware:
    """Wraps every request, with its own `__call__` or `process_exception`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self._get_response(request)


class RequestLog(Middleware):
    """Names each request, in the lines it causes and in the answer; a proxy's name for it is kept if it is a plain one.

    Never in a line: the query, a token in the path, what was posted.
    """

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        asked = request.headers.get(HEADER, "")
        name = asked if re.fullmatch(r"[A-Za-z0-9._-]{1,64}", asked) else uuid4().hex
        began = time.monotonic()
        with about(request=name):
            response = self._get_response(request)
            _write(request, response, round((time.monotonic() - began) * 1000))
            if response.status_code < 500 and connection.connection is not None:
                outages.check_recovery()
        response[HEADER] = name
        response[OURS] = "1"
        return response


def _write(request: HttpRequest, response: HttpResponseBase, ms: int) -> None:
    # The person, if the view has asked; asking now would cost the endpoints of machines a query.
    person = getattr(getattr(request, "_cached_user", None), "pk", None) or "-"
    quiet = request.path.startswith(CHATTER) and response.status_code < 500
    path, status = public_path(request), response.status_code
    log.log(
        logging.DEBUG if quiet else logging.INFO,
        *("%s %s %s %d ms person=%s", request.method, path, status, ms, person),
        extra={"method": request.method, "path": path, "status": status, "duration_ms": ms, "person": person},
    )


def public_path(request: HttpRequest) -> str:
    """The path as it can be written down: ids stay, tokens and signatures do not.

    What a route captures as text is a token in this studio, or a name that no log needs.
    """
    path = str(request.path)
    match = request.resolver_match
    if match is None:
        # No route fits: it can be a token without its last slash.
        return "/".join(part if len(part) < SHORTEST_SECRET * 2 else "…" for part in path.split("/"))
    for value in (*match.args, *match.kwargs.values()):
        if isinstance(value, str) and value:
            path = path.replace(value, "…")
    return path


class TrustedProxies(Middleware):
    """Believes `X-Forwarded-For` and `-Proto` from the proxies in `WANSTUDIO_TRUSTED_PROXIES` only.

    `wanstudio.proxied` in META says whether any proxy has left a header, `wanstudio.hidden` whether one hides who asks.
    """

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        is_proxied = any(name.startswith(PROXIES) for name in request.META)
        request.META["wanstudio.proxied"] = request.META["wanstudio.hidden"] = is_proxied
        if peer := _address(request.META.get("REMOTE_ADDR", "")):
            request.META["REMOTE_ADDR"] = str(peer)
        if not is_trusted(request.META.get("REMOTE_ADDR", "")):
            request.META.pop(SENDS_FILES, None)
        else:
            chain = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
            for hop in reversed(chain):
                address = _address(hop)
                request.META["wanstudio.hidden"] = address is None
                if address is None:
                    # A client or a proxy wrote something there that is no address.
                    break
                request.META["REMOTE_ADDR"] = str(address)
                if not is_trusted(hop):
                    break
            if (scheme := request.META.get("HTTP_X_FORWARDED_PROTO")) in ("http", "https"):
                request.META["wsgi.url_scheme"] = scheme
        request.META.pop("HTTP_X_FORWARDED_PROTO", None)
        return self._get_response(request)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """A server bound to `::` sees IPv4 as a part of IPv6: it is the same address."""
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(ip, "ipv4_mapped", None) or ip


def is_trusted(address: str) -> bool:
    ip = _address(address)
    return ip is not None and any(ip in network for network in settings.TRUSTED_PROXIES)


class Isolated(Middleware):
    """Keeps other sites from framing or embedding an answer, and caches from keeping it.

    Outermost of those that set headers: files of `static/` and redirects to another address are answered before the
    middleware that sets them for pages. What an answer says of itself stays: videos and posters are kept by their
    browser, which asks about them each time; `static/` is everyone's.

    A page in RESTORED stays with its browser for the way back, while one is signed in: `Vary: *` lets no cache of files
    answer with it, and the end of a session clears it away. Browsers do that over https and at home only; elsewhere
    no page stays, or Back would show it after a sign-out.
    """

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("X-Frame-Options", "DENY")
        response.headers.setdefault("Content-Security-Policy", NOTHING)
        if "Cache-Control" not in response.headers and _is_restored(request, response):
            response.headers["Cache-Control"], response.headers["Vary"] = "private, no-cache", "*"
        response.headers.setdefault("Cache-Control", "private, no-store")
        session = response.cookies.get(settings.SESSION_COOKIE_NAME)
        if session is not None and session["max-age"] == 0:
            response.headers["Clear-Site-Data"] = '"cache"'
        return response


def _is_restored(request: HttpRequest, response: HttpResponseBase) -> bool:
    match, is_page = request.resolver_match, request.method == "GET" and "HX-Request" not in request.headers
    if not match or match.view_name not in RESTORED or not is_page or response.status_code != 200:
        return False
    return request.is_secure() or is_loopback(f"http://{request.get_host()}/")


class Compressed(GZipMiddleware):
    """Compresses large pages, where the length of an answer tells another site nothing (BREACH).

    That attack needs a secret and the attacker's text in one page, and requests that the attacker's site causes. The
    pages in `COMPRESSED` show no secret but the CSRF token, which Django masks again each time; what another site asks
    for is not compressed; and Django adds up to 100 random bytes. Over https a browser that does not say where a
    request comes from counts as another site; over http anyone who can measure the length can read the page.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        match, site = (
            request.resolver_match,
            request.headers.get("Sec-Fetch-Site", "" if request.is_secure() else "none"),
        )
        if not match or match.view_name not in COMPRESSED or request.method != "GET" or response.status_code != 200:
            return response
        if not isinstance(response, HttpResponse) or len(response.content) < MIN_COMPRESSED_BYTES:
            return response
        return super().process_response(request, response) if site in ("none", "same-origin") else response


class RefuseNul(Middleware):
    """400 instead of a surprise, wherever a query met a NUL: SQLite keeps it, PostgreSQL refuses it."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, DataError | ValueError) and "NUL" in str(exception):
            return HttpResponseBadRequest("A text in this request contains a NUL character.", content_type="text/plain")
        return None
