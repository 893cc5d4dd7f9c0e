"""The library in a browser: selecting, collecting, tagging, the archive and the bin; by keys and without JavaScript."""

import re
import sqlite3
import zipfile
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.studio import Studio
from tests.e2e.test_videos import PAGE, copy_video, titles

COPIES = 70


@pytest.fixture(scope="module")
def wall(studio: Studio) -> Studio:
    """One video of its own and copies of it that share its files."""
    studio.python("from tests.e2e.finished import finish; finish(prompt='Slowly along the quay')")
    with closing(sqlite3.connect(studio.data / "studio.sqlite3", timeout=20)) as database, database:
        for number in range(COPIES):
            copy_video(database, 1, f"Take {number:03}")
    return studio


def select(page: Page, *names: str) -> None:
    page.get_by_role("link", name="Select", exact=True).click()
    for name in names:
        page.get_by_role("checkbox", name=f"Select {name}", exact=True).check()


def test_selecting_tells_how_many_and_how_long(wide: Page, wall: Studio) -> None:
    wide.goto(f"{wall.url}/videos/")
    bar = wide.locator("#selection")
    expect(bar).to_be_hidden()
    select(wide, "Take 069")
    expect(bar).to_contain_text("1 selected")
    wide.get_by_role("checkbox", name="Select Take 065").click(modifiers=["Shift"])
    expect(bar).to_contain_text("5 selected")
    expect(bar).to_contain_text("25.0 s")
    wide.get_by_role("link", name="Take 060", exact=True).click()
    expect(bar).to_contain_text("6 selected")
    assert wide.url == f"{wall.url}/videos/", "a click ticks, and leads nowhere, while one selects"
    wide.get_by_role("checkbox", name="All 71").check()
    expect(bar).to_contain_text("71 selected")
    wide.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    assert wide.locator(".tile-check :checked").count() == 0


def test_collect_by_keys_then_rename_and_delete(page: Page, wall: Studio) -> None:
    page.goto(f"{wall.url}/videos/")
    select(page, "Take 069", "Take 068")
    page.locator("#selection summary", has_text="Add to collection").press("Enter")
    page.get_by_label("New collection").fill("Harbour cut")
    page.get_by_label("New collection").press("Enter")
    page.get_by_role("link", name="“Harbour cut”").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Harbour cut")
    expect(page.locator(".tile-link")).to_have_text(["Take 069", "Take 068"])
    page.locator(".head summary").click()
    page.get_by_label("Name").fill("Final cut")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Final cut")
    page.goto(f"{wall.url}/collections/")
    expect(page.get_by_text("2 videos")).to_be_visible()
    page.get_by_label("More about Final cut").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No collections yet")).to_be_visible()


def test_tags_on_the_page_of_a_video_lead_to_the_wall(page: Page, wall: Studio) -> None:
    video = wall.rows("SELECT video_id FROM wanstudio_job WHERE title = 'Take 060'")[0][0]
    page.goto(f"{wall.url}/videos/{video}/")
    page.get_by_label("Add a tag").fill("Noir")
    page.get_by_label("Add a tag").press("Enter")
    page.locator(".chips").get_by_role("link", name="Noir").click()
    expect(page.locator(".tile-link")).to_have_text(["Take 060"])
    page.goto(f"{wall.url}/videos/{video}/")
    page.get_by_role("button", name="Remove the tag Noir").click()
    expect(page.locator(".chips")).to_have_count(0)


def test_filters_swap_and_the_way_back_works(page: Page, wall: Studio) -> None:
    page.goto(f"{wall.url}/videos/?q=take")
    page.evaluate("window.stays = true")
    page.locator(".filters summary", has_text="Date").click()
    page.get_by_role("link", name="Last 7 days").click()
    page.wait_for_url(re.compile(r"q=take&from=\d{4}-\d\d-\d\d$"))
    expect(page.locator(".filters summary[aria-current]")).to_have_text("Last 7 days")
    assert page.evaluate("window.stays"), "no page was loaded"
    page.go_back()
    page.wait_for_url(re.compile(r"\?q=take$"))
    expect(page.locator(".filters summary[aria-current]")).to_have_count(0)
    page.goto(f"{wall.url}/videos/?q=take&to=2020-01-01")
    expect(page.get_by_text("Nothing matches")).to_be_visible()


def test_what_was_scrolled_to_is_in_the_address(wide: Page, wall: Studio) -> None:
    wide.goto(f"{wall.url}/videos/")
    for count in (*range(2 * PAGE, COPIES + 1, PAGE), COPIES + 1):
        wide.locator(".wall-more").scroll_into_view_if_needed()
        expect(wide.locator(".tile")).to_have_count(count)
    wide.wait_for_url(re.compile(r"\?through=\d+$"))
    wide.reload()
    expect(wide.locator(".tile")).to_have_count(COPIES + 1)


def test_without_javascript_tiles_are_ticked_downloaded_and_binned(plain: Page, wall: Studio) -> None:
    plain.goto(f"{wall.url}/videos/")
    select(plain, "Take 050", "Take 049")
    with plain.expect_download() as begun:
        plain.locator("#selection").get_by_role("button", name="Download").click()
    assert re.fullmatch(r"northlight-videos-\d{4}-\d\d-\d\d\.zip", begun.value.suggested_filename)
    with zipfile.ZipFile(begun.value.path()) as archive:
        assert (archive.testzip(), archive.namelist()) == (None, ["Take 050.mp4", "Take 049.mp4"])
    plain.locator("#selection").get_by_role("button", name="Move to bin").click()
    expect(plain.get_by_role("link", name="Open the bin")).to_be_visible()
    assert "Take 050" not in titles(plain)
    plain.get_by_role("link", name="Open the bin").click()
    for name in ("Take 050", "Take 049"):
        plain.get_by_role("button", name=f"Restore {name}").click()
    expect(plain.get_by_text("The bin is empty")).to_be_visible()
    plain.goto(f"{wall.url}/videos/")
    assert "Take 050" in titles(plain)
