"""The bell in a real browser: live, leads to the thing, works without scripts; and the pages around it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import EMAIL, Watched, sign_in
from tests.e2e.person import Person
from tests.e2e.studio import Studio, wait_until

PAGES = ["/notifications/", "/account/notifications/", "/activity/", "/settings/webhook/"]
TELL = """
from wanstudio.models import *
person, team = User.objects.get(email={email!r}), Team.objects.get()
Notification.tell({kind!r}, [person], team=team, event={event!r}, title={title!r}, path="/videos/")
"""

# What a browser would show to the person is kept for the test instead.
SAID = """
window.said = [];
window.Notification = class extends EventTarget {
  static permission = "granted";
  static requestPermission = async () => "granted";
  constructor(title) { super(); window.said.push(title); }
};
"""


def tell(studio: Studio, event: str, title: str, kind: str = "mentioned") -> None:
    studio.python(TELL.format(email=EMAIL, kind=kind, event=event, title=title))


def test_a_video_that_is_ready_rings_while_the_page_is_open(studio: Studio, signed_in: Page) -> None:
    signed_in.goto(f"{studio.url}/uploads/")
    job = Person(studio).make_sample()
    expect(signed_in.locator("#bell .badge")).to_contain_text("1", timeout=60_000)
    signed_in.get_by_label("Notifications", exact=True).click()
    row = signed_in.locator("#bell-panel").get_by_role("link", name=re.compile("is ready"))
    expect(row).to_be_visible()
    row.click()
    signed_in.wait_for_url(f"{studio.url}/jobs/{job}/")
    expect(signed_in.locator("#bell .badge")).to_have_count(0)


def test_an_open_panel_shows_what_comes(studio: Studio, signed_in: Page) -> None:
    signed_in.goto(f"{studio.url}/videos/")
    signed_in.get_by_label("Notifications", exact=True).click()
    tell(studio, "panel 1", "Mia mentions you.")
    expect(signed_in.locator("#bell-panel")).to_contain_text("Mia mentions you.", timeout=30_000)
    signed_in.get_by_role("button", name="Mark all read").click()
    signed_in.wait_for_url(f"{studio.url}/notifications/")
    expect(signed_in.locator("#bell .badge")).to_have_count(0)


def test_the_browser_says_it_only_where_it_was_asked_to(studio: Studio, browser: Browser, watched: Watched) -> None:
    context = browser.new_context()
    context.grant_permissions(["notifications"], origin=studio.url)
    context.add_init_script(SAID)
    page = watched.watch(context.new_page())
    sign_in(page, studio)
    page.goto(f"{studio.url}/videos/")
    tell(studio, "aloud 1", "Not said aloud.")
    expect(page.locator("#bell .badge")).to_be_visible(timeout=30_000)
    assert page.evaluate("window.said") == []
    page.goto(f"{studio.url}/account/notifications/")
    page.get_by_role("switch").check()
    tell(studio, "aloud 2", "Mia mentions you aloud.")
    wait_until(lambda: page.evaluate("window.said.length"), "it was said aloud", 60)
    assert page.evaluate("window.said") == ["Mia mentions you aloud."]
    context.close()


@pytest.fixture
def plain(studio: Studio, browser: Browser) -> Iterator[Page]:
    """Without JavaScript."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, studio)
    yield page
    context.close()


def test_without_scripts_the_bell_leads_to_the_list(studio: Studio, plain: Page) -> None:
    tell(studio, "plain 1", "Told without scripts.")
    plain.goto(f"{studio.url}/videos/")
    plain.get_by_label("Notifications", exact=True).click()
    plain.get_by_role("link", name="All notifications").click()
    plain.get_by_role("link", name=re.compile("Told without scripts")).click()
    plain.wait_for_url(f"{studio.url}/videos/")


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_pages_are_for_everybody(
    studio: Studio, browser: Browser, watched: Watched, width: int, theme: Any
) -> None:
    tell(studio, "axe 1", "Mia mentions you in “A long walk through the evening streets of the old town”.")
    # Axe paints styles of its own, which the content policy would refuse.
    context = browser.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce", bypass_csp=True)
    context.add_cookies([{"name": "theme", "value": theme, "url": studio.url}])
    page = watched.watch(context.new_page())
    sign_in(page, studio)
    for address in PAGES:
        page.goto(studio.url + address)
        found = Axe().run(page).response["violations"]
        assert not found, (address, [(one["id"], one["nodes"][0]["html"]) for one in found])
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
    context.close()


def test_a_webhook_is_set_and_its_secret_shown_once(studio: Studio, signed_in: Page) -> None:
    signed_in.goto(f"{studio.url}/settings/webhook/")
    signed_in.get_by_label("Address").fill("http://127.0.0.1:9/inside")
    signed_in.get_by_role("button", name="Set the webhook").click()
    expect(signed_in.get_by_role("alert")).to_contain_text("https://")
    signed_in.get_by_label("Address").fill("https://hooks.invalid/x")
    signed_in.get_by_role("button", name="Set the webhook").click()
    expect(signed_in.locator("input#secret")).to_have_value(re.compile("^whsec_"))
    signed_in.get_by_role("button", name="Send a test").click()
    tried = "SELECT count(*) FROM wanstudio_delivery WHERE tries != '[]'"
    wait_until(lambda: studio.rows(tried)[0][0], "it was tried", 60)
    signed_in.get_by_role("link", name="Look again").click()
    expect(signed_in.locator(".deliveries")).to_contain_text("Trying again")
