"""The base of our middleware."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase


class Middleware:
    """Stands around every request, with its own `__call__` or `process_exception`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self._get_response(request)
