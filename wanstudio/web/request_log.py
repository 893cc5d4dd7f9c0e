"""The request log: one line a request, with its person, path, status and duration, and without its secrets."""

import logging
import re
import time
from uuid import uuid4

from django.http import HttpRequest, HttpResponseBase

from wanstudio.web.middleware import Middleware
from wanstudio.work.log_context import about

log = logging.getLogger("wanstudio.requests")

# Shorter ones are words that anybody knows, such as the sandbox's key, and appear in honest messages.
SHORTEST_SECRET = 8
HEADER = "X-Request-ID"
# Asked every few seconds by pages and by machines: only of interest to who looks for them.
CHATTER = ("/healthz", "/readyz", "/static/", "/jobs/status/")


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
            self._write(request, response, time.monotonic() - began)
        response[HEADER] = name
        return response

    def _write(self, request: HttpRequest, response: HttpResponseBase, took_s: float) -> None:
        # The person, if the view has asked; asking now would cost the endpoints of machines a query.
        person = getattr(getattr(request, "_cached_user", None), "pk", None) or "-"
        quiet = request.path.startswith(CHATTER) and response.status_code < 500
        path, status, ms = public_path(request), response.status_code, round(took_s * 1000)
        log.log(
            logging.DEBUG if quiet else logging.INFO,
            *("%s %s %s %d ms person=%s", request.method, path, status, ms, person),
            extra={"method": request.method, "path": path, "status": status, "duration_ms": ms, "person": person},
        )


def public_path(request: HttpRequest) -> str:
    """The path as it may be written down: ids stay, tokens and signatures do not.

    What a route captures as text is a token in this studio, or a name that no log needs.
    """
    path = str(request.path)
    match = request.resolver_match
    if match is None:
        # No route fits: it may be a token without its last slash.
        return "/".join(part if len(part) < SHORTEST_SECRET * 2 else "…" for part in path.split("/"))
    for value in (*match.args, *match.kwargs.values()):
        if isinstance(value, str) and value:
            path = path.replace(value, "…")
    return path
