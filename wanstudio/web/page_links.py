"""Links to pages: where a row is shown, and the studio's own address before it."""

from django.conf import settings
from django.db import models
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

# Model to the route of its page, and whether the route wants the row's id.
PAGES = {
    "job": ("jobs.show", True),
    "video": ("videos.show", True),
    "collection": ("collections.index", False),
    "source": ("uploads.index", False),
    "team": ("team.show", False),
    "membership": ("team.show", False),
    "invitation": ("team.show", False),
    "spendrequest": ("requests.show", True),
    "providerkey": ("settings.show", False),
    "webhook": ("webhook.show", False),
}


def path_of(thing: str, pk: int | None) -> str:
    """The path of its page, empty for what has none."""
    route, wants_id = PAGES.get(thing, ("", False))
    try:
        return reverse(route, args=[pk] if wants_id else []) if route else ""
    except NoReverseMatch:
        return ""


def path_to(row: models.Model | None) -> str:
    return path_of(row._meta.model_name or "", row.pk) if row else ""


def address_of(path: str) -> str:
    """The same with the studio's address before it, for a mail."""
    return f"{settings.LINK_BASE}{path}"


def origin(request: HttpRequest) -> str:
    """`https://studio.example`: the public address if there is one, else where this request came to."""
    return settings.WANSTUDIO_URL or f"{request.scheme}://{request.get_host()}"
