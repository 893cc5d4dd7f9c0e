"""Bodies of requests: how much of one is taken in, and the answer where it was not.

The server takes a body in before anything of ours works on it, and forgets what is longer than `max_body`.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat

from wanstudio.web.middleware import Middleware
from wanstudio.web.way_back import is_htmx

# The name in the environment of a request under which the server says why it kept nothing of the body.
REFUSED = "wanstudio.refused"
BUSY = "The studio is receiving too many large files at once. Wait a minute"
FULL = "The studio's disk is full, so no file can be received. Make room on it, or tell the person who runs the studio"
TOO_LARGE = "This upload has {size}, and at most {limit} are taken at once. Choose a smaller file"
NOTHING_DONE = "Nothing was saved, sent or charged."


def max_body(content_type: str) -> int:
    """A form with files may bring one of each kind, and its words; anything else is words alone."""
    if content_type.lower().startswith("multipart/form-data"):
        return settings.CLIP_MAX_BYTES + settings.IMAGE_MAX_BYTES + settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return settings.DATA_UPLOAD_MAX_MEMORY_SIZE


class RefusedBodies(Middleware):
    """A body that was not kept is answered before a form is missed in it: 413, or 503 for a reason that passes."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        size, limit = length(request), max_body(request.content_type or "")
        if why := request.META.get(REFUSED):
            return _refusal(request, 503, why)
        if size > limit and not request.path.startswith("/hooks/"):
            return _refusal(request, 413, TOO_LARGE.format(size=filesizeformat(size), limit=filesizeformat(limit)))
        return self._get_response(request)


def length(request: HttpRequest) -> int:
    announced = request.META.get("CONTENT_LENGTH") or "0"
    return int(announced) if announced.isdecimal() and len(announced) < 19 else 10**18


def _refusal(request: HttpRequest, status: int, why: str) -> HttpResponse:
    response: HttpResponse
    if request.path.startswith("/api/"):
        problem = {"type": "/api/#invalid", "title": "Not taken", "status": status, "detail": f"{why}. {NOTHING_DONE}"}
        response = JsonResponse(problem, status=status, content_type="application/problem+json")
    elif is_htmx(request):
        response = HttpResponse(f"{why}. {NOTHING_DONE}", status=status, content_type="text/plain; charset=utf-8")
    else:
        response = render(request, "413.html", {"why": why, "nothing_done": NOTHING_DONE}, status=status)
    if status == 503:
        response.headers["Retry-After"] = "60"
    return response
