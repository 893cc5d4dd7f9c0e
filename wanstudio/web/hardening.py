"""Hardening of every answer: other sites are kept away from it, and a NUL in a text is refused."""

from django.db import DataError
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseBase

from wanstudio.web.middleware import Middleware

NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class Isolated(Middleware):
    """No other site may show an answer in a frame, or load it as a part of its own page.

    Outermost of those that set headers: files of `static/` and redirects to another address are answered before the
    middleware that sets them for pages. What an answer says of itself stays.
    """

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("X-Frame-Options", "DENY")
        response.headers.setdefault("Content-Security-Policy", NOTHING)
        return response


class RefuseNul(Middleware):
    """400 instead of a surprise, wherever a query met a NUL: SQLite keeps it, PostgreSQL refuses it."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, DataError | ValueError) and "NUL" in str(exception):
            return HttpResponseBadRequest("A text in this request holds a NUL.", content_type="text/plain")
        return None
