"""Bodies of requests: how large they can be, and the answer to one that was refused.

The server receives a whole body before anything of ours works on it, and discards one longer than `max_body`.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat

from wanstudio.web.middleware import Middleware
from wanstudio.web.way_back import is_htmx

# In the environment of a request: why the server discarded its body.
REFUSED = "wanstudio.refused"
BUSY = "The studio is receiving too many large files. Wait a minute"
FULL = "The studio's disk is full, so it cannot receive files. Free some space, or ask the person who runs the studio"
TOO_LARGE = "This upload is {size}; the limit is {limit}. Choose a smaller file"
# A piece of a file by the tus protocol; the sender chooses how large, up to the whole file.
PIECE = "application/offset+octet-stream"
NOTHING_DONE = "Nothing was saved, sent or charged."


def max_body(content_type: str) -> int:
    """A form with files can bring one of each kind, and its text; anything else is text alone."""
    if content_type.lower().startswith("multipart/form-data"):
        return settings.CLIP_MAX_BYTES + settings.IMAGE_MAX_BYTES + settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if content_type.lower().startswith(PIECE):
        return max(settings.CLIP_MAX_BYTES, settings.IMAGE_MAX_BYTES)
    return settings.DATA_UPLOAD_MAX_MEMORY_SIZE


class RefusedBodies(Middleware):
    """Answers a body that was discarded before a view misses a form in it: 413, or 503 for a reason that passes."""

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
