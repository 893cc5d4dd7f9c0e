"""Names that others rely on: routes, commands, settings, and the shapes of the API, held against stored lists.

A difference here is a change of the contract with the outside: say so in the changelog, and store the new list.
"""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def stored(name: str) -> list[str]:
    return (HERE / name).read_text().splitlines()


def routes(patterns: Iterable[URLPattern | URLResolver], before: str = "", namespace: str = "") -> Iterator[str]:
    """`jobs.show jobs/<int:pk>/`, and `-` where a route has no name."""
    for pattern in patterns:
        address = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from routes(pattern.url_patterns, address, inner)
        else:
            yield f"{namespace}{pattern.name} {address}" if pattern.name else f"- {address}"


def options(name: str) -> list[str]:
    """What the command takes besides what every command of Django takes."""
    usual = {action.dest for action in BaseCommand().create_parser("manage.py", "usual")._actions}
    parser = load_command_class("wanstudio", name).create_parser("manage.py", name)
    own = [action for action in parser._actions if action.dest not in usual]
    return sorted(", ".join(action.option_strings) or action.dest for action in own)


def test_route_names_and_addresses_stay() -> None:
    assert sorted(routes(get_resolver().url_patterns)) == stored("routes.txt")


def test_commands_and_their_options_stay() -> None:
    ours = sorted(name for name, app in get_commands().items() if app == "wanstudio")
    assert [" ".join([name, *options(name)]) for name in ours] == stored("commands.txt")


def test_settings_stay() -> None:
    text = (ROOT / ".env.example").read_text()
    assert sorted(set(re.findall(r"^#?([A-Z0-9_]+)=", text, re.M))) == stored("settings.txt")


def test_description_of_the_api_stays(db: None) -> None:
    told = Client().get(reverse("api:openapi-json")).json()
    known = json.loads((HERE / "openapi.json").read_text())
    del told["info"]["version"], known["info"]["version"]
    for name in ("QuoteIn", "JobIn"):
        now, before = (api["components"]["schemas"][name]["properties"]["resolution"] for api in (told, known))
        # One more is the provider's affair, see its description; one less would break who asks for it.
        assert set(before.pop("enum")) <= set(now.pop("enum"))
    assert told == known
