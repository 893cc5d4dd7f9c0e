"""File shortcut: a file of someone who is signed in is answered before the middleware that only pages need.

That middleware costs more than all that the answer needs: who asks, whether they are allowed to, and the file.
"""

import re
from collections.abc import Callable
from functools import cache
from importlib import import_module

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import resolve
from django.utils.cache import patch_vary_headers

from wanstudio.web.middleware import NOTHING, Middleware

_FILE = re.compile(r"/(videos|uploads)/([0-9]{1,18})/(file|poster|preview|strip)")
# Opened directly, a video or picture is shown by the browser in its own page, which loads it.
_POLICY = f"{NOTHING}; img-src 'self'; media-src 'self'"


class FileShortcut(Middleware):
    """Refusals, and people whose session Django has to look into, go the usual way as if nothing had been asked."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        super().__init__(get_response)
        self._store = import_module(settings.SESSION_ENGINE).SessionStore

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        found = _FILE.fullmatch(request.path_info)
        if found and request.method in ("GET", "HEAD") and settings.SESSION_COOKIE_NAME in request.COOKIES:
            answer = self._answer(request, *found.groups())
            if answer is not None:
                return answer
        return self._get_response(request)

    def _answer(self, request: HttpRequest, noun: str, pk: str, which: str) -> HttpResponseBase | None:
        # Refuses a name that is not the studio's.
        request.get_host()
        request.session = self._store(request.COOKIES[settings.SESSION_COOKIE_NAME])
        request.user = AnonymousUser()
        try:
            view, words = _route(noun, which)
            answer = view(request, pk=int(pk), **words)
        except (Http404, DatabaseError):
            return None
        if answer.status_code == 302 and not answer.headers["Location"].startswith(settings.MEDIA_LINKS or NOTHING):
            return None
        patch_vary_headers(answer, ["Cookie"])
        answer.headers["Content-Security-Policy"] = _POLICY
        return answer


@cache
def _route(noun: str, which: str) -> tuple[Callable[..., HttpResponseBase], dict[str, object]]:
    match = resolve(f"/{noun}/1/{which}")
    return match.func, {name: value for name, value in match.kwargs.items() if name != "pk"}
