"""Pages for what went wrong before any view could say it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """An old or foreign form: nothing was done."""
    return render(request, "403_csrf.html", status=403)
