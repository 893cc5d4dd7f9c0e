"""Answers while the database or the disk is away: 503 with the reason: a page, a problem of the API, or a sentence."""

import sys

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.defaults import server_error

from wanstudio.api.endpoints import api
from wanstudio.web.way_back import is_htmx
from wanstudio.work.outages import noticed

RETRY_AFTER_S = 10


def failed(request: HttpRequest) -> HttpResponse:
    """Django's `handler500`. The page needs neither session nor database, and after a GET it reloads itself."""
    wrong = sys.exc_info()[1]
    away = noticed(wrong) if wrong else None
    if request.path.startswith("/api/v1/") and isinstance(wrong, Exception):
        response = api.on_exception(request, wrong)
    elif away is None:
        return server_error(request)
    elif is_htmx(request):
        response = HttpResponse(away.sentence, status=503, content_type="text/plain; charset=utf-8")
    else:
        shown = {"sentence": away.sentence, "retry_s": RETRY_AFTER_S, "is_form": request.method not in ("GET", "HEAD")}
        response = HttpResponse(render_to_string("503.html", shown), status=503)
    if away:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    # Django would write a traceback for each such answer.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response
