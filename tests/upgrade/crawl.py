"""A walk over every page that a signed-in owner can reach by links, in a studio's own process.

Prints a JSON object: the status of each address. Run as a module, with the studio's settings in the environment.
"""

import json

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402

from tests.upgrade.walk import Page, walk  # noqa: E402


def main() -> None:
    call_command("migrate", verbosity=0)
    client = Client(headers={"host": "127.0.0.1:8000"})
    client.force_login(get_user_model().objects.get(email="owner@example.com"))

    def get(address: str) -> Page:
        response = client.get(address)
        is_page = response.get("Content-Type", "").startswith("text/html")
        html = response.content.decode() if is_page else ""
        response.close()
        return Page(response.status_code, html, response.get("Location", ""))

    print(json.dumps(walk(get)))  # noqa: T201


if __name__ == "__main__":
    main()
