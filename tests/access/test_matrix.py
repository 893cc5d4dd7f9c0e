"""Every address, every method, everybody: who may gets in; who may not is refused, sees nothing, writes nothing.

And no cache keeps an answer, whoever got it.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.urls import URLPattern, URLResolver, get_resolver

from tests.access.doors import Door, filled, judged
from tests.access.people import EVERYBODY, GUEST, NO_ONE, NOBODY, OUTSIDE, Who, in_order
from tests.access.table import SHARED, TABLE
from tests.access.world import MARK, World

# Around each test, within the transaction of `world`: without it nothing would make the database.
pytestmark = pytest.mark.django_db
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# Whoever comes leaves these: sessions and their list, tries that are counted, and the time a token was used.
TRACES = ("django_session", "usersessions_usersession", "cache", "wanstudio_apitoken")
# A link by mail is the permission to see what it is about.
OPEN_BY_TOKEN = ("spending/by-mail/<str:token>/", "files/<str:signed>/<str:name>")
_WRITES = re.compile(r'^\s*(?:INSERT(?: OR IGNORE)? INTO|UPDATE|DELETE FROM)\s+"?([\w]+)"?', re.IGNORECASE)


def routes(found: list[Any] | None = None, before: str = "") -> Iterator[str]:
    for each in get_resolver().url_patterns if found is None else found:
        path = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from routes(each.url_patterns, path)
        elif isinstance(each, URLPattern):
            yield path


class Written:
    """The tables in which rows were written meanwhile, without `TRACES`."""

    def __init__(self) -> None:
        self.tables: set[str] = set()

    def __call__(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        found = _WRITES.match(str(sql))
        # SQLite counts what an INSERT gives back only once it has been read.
        is_done = context["cursor"].rowcount != 0 or "RETURNING" in sql
        if found and is_done and not found[1].endswith(TRACES):
            self.tables.add(found[1])
        return result


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Made once: every request is taken back, so that the next finds everything as it was."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


def address(route: str, door: Door, world: World) -> str:
    parts = world.at[door.on] if door.on else {}
    return "/" + (door.url or re.sub(r"<\w+:(\w+)>", lambda found: str(parts[found[1]]), route))


def asked(world: World, route: str, method: str, name: str) -> tuple[Any, bytes, set[str]]:
    """The answer, what it holds, and where it wrote. Nothing of it stays."""
    door, written = TABLE[route], Written()
    client = world.browser(name, api=route.startswith("api/v1/"))
    body: Any = filled(door.body, world.ids) if method == "POST" else None
    kind: dict[str, Any] = {"content_type": "application/json"} if door.json else {}
    with transaction.atomic(), connection.execute_wrapper(written):
        if method == "POST":
            answer: Any = client.post(address(route, door, world), body, headers=door.headers, **kind)
        else:
            answer = client.generic(method, address(route, door, world))
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        transaction.set_rollback(True)
    return answer, content, written.tables


def wrongs(world: World, route: str, method: str, name: str) -> Iterator[str]:
    door = TABLE[route]
    answer, content, written = asked(world, route, method, name)
    was = judged(answer)
    said = f"{method} by {name}: {answer.status_code} {was}"
    if was == "broken":
        yield said
    if not is_kept_by_no_cache(route, answer):
        yield f"{said}, and a cache may keep it: {answer.headers.get('Cache-Control')}"
    if name in outside(route) and MARK.encode() in content:
        yield f"{said}, and saw what is the team's"
    if name in door.may(method):
        no_head = method == "HEAD" and was == "method" and route.startswith("api/v1/")
        if door.sure and was not in ("in", "unfit") and not no_head:
            yield f"{said}, but may"
        if method == "POST" and door.acts and not written:
            yield f"{said}, but nothing was done"
        return
    ways_out = {"refused", "method", "unfit"} | ({"sign in"} if name in (GUEST, NOBODY) else set())
    if was not in ways_out and door.sure and not (method == "OPTIONS" and was in ("in", "sign in")):
        yield f"{said}, but must not"
    if written:
        yield f"{said}, and wrote into {sorted(written)}"


# The same for everybody, and asked about each time.
SAYS_NOTHING = ("manifest.webmanifest", "service-worker.js", "offline/")


def is_kept_by_no_cache(route: str, answer: Any) -> bool:
    """True for what no cache keeps, and for files that their browser keeps and asks about each time."""
    kept: str = answer.headers.get("Cache-Control", "")
    if route in SAYS_NOTHING and answer.status_code == 200:
        return kept == "no-cache"
    is_file = route.endswith(("/file", "/poster", "/preview", "/strip", "<str:name>")) and "ETag" in answer.headers
    return "no-store" in kept or (is_file and kept == "private, no-cache")


def outside(route: str) -> Who:
    """To whom nothing of the team may be shown here."""
    if route in OPEN_BY_TOKEN:
        return NO_ONE
    return OUTSIDE - {GUEST} if route in SHARED else OUTSIDE


def test_the_table_has_every_address_and_no_other() -> None:
    here = set(routes())
    assert sorted(here - TABLE.keys()) == []
    assert sorted(TABLE.keys() - here) == []


@pytest.mark.parametrize("route", TABLE)
def test_who_gets_in(route: str, world: World) -> None:
    found = [
        f"{wrong}" for method in METHODS for name in in_order(EVERYBODY) for wrong in wrongs(world, route, method, name)
    ]
    assert found == []


def test_the_mark_is_there_to_be_seen(world: World) -> None:
    for route in ("videos/", "jobs/<int:pk>/", "collections/", "s/<str:token>/"):
        _, content, _ = asked(world, route, "GET", GUEST if route in SHARED else "viewer")
        assert MARK.encode() in content, route
