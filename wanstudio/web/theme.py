"""The theme, kept in a cookie so that the server paints the right one from the first byte."""

from http import HTTPStatus

from django.conf import settings
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
    """`theme`: one of THEMES. The page has changed by itself already."""
    chosen = request.POST.get("theme", "")
    if chosen not in THEMES:
        return HttpResponse(status=HTTPStatus.UNPROCESSABLE_ENTITY)
    response = HttpResponse(status=HTTPStatus.NO_CONTENT)
    response.set_cookie(_name(), chosen, YEAR_S, secure=settings.HTTPS, httponly=True, samesite="Lax")
    return response


def _name() -> str:
    return "__Host-theme" if settings.HTTPS else "theme"
