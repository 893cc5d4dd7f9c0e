"""Rubbish at every address: whatever is sent, the answer is a page or a refusal, and never an error of ours."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from tests.access.doors import filled
from tests.access.people import NOBODY, OWNER
from tests.access.table import TABLE
from tests.access.test_matrix import address
from tests.access.world import World

pytestmark = pytest.mark.django_db
HUGE = 2**64 + 1
# Ids beyond 64 bits, NULs, what is no text, what is no number, and far too much of it.
RUBBISH = [str(HUGE), "a\x00b", "\ud7ff\U0010ffff\u202e", "NaN", "²", "x" * 20_000]
ASKED = (
    "before",
    "kind",
    "only",
    "person",
    "from",
    "to",
    "month",
    "with",
    "t",
    "page",
    "link",
    "team",
    "seen",
    "as",
    "q",
)
ASKED_TOO = ("source", "seconds", "motion", "character", "resolution", "through", "collection", "tag", "sort", "group")


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


def queries() -> Iterator[dict[str, str]]:
    for rubbish in RUBBISH:
        yield dict.fromkeys(ASKED + ASKED_TOO, rubbish)


def posts(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The right form with rubbish in every field, in one at a time, and with a file where there should be a word."""
    for rubbish in RUBBISH:
        yield {"data": dict.fromkeys(body, rubbish)}
    for name in body:
        yield {"data": body | {name: SimpleUploadedFile("\u202e..%00.mp4", b"\x00rubbish")}}
    yield {
        "data": b'{"price": 1e999, "motion": 99999999999999999999, "seconds": NaN}',
        "content_type": "application/json",
    }
    yield {"data": b"[" * 5000, "content_type": "application/json"}
    yield {"data": b"\x00\xff", "content_type": "multipart/form-data"}
    yield {"data": b"", "content_type": "text/xml; charset=nothing"}


def statuses(world: World, route: str) -> Iterator[tuple[int, object]]:
    door, name = TABLE[route], OWNER
    path = address(route, door, world)
    api = route.startswith("api/v1/")
    for query in queries() if door.get else ():
        yield _sent(world, name, api, "get", path, {"data": query}), query
    for sent in posts(filled(door.body, world.ids)) if door.post else ():
        yield _sent(world, name, api, "post", path, sent), sent
    if "pk" in world.at.get(door.on, {}):
        wild = path.replace(f"/{world.at[door.on]['pk']}/", f"/{HUGE}/")
        yield _sent(world, name, api, "get" if door.get else "post", wild, {}), wild
    if "token" in world.at.get(door.on, {}):
        token = str(world.at[door.on]["token"])
        for word in ("x", token[:-1], token + "%00", "%FF%FE", "x" * 3000):
            yield _sent(world, NOBODY, False, "get" if door.get else "post", path.replace(token, word), {}), word


def _sent(world: World, name: str, api: bool, method: str, path: str, sent: dict[str, Any]) -> int:
    client = world.browser(name, api=api)
    # As it is: the test client would want to understand it first.
    raw = "content_type" in sent
    with transaction.atomic():
        answer = client.generic("POST", path, **sent) if raw else getattr(client, method)(path, **sent)
        status: int = answer.status_code
        transaction.set_rollback(True)
    return status


@pytest.mark.parametrize("route", TABLE)
def test_rubbish_breaks_nothing(route: str, world: World) -> None:
    broken = [(status, what) for status, what in statuses(world, route) if status >= 500 and route != "readyz"]
    assert broken == []
