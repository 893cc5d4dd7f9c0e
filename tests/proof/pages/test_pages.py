"""Every page as everybody needs it: readable by machines, in both themes, at every width."""

from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.e2e.axe import LOOKED_AT, go_over, wrong_with
from tests.e2e.conftest import Opened
from tests.e2e.pages import EMPTY, OWNER, SIGNED_OUT, in_use
from tests.e2e.person import MIRA, WALK, Person
from tests.e2e.studio import Studio
from tests.e2e.targets import small_targets
from tests.e2e.test_pages import strict
from tests.e2e.windows import PHONE, SIDEWAYS, WIDE, Window

# The share of a line down the right half of the window that bars cover while the page scrolls.
STUCK = """() => {
    const isStuck = (one) =>
        one !== null && (/sticky|fixed/.test(getComputedStyle(one).position) || isStuck(one.parentElement));
    let stuck = 0;
    for (let y = 0; y < innerHeight; y += 2) if (isStuck(document.elementFromPoint(innerWidth * 0.8, y))) stuck += 2;
    return stuck / innerHeight;
}"""

every_size = pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])


@pytest.fixture(scope="module")
def full(studio: Studio, person: Person) -> list[str]:
    return in_use(studio, person)


@every_size
def test_empty_pages(size: Window, opened: Opened, studio: Studio) -> None:
    go_over(opened(studio, **size, **LOOKED_AT), studio, EMPTY)


@every_size
def test_pages_for_who_is_signed_out(size: Window, opened: Opened, studio: Studio) -> None:
    page = opened(studio, signed_in=False, **size, **LOOKED_AT)
    go_over(page, studio, SIGNED_OUT)
    page.goto(studio.url + "/accounts/login/")
    page.get_by_label("Email").fill("nobody@northlight.example")
    page.get_by_label("Password", exact=True).fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    assert wrong_with(page) == []


@every_size
def test_pages_in_use(size: Window, opened: Opened, studio: Studio, full: list[str]) -> None:
    go_over(opened(studio, **size, **LOOKED_AT), studio, [*full, *OWNER])


def test_pages_on_the_side_of_a_phone(opened: Opened, studio: Studio, full: list[str]) -> None:
    """Nothing is wider than the window or too small to hit, and what sticks leaves the window to the page."""
    page = opened(studio, **SIDEWAYS)
    for address in [*full, *OWNER]:
        page.goto(studio.url + address)
        assert page.evaluate("document.documentElement.scrollWidth") == SIDEWAYS["viewport"]["width"], address
        assert small_targets(page) == [], address
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight / 2)")
        assert page.evaluate(STUCK) <= 0.2, address


@every_size
def test_content_policy_is_never_broken(size: Window, opened: Opened, studio: Studio, full: list[str]) -> None:
    """What a page complains of fails this as it ends: see `watched`."""
    page = opened(studio, **size)
    for address in [*full, *OWNER]:
        page.goto(studio.url + address)


def test_setup(opened: Opened, start_studio: Callable[..., Studio]) -> None:
    fresh = start_studio(owner=False)
    for size in (WIDE, PHONE):
        go_over(opened(fresh, signed_in=False, **size, **LOOKED_AT), fresh, ["/setup/"])
    strict(requests.get(f"{fresh.url}/setup/", timeout=30))


@every_size
def test_open_menus_and_dialogs(size: Window, opened: Opened, studio: Studio, full: list[str]) -> None:
    unconfirmed = studio.rows("SELECT id FROM wanstudio_job WHERE state = 'uncertain'")[0][0]
    page = opened(studio, **size, **LOOKED_AT)
    page.goto(f"{studio.url}/jobs/{unconfirmed}/")
    page.locator("main summary[aria-label=More]").click()
    assert wrong_with(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Send again").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert wrong_with(page) == []
    page.goto(f"{studio.url}/jobs/")
    page.get_by_label("Your account").click()
    assert wrong_with(page) == []


@every_size
def test_first_page_in_every_state(size: Window, opened: Opened, studio: Studio, tmp_path: Path) -> None:
    page = opened(studio, **size, **LOOKED_AT)
    page.goto(studio.url)
    assert wrong_at_rest(page) == []
    page.route("**/uploads/add/", lambda route: route.abort())
    page.get_by_label("Motion file").set_input_files(WALK)
    expect(page.get_by_text("Connection lost.")).to_be_visible()
    assert wrong_at_rest(page) == []
    page.unroute("**/uploads/add/")
    page.get_by_role("button", name="Retry").click()
    expect(page.locator("input[name=motion]")).to_be_attached()
    wrong = tmp_path / "notes.png"
    wrong.write_text("words")
    page.get_by_label("Character file").set_input_files(wrong)
    expect(page.locator("#character-slot [role=alert]")).to_be_visible()
    assert wrong_at_rest(page) == []
    page.get_by_label("Character file").set_input_files(MIRA)
    expect(page.locator("#generate")).to_be_enabled()
    page.locator("#motion-slot .plus-menu summary").click()
    assert wrong_at_rest(page) == []
    page.goto(f"{studio.url}/uploads/")
    assert wrong_at_rest(page) == []


def wrong_at_rest(page: Page) -> list[str]:
    """Once no price is being asked for: until then the last one is pale."""
    expect(page.locator(".price[aria-busy=true]")).to_have_count(0)
    return wrong_with(page)
