"""The studio's own address, for what leaves it: links to copy, previews, codes."""

from django.conf import settings
from django.http import HttpRequest


def origin(request: HttpRequest) -> str:
    """`https://studio.example`: the public address if there is one, else where this request came to."""
    return settings.WANSTUDIO_URL or f"{request.scheme}://{request.get_host()}"
