"""Share links in both themes: the dialog, and what a guest sees until the link has ended."""

import pytest
from playwright.sync_api import expect

from tests.e2e.axe import LOOKED_AT, wrong_with
from tests.e2e.conftest import Opened
from tests.e2e.studio import Studio
from tests.e2e.test_shared import make_link
from tests.e2e.test_shared import video as video
from tests.e2e.windows import PHONE, WIDE, Window


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_pages_are_accessible(size: Window, opened: Opened, studio: Studio, video: int) -> None:
    owner = opened(studio, **size, **LOOKED_AT)
    open_one = make_link(owner, studio, f"/videos/{video}/")
    owner.locator(".share").first.get_by_text("QR code").click()
    owner.locator(".share").last.get_by_text("Options").click()
    assert wrong_with(owner) == []
    locked = make_link(owner, studio, f"/videos/{video}/", password="quay at dawn")
    collection = make_link(owner, studio, "/videos/?collection=1")
    owner.goto(f"{studio.url}/videos/{video}/share/")
    assert wrong_with(owner) == []
    guest = opened(studio, signed_in=False, **size, **LOOKED_AT)
    for address in (open_one, locked, collection):
        guest.goto(address)
        assert wrong_with(guest) == []
    kept = owner.locator(".share").count() - 1
    owner.locator(".share").first.get_by_role("button", name="Revoke").click()
    expect(owner.locator(".share")).to_have_count(kept)
    guest.goto(locked)
    expect(guest.get_by_text("Ask Northlight for a new one.")).to_be_visible()
    assert wrong_with(guest) == []
