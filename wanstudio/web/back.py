"""The way back after a form without a page of its own."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme


def back(request: HttpRequest, otherwise: str, *args: Any) -> HttpResponse:
    """To the page the form names in `next`, if it is one of ours; else to the route `otherwise`."""
    named = request.POST.get("next", "")
    # A word without a slash would be taken for the name of a route.
    if named.startswith("/") and url_has_allowed_host_and_scheme(
        named, {request.get_host()}, require_https=request.is_secure()
    ):
        return redirect(named)
    return redirect(otherwise, *args)
