"""Cookies of this host alone: the theme, so that the first byte has the right one, and messages for the next page."""

from http import HTTPStatus

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

# The first is what a first visit gets.
THEMES = ("dark", "light", "auto")
YEAR_S = 365 * 24 * 60 * 60


def theme_of(request: HttpRequest) -> str:
    kept = request.COOKIES.get(_name(), "")
    return kept if kept in THEMES else THEMES[0]


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """`theme`: one of THEMES. The page's script has changed it already."""
    chosen = request.POST.get("theme", "")
    if chosen not in THEMES:
        return HttpResponse(status=HTTPStatus.UNPROCESSABLE_ENTITY)
    response = HttpResponse(status=HTTPStatus.NO_CONTENT)
    response.set_cookie(_name(), chosen, YEAR_S, secure=settings.HTTPS, httponly=True, samesite="Lax")
    return response


def _name() -> str:
    return "__Host-theme" if settings.HTTPS else "theme"


class HostCookie(CookieStorage):
    def __init__(self, request: HttpRequest, *args: object, **kwargs: object) -> None:
        super().__init__(request, *args, **kwargs)
        self.cookie_name = "__Host-messages" if settings.HTTPS else "wanstudio_messages"


class Storage(FallbackStorage):
    """Messages for the next page: in the cookie, or in the session if they are long."""

    storage_classes = (HostCookie, SessionStorage)
