"""Pages for what went wrong before any view could say it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from wanstudio.sharing.unlisted import SHARED
from wanstudio.web.way_back import page_before


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """An old or foreign form: nothing was done. Its page, loaded again, has a form that counts.

    A fragment cannot say so: the header has htmx load the page again by itself.
    """
    # A guest's browser does not tell where it was.
    before = request.path[: request.path.find("/", len(SHARED)) + 1] if request.path.startswith(SHARED) else None
    page = render(request, "403_csrf.html", {"before": before or page_before(request)}, status=403)
    page.headers["HX-Refresh"] = "true"
    return page
