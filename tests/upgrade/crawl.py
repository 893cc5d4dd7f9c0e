"""A walk over every page that a signed-in owner can reach by links, in a studio's own process.

Prints a JSON object: the status of each address. Run as a module, with the studio's settings in the environment.
"""

import json
import re
from html import unescape
from urllib.parse import urldefrag, urljoin, urlsplit

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402

MAX_PAGES = 300
# Files lie beside the database; signing out ends the walk; filters and sheets of one page are that page again.
SKIPPED = re.compile(r"/(file|poster)$|^/(accounts/logout|static|files)/|/zip/|\?")


def walk(client: Client, starts: list[str]) -> dict[str, int]:
    """The status of every address that these pages lead to."""
    statuses: dict[str, int] = {}
    queue = list(starts)
    while queue and len(statuses) < MAX_PAGES:
        address = queue.pop(0)
        if address in statuses:
            continue
        response = client.get(address)
        statuses[address] = response.status_code
        if response.get("Content-Type", "").startswith("text/html"):
            queue += links(response.content.decode(), address)
        elif response.status_code in (301, 302):
            queue.append(urljoin(address, response["Location"]))
        response.close()
    return statuses


def links(html: str, address: str) -> list[str]:
    found = (
        urldefrag(urljoin(address, unescape(href)))[0] for href in re.findall(r'\s(?:href|hx-get)="([^"]+)"', html)
    )
    return [link for link in found if not urlsplit(link).netloc and link.startswith("/") and not SKIPPED.search(link)]


def main() -> None:
    call_command("migrate", verbosity=0)
    owner = get_user_model().objects.get(email="owner@example.com")
    client = Client(headers={"host": "127.0.0.1:8000"})
    client.force_login(owner)
    pages = ["/", "/jobs/", "/videos/", "/videos/bin/", "/uploads/", "/collections/", "/team/", "/usage/", "/settings/"]
    pages += [
        "/activity/",
        "/notifications/",
        "/account/",
        "/account/tokens/",
        "/api/",
        "/settings/webhook/",
        "/usage/?month=all",
    ]
    print(json.dumps(walk(client, pages)))  # noqa: T201


if __name__ == "__main__":
    main()
