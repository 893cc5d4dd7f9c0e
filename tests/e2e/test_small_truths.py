"""Small truths of the pages: nothing in the console, the bell in sight, tabs in their places, forced colours."""

from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import ConsoleMessage, Page, expect

from tests.e2e.conftest import Opened
from tests.e2e.studio import Studio
from tests.e2e.test_shared import make_link
from tests.e2e.windows import WIDE

TEAM_PAGES = ("/team/", "/usage/", "/activity/", "/settings/")


@pytest.fixture(scope="module")
def video(studio: Studio) -> int:
    return int(studio.python("from tests.e2e.finished import finish; print(finish('Mira walks').pk)"))


@pytest.fixture
def said(wide: Page) -> list[str]:
    """What the console of this page shows in red or yellow."""
    lines: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            lines.append(message.text)

    wide.on("console", note)
    return lines


def test_share_and_filter_leave_the_console_empty(wide: Page, studio: Studio, video: int, said: list[str]) -> None:
    make_link(wide, studio, f"/videos/{video}/")
    wide.keyboard.press("Escape")
    wide.goto(f"{studio.url}/videos/")
    # As scripts do it. htmx would copy it into the new page as an attribute, which the content policy refuses.
    wide.locator(".tile").first.evaluate("tile => tile.style.setProperty('--at', '1')")
    wide.locator(".filters summary").first.click()
    wide.locator(".filters details[open] .menu-row").last.click()
    wide.get_by_role("link", name="Clear filters").first.click()
    expect(wide.get_by_role("link", name="Clear filters")).to_have_count(0)
    assert said == []


def test_a_price_that_is_asked_for_anew_leaves_the_console_empty(wide: Page, studio: Studio, said: list[str]) -> None:
    wide.goto(studio.url)
    wide.get_by_role("button", name="Use the sample").click()
    expect(wide.locator("#motion-slot [name=motion]")).to_be_attached()
    expect(wide.locator("#generate")).to_be_enabled()
    wide.route("**/price/**", lambda route: None)
    for name in ("720p", "480p", "720p"):
        with wide.expect_request("**/price/**"):
            wide.get_by_role("radio", name=name).check()
    assert said == []


def test_the_number_leaves_the_bell_in_sight(wide: Page, studio: Studio, video: int) -> None:
    studio.python(
        """
from wanstudio.models import Team, User
from wanstudio.notifications.models import Kind
from wanstudio.notifications.verbs import Event, notify
team = Team.objects.first()
for number in range(12):
    notify(team.memberships.first().user and [m.user for m in team.memberships.all()],
        Event(team, Kind.MENTIONED, f"small {number}", "Mia mentioned you.", path="/videos/"))
"""
    )
    wide.goto(f"{studio.url}/videos/")
    expect(wide.locator("#bell .badge")).to_have_text("12 unread")
    bell, badge = (wide.locator(each).bounding_box() for each in (".bell-button > svg", "#bell .badge"))
    assert bell
    assert badge
    across = min(bell["x"] + bell["width"], badge["x"] + badge["width"]) - max(bell["x"], badge["x"])
    down = min(bell["y"] + bell["height"], badge["y"] + badge["height"]) - max(bell["y"], badge["y"])
    assert max(across, 0) * max(down, 0) < 0.2 * bell["width"] * bell["height"]


def test_tabs_of_the_team_keep_their_places(wide: Page, studio: Studio) -> None:
    places = set()
    for address in TEAM_PAGES:
        wide.goto(studio.url + address)
        tabs = wide.get_by_role("navigation", name="Team", exact=True).get_by_role("link")
        places.add(tuple((box["x"], box["y"]) for tab in tabs.all() if (box := tab.bounding_box())))
    assert len(places) == 1


def test_caps_are_reached_from_the_team(wide: Page, studio: Studio) -> None:
    wide.goto(f"{studio.url}/team/")
    wide.get_by_role("link", name="Set caps").click()
    expect(wide.get_by_text("No caps are set.")).to_be_in_viewport()


def test_forced_colours_show_what_is_chosen_and_held(opened: Opened, studio: Studio, video: int) -> None:
    page = opened(studio, **WIDE, forced_colors="active")
    page.goto(f"{studio.url}/videos/{video}/")
    views = page.locator("[data-views] label")
    expect(views.first).to_be_visible()
    colour = "(element, part) => getComputedStyle(element, part).backgroundColor"
    page.locator("body").evaluate("body => body.style.setProperty('background-color', 'Highlight')")
    held = page.locator("body").evaluate(colour)
    assert [views.nth(number).evaluate(colour) == held for number in (0, 1)] == [True, False]
    page.locator("body").evaluate("body => body.style.removeProperty('background-color')")
    shown = Image.open(BytesIO(page.locator("[data-seek]").screenshot())).convert("RGB")
    # In the middle of the thumb of a clip at its beginning, and above its line.
    assert shown.getpixel((7, 12)) != shown.getpixel((40, 2))
