"""What holds for every answer under a shared link, whatever it is."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST

from wanstudio.web.way_back import SHARED

# Addresses that open something by themselves, and are sent around.
LETTERS = ("/invite/", "/spending/by-mail/", "/unsubscribe/", "/account/email/", "/accounts/password/reset/")


class Unlisted:
    """Nothing under a shared link is kept by anybody, indexed, or told to the next site: pages, files and refusals."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        if request.path.startswith(SHARED):
            response.headers["X-Robots-Tag"] = "noindex, nofollow"
            response.headers["Referrer-Policy"] = "no-referrer"
            response.headers["Cache-Control"] = "private, no-store"
            # Redirects to an address with its last slash never get as far as the middleware that says it else.
            response.headers["X-Frame-Options"] = "DENY"
        elif request.path.startswith(LETTERS):
            response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response


def guest_post(view: Callable[..., Any]) -> Callable[..., Any]:
    """A form of a shared page. A browser that may not say where it comes from sends `Origin: null` with it.

    That is as good as none: the form's token must still be the cookie's, and no other site has either.
    """
    protected = csrf_protect(require_POST(view))

    @csrf_exempt
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.META.get("HTTP_ORIGIN") == "null":
            request.META["HTTP_ORIGIN"] = f"{request.scheme}://{request.get_host()}"
        return protected(request, *args, **kwargs)

    return answer
