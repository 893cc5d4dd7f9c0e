"""The pages of a team that has lived in its studio: readable by machines, in both themes, at every width."""

import json
from typing import Any

import pytest

from tests.e2e.studio import Studio
from tests.e2e.test_pages import SIZE_NAMES, SIZES, Opened, go_over
from tests.e2e.test_pages import opened as opened

ACCOUNT = [
    "/account/",
    "/account/sessions/",
    "/account/tokens/",
    "/account/notifications/",
    "/notifications/",
    "/account/email/",
    "/accounts/password/change/",
    "/accounts/2fa/totp/activate/",
    "/accounts/2fa/recovery-codes/generate/",
]

pytestmark = pytest.mark.parametrize("size", SIZES, ids=SIZE_NAMES)


@pytest.fixture(scope="module")
def lived(studio: Studio) -> dict[str, list[str]]:
    """The addresses of its pages, by group."""
    found: dict[str, list[str]] = json.loads(studio.python("from tests.e2e.lived import live; live()").splitlines()[-1])
    return found


@pytest.mark.parametrize("group", ["money", "people", "library"])
def test_pages_of_the_team(
    group: str, size: dict[str, Any], opened: Opened, studio: Studio, lived: dict[str, list[str]]
) -> None:
    go_over(opened(studio, **size, bypass_csp=True), studio, lived[group])


def test_pages_of_an_account(size: dict[str, Any], opened: Opened, studio: Studio, lived: dict[str, list[str]]) -> None:
    go_over(opened(studio, **size, bypass_csp=True), studio, ACCOUNT)


@pytest.mark.parametrize("group", ["guests", "invited"])
def test_pages_for_guests(
    group: str, size: dict[str, Any], opened: Opened, studio: Studio, lived: dict[str, list[str]]
) -> None:
    go_over(opened(studio, signed_in=False, **size, bypass_csp=True), studio, lived[group])


def test_they_keep_the_content_policy(
    size: dict[str, Any], opened: Opened, studio: Studio, lived: dict[str, list[str]]
) -> None:
    """What a page complains of fails this as it ends: see `watched`."""
    page = opened(studio, **size)
    for address in [*ACCOUNT, *(each for group in lived.values() for each in group)]:
        page.goto(studio.url + address)
