"""The scope of a request in which the provider in use is looked up once."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from wanstudio.keys.in_force import asked_once


class ProviderOnce:
    """Around a request: a page that names the provider in many places asks once, and says one thing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with asked_once():
            return self._get_response(request)
