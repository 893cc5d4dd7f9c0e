"""The pages of a team that has lived in its studio: readable by machines, in both themes, at every width."""

import json

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.axe import LOOKED_AT, go_over, wrong_with
from tests.e2e.conftest import Opened, sign_in
from tests.e2e.studio import Studio
from tests.e2e.template import PASSWORD
from tests.e2e.windows import PHONE, WIDE, Window

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
    "/accounts/2fa/webauthn/add/",
]

pytestmark = pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])


@pytest.fixture(scope="module")
def lived(studio: Studio) -> dict[str, list[str]]:
    """The addresses of its pages, by group."""
    found: dict[str, list[str]] = json.loads(
        studio.python("from tests.proof.pages.lived import live; live()").splitlines()[-1]
    )
    return found


@pytest.mark.parametrize("group", ["money", "people", "library"])
def test_pages_of_the_team(
    group: str, size: Window, opened: Opened, studio: Studio, lived: dict[str, list[str]]
) -> None:
    page = opened(studio, signed_in=False, **size, **LOOKED_AT)
    it_is_me(page, studio)
    go_over(page, studio, lived[group])


def test_pages_of_an_account(size: Window, opened: Opened, studio: Studio, lived: dict[str, list[str]]) -> None:
    page = opened(studio, signed_in=False, **size, **LOOKED_AT)
    sign_in(page, studio)
    page.goto(f"{studio.url}/accounts/2fa/totp/activate/")
    assert wrong_with(page) == []
    confirm(page, studio)
    go_over(page, studio, ACCOUNT)


@pytest.mark.parametrize("group", ["guests", "invited"])
def test_pages_for_guests(
    group: str, size: Window, opened: Opened, studio: Studio, lived: dict[str, list[str]]
) -> None:
    go_over(opened(studio, signed_in=False, **size, **LOOKED_AT), studio, lived[group])


def test_they_keep_the_content_policy(
    size: Window, opened: Opened, studio: Studio, lived: dict[str, list[str]]
) -> None:
    """What a page complains of fails this as it ends: see `watched`."""
    page = opened(studio, signed_in=False, **size)
    it_is_me(page, studio)
    for address in [*ACCOUNT, *(each for group in lived.values() for each in group)]:
        page.goto(studio.url + address)


def it_is_me(page: Page, studio: Studio) -> None:
    sign_in(page, studio)
    confirm(page, studio)


def confirm(page: Page, studio: Studio) -> None:
    """The password once more: without it the sheets of an account only ask for it."""
    page.goto(f"{studio.url}/accounts/2fa/totp/activate/")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Authenticator app")).to_be_visible()
