"""What keeps other sites away from every answer there is: pages, files, errors, and what never reached a view."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class Isolated:
    """No other site may show an answer in a frame, or load it as a part of its own page.

    Outermost of those that set headers: files of `static/` and redirects to another address are answered before the
    middleware that sets them for pages. What an answer says of itself stays.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("X-Frame-Options", "DENY")
        response.headers.setdefault("Content-Security-Policy", NOTHING)
        return response
