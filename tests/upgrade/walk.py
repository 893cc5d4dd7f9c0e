"""A walk over every page that links lead to: the status of each address."""

import re
from collections.abc import Callable, Sequence
from html import unescape
from typing import NamedTuple
from urllib.parse import urldefrag, urljoin, urlsplit

MAX_PAGES = 300
# Files are beside the database; signing out ends the walk; filters and sheets of one page are that page again.
SKIPPED = re.compile(r"/(file|poster)$|^/(accounts/logout|static|files)/|/zip/|\?")
STARTS = (
    *("/", "/jobs/", "/videos/", "/videos/bin/", "/uploads/", "/collections/", "/team/", "/usage/", "/settings/"),
    *("/activity/", "/notifications/", "/account/", "/account/tokens/", "/api/", "/settings/webhook/"),
    "/usage/?month=all",
)


class Page(NamedTuple):
    status: int
    html: str
    location: str


def walk(get: Callable[[str], Page], starts: Sequence[str] = STARTS) -> dict[str, int]:
    """The status of every address that these pages lead to."""
    statuses: dict[str, int] = {}
    queue = list(starts)
    while queue and len(statuses) < MAX_PAGES:
        address = queue.pop(0)
        if address in statuses:
            continue
        page = get(address)
        statuses[address] = page.status
        if page.location:
            # Another origin is not ours to walk.
            queue += [to for to in [urljoin(address, page.location)] if not urlsplit(to).netloc]
        queue += links(page.html, address)
    return statuses


def links(html: str, address: str) -> list[str]:
    found = (
        urldefrag(urljoin(address, unescape(href)))[0] for href in re.findall(r'\s(?:href|hx-get)="([^"]+)"', html)
    )
    return [link for link in found if not urlsplit(link).netloc and link.startswith("/") and not SKIPPED.search(link)]
