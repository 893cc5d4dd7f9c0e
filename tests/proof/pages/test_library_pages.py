"""Library pages in both themes: while videos are selected, filtered, collected and in the bin."""

import pytest
from playwright.sync_api import expect

from tests.e2e.axe import LOOKED_AT, wrong_with
from tests.e2e.conftest import Opened
from tests.e2e.studio import Studio
from tests.e2e.test_library import select
from tests.e2e.test_library import wall as wall
from tests.e2e.windows import PHONE, WIDE, Window


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_pages_are_accessible(size: Window, opened: Opened, wall: Studio) -> None:
    page = opened(wall, **size, **LOOKED_AT)
    page.goto(f"{wall.url}/videos/?q=take")
    select(page, "Take 050")
    assert wrong_with(page) == []
    page.locator("#selection summary", has_text="Tag").click()
    assert wrong_with(page) == []
    page.get_by_label("Tag", exact=True).fill("Noir")
    page.get_by_role("button", name="Add").first.click()
    page.goto(f"{wall.url}/videos/?tag=noir")
    page.locator(".filters summary", has_text="Date").click()
    assert wrong_with(page) == []
    select(page, "Take 050")
    page.locator("#selection summary", has_text="Add to collection").click()
    page.get_by_label("New collection").fill("Cut")
    page.get_by_label("New collection").press("Enter")
    video = wall.rows("SELECT video_id FROM wanstudio_job WHERE title = 'Take 050'")[0][0]
    binned = wall.rows("SELECT video_id FROM wanstudio_job WHERE title = 'Take 002'")[0][0]
    page.goto(f"{wall.url}/videos/{binned}/")
    page.locator("main summary[aria-label=More]").click()
    page.get_by_role("button", name="Move to the bin").click()
    for address in ("/collections/", f"/videos/{video}/", "/videos/bin/", "/videos/bin/?kind=uploads"):
        page.goto(wall.url + address)
        assert wrong_with(page) == [], address
    page.goto(f"{wall.url}/videos/bin/")
    page.get_by_role("button", name="Restore Take 002").click()
    expect(page.get_by_text("The bin is empty")).to_be_visible()
