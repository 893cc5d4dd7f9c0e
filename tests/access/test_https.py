"""Over https: every page keeps its score at the Observatory, every cookie is bound to this host, nothing is framed."""

from collections.abc import Iterator
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.db import transaction
from django.test import Client, override_settings

from tests import factories, observatory
from tests.access.https import https_settings, through_proxy
from tests.access.people import GUEST, NOBODY, OWNER
from tests.access.table import SHARED, TABLE
from tests.access.test_matrix import address
from tests.access.world import PASSWORD, World

pytestmark = pytest.mark.django_db
ENOUGH = 115
PAGES = [route for route, door in TABLE.items() if door.get]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock(), override_settings(**https_settings()), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


def browser(world: World, name: str) -> Client:
    client = through_proxy()
    client.cookies = world.browser(name).cookies
    return client


def who_looks(route: str) -> str:
    if route in SHARED:
        return GUEST
    signed_out = route.startswith(("accounts/login", "accounts/password/reset", "invite", "setup"))
    return NOBODY if signed_out else OWNER


@pytest.mark.parametrize("route", PAGES)
def test_every_page_scores(route: str, world: World) -> None:
    client = browser(world, who_looks(route))
    with transaction.atomic():
        answer: Any = client.get(address(route, TABLE[route], world))
        transaction.set_rollback(True)
    points, told = observatory.score(answer, answer.cookies.values())
    assert points >= ENOUGH, told
    assert told["framing"] == 5
    bound(answer.cookies)


def bound(cookies: "SimpleCookie") -> None:
    """`__Host-`: of this host alone, over https alone; and read by no script."""
    for cookie in cookies.values():
        if cookie["max-age"] == 0:
            # Taken away: it holds nothing.
            continue
        assert cookie.key.startswith("__Host-"), cookie
        assert cookie["secure"], cookie
        assert cookie["httponly"], cookie
        assert cookie["samesite"] in ("Lax", "Strict"), cookie
        assert (cookie["path"], cookie["domain"]) == ("/", ""), cookie


def test_every_cookie_on_the_way_in_is_bound(world: World) -> None:
    with transaction.atomic():
        client = through_proxy()
        person = world.people[OWNER]
        for answer in (
            client.get("/accounts/login/"),
            client.post("/accounts/login/", {"login": person.email, "password": factories.PASSWORD}),
            client.post("/settings/webhook/test/", {"team": world.team.pk}),
            client.get("/team/"),
            client.post("/theme/", {"theme": "light"}),
            client.post("/accounts/logout/"),
            client.post(f"/s/{world.at['share']['token']}/password/", {"password": PASSWORD}),
            client.get(f"/s/{world.at['share']['token']}/"),
        ):
            assert answer.status_code < 400
            bound(answer.cookies)
        transaction.set_rollback(True)
    assert {"__Host-session", "__Host-csrf", "__Host-theme"} <= set(client.cookies)


@pytest.mark.parametrize(
    "path", ["/nothing/", "/videos", "/static/nothing.css", "/api/v1/jobs", "/s/none/", "/healthz"]
)
def test_what_is_no_page_is_not_framed_either(path: str, world: World) -> None:
    answer = through_proxy().get(path)
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Strict-Transport-Security"]
