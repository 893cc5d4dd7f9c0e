"""The bell in a real browser: live, leads to the thing, works without scripts; and the pages around it."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Opened
from tests.e2e.person import Person
from tests.e2e.studio import Studio, wait_until
from tests.e2e.template import EMAIL

NOTIFY = """
from wanstudio.models import *
from wanstudio.notifications.models import Kind
from wanstudio.notifications.verbs import Event, notify
person, team = User.objects.get(email={email!r}), Team.objects.get()
notify([person], Event(team, Kind({kind!r}), {event!r}, {title!r}, path="/videos/"))
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


def notify(studio: Studio, event: str, title: str, kind: str = "mentioned") -> None:
    studio.python(NOTIFY.format(email=EMAIL, kind=kind, event=event, title=title))


def test_a_video_that_is_ready_rings_while_the_page_is_open(studio: Studio, person: Person, wide: Page) -> None:
    wide.goto(f"{studio.url}/uploads/")
    job = person.make_sample()
    expect(wide.locator("#bell .badge")).to_contain_text("1")
    wide.locator("summary", has_text="Notifications").click()
    row = wide.locator("#bell-panel").get_by_role("link", name=re.compile("is ready"))
    expect(row).to_be_visible()
    row.click()
    wide.wait_for_url(f"{studio.url}/jobs/{job}/")
    expect(wide.locator("#bell .badge")).to_have_count(0)


def test_an_open_panel_shows_what_comes(studio: Studio, wide: Page) -> None:
    wide.goto(f"{studio.url}/videos/")
    wide.locator("summary", has_text="Notifications").click()
    notify(studio, "panel 1", "Mia mentioned you.")
    expect(wide.locator("#bell-panel")).to_contain_text("Mia mentioned you.")
    wide.get_by_role("button", name="Mark all read").click()
    wide.wait_for_url(f"{studio.url}/notifications/")
    expect(wide.locator("#bell .badge")).to_have_count(0)


def test_the_browser_says_it_only_where_it_was_asked_to(studio: Studio, opened: Opened) -> None:
    page = opened(studio)
    page.context.grant_permissions(["notifications"], origin=studio.url)
    page.context.add_init_script(SAID)
    page.goto(f"{studio.url}/videos/")
    notify(studio, "aloud 1", "Not said aloud.")
    expect(page.locator("#bell .badge")).to_be_visible()
    assert page.evaluate("window.said") == []
    page.goto(f"{studio.url}/account/notifications/")
    page.get_by_role("switch").check()
    notify(studio, "aloud 2", "Mia mentions you aloud.")
    wait_until(lambda: page.evaluate("window.said.length"), "it was said aloud", 60)
    assert page.evaluate("window.said") == ["Mia mentions you aloud."]


def test_without_scripts_the_bell_leads_to_the_list(studio: Studio, plain: Page) -> None:
    notify(studio, "plain 1", "Told without scripts.")
    plain.goto(f"{studio.url}/videos/")
    plain.locator("summary", has_text="Notifications").click()
    plain.get_by_role("link", name="All notifications").click()
    plain.get_by_role("link", name=re.compile("Told without scripts")).click()
    plain.wait_for_url(f"{studio.url}/videos/")


def test_a_webhook_is_set_and_its_secret_shown_once(studio: Studio, wide: Page) -> None:
    wide.goto(f"{studio.url}/settings/webhook/")
    wide.get_by_role("textbox", name="Address").fill("http://127.0.0.1:8080/inside")
    wide.get_by_role("button", name="Set the webhook").click()
    expect(wide.get_by_role("alert")).to_contain_text("https://")
    wide.get_by_role("textbox", name="Address").fill("https://hooks.invalid/x")
    wide.get_by_role("button", name="Set the webhook").click()
    expect(wide.locator("input#secret")).to_have_value(re.compile("^whsec_"))
    wide.get_by_role("button", name="Send a test").click()
    tried = "SELECT count(*) FROM wanstudio_delivery WHERE posts != '[]'"
    wait_until(lambda: studio.rows(tried)[0][0], "it was tried", 60)
    wide.get_by_role("link", name="Refresh").click()
    expect(wide.locator(".deliveries")).to_contain_text("Trying again")
