"""The page of a guest: whose it is before anything has loaded, comments beside the video, the field at the foot."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Opened
from tests.e2e.steady import wait_until_steady
from tests.e2e.studio import Studio, wait_until
from tests.e2e.test_phone import comes_in_view, in_view
from tests.e2e.windows import PHONE, SIDEWAYS, WIDE, Window

SEED = """
from datetime import timedelta
from django.utils import timezone
from tests.e2e.finished import finish
from wanstudio.review.verbs import Said, add_comment
from wanstudio.sharing.verbs import make_link
video = finish("Mira walks")
ben = video.job.person
for number in range(12):
    add_comment(video, Said(f"Remark {number}", number / 4), ben)
print(make_link(video, ben, may_comment=True, expires_at=timezone.now() + timedelta(days=7)).token)
"""

# What a browser shows of its page is what the test says.
SEEN = """
for (const name of ["height", "offsetTop", "scale"]) {
    const get = () => (window.seen ?? {height: innerHeight, offsetTop: 0, scale: 1})[name];
    Object.defineProperty(visualViewport, name, {get});
}
"""


@pytest.fixture(scope="module")
def link(studio: Studio) -> str:
    return f"{studio.url}/s/{studio.python(SEED)}/"


def box(page: Page, selector: str) -> tuple[float, float, float, float]:
    """Left, top, right, bottom in the window."""
    found = page.locator(selector).first.bounding_box()
    assert found
    return found["x"], found["y"], found["x"] + found["width"], found["y"] + found["height"]


@pytest.mark.parametrize("window", [WIDE, PHONE, SIDEWAYS], ids=["wide", "phone", "sideways"])
def test_the_first_paint_says_whose_it_is(window: Window, opened: Opened, studio: Studio, link: str) -> None:
    guest = opened(studio, signed_in=False, **window)
    # Neither picture nor video has arrived.
    guest.route("**/poster*", lambda route: None)
    guest.route("**/file*", lambda route: None)
    guest.goto(link, wait_until="domcontentloaded")
    expect(guest.get_by_text("shared by Ben")).to_be_visible()
    expect(guest.get_by_text("Open until")).to_be_visible()
    comes_in_view(guest, ".shared-top strong", ".shared-top time", "h1", ".shared-words p")
    comes_in_view(guest, "[data-start]", "[data-play]")
    if window is not WIDE:
        comes_in_view(guest, "#comment-text")


@pytest.mark.parametrize("window", [WIDE, SIDEWAYS], ids=["wide", "sideways"])
def test_comments_are_beside_the_video_and_scroll_alone(
    window: Window, opened: Opened, studio: Studio, link: str
) -> None:
    guest = opened(studio, signed_in=False, **window)
    guest.goto(link)
    last = guest.locator(".comment").last
    last.scroll_into_view_if_needed()
    expect(last).to_be_in_viewport()
    assert guest.evaluate("scrollY") == 0
    assert box(guest, "#review")[0] >= box(guest, ".stage")[2]
    assert box(guest, "#composer")[3] == pytest.approx(window["viewport"]["height"], abs=1)
    comes_in_view(guest, "[data-play]", "#comment-text")


def test_the_field_stays_at_the_foot_of_a_phone(opened: Opened, studio: Studio, link: str) -> None:
    guest = opened(studio, signed_in=False, **PHONE)
    guest.goto(link)
    for where in ("0", "200", "document.body.scrollHeight"):
        guest.evaluate(f"scrollTo(0, {where})")
        wait_until(lambda: box(guest, "#composer")[3] == pytest.approx(844, abs=1), "it is at the foot")
        assert box(guest, "#composer")[1] > 844 - 80
    expect(guest.get_by_label("Your name")).to_be_hidden()
    guest.get_by_label("Comment", exact=True).tap()
    # A keyboard that takes its room from the page, as in Chrome and Firefox.
    guest.set_viewport_size({"width": 390, "height": 480})
    comes_in_view(guest, "#comment-text", "#guest-name", "#comment-at", "#composer .composer-foot > .button:last-child")
    guest.get_by_label("Your name").fill("Carla")
    guest.get_by_label("Comment", exact=True).fill("The coat is perfect")
    guest.get_by_role("button", name="Comment", exact=True).tap()
    mine = guest.locator(".comment", has_text="The coat is perfect")
    expect(mine).to_be_focused()
    wait_until(lambda: in_view(guest, ".comment:focus .comment-text"), "what was said is in view")
    expect(guest.get_by_label("Your name")).to_be_hidden()


def test_the_field_rises_above_a_keyboard_that_lies_over_the_page(opened: Opened, studio: Studio, link: str) -> None:
    """As in Safari: the page stays as it is, and only what is seen of it gets smaller."""
    guest = opened(studio, signed_in=False, **PHONE)
    guest.add_init_script(SEEN)
    guest.goto(link)
    guest.get_by_label("Comment", exact=True).tap()
    seen = "seen => { window.seen = seen; visualViewport.dispatchEvent(new Event('resize')); }"
    guest.evaluate(seen, {"height": 500, "offsetTop": 0, "scale": 1})
    wait_until(lambda: box(guest, "#composer")[3] == pytest.approx(500, abs=1), "it is above the keyboard")
    # A pinch also shows less of the page, and moves nothing.
    guest.evaluate(seen, {"height": 500, "offsetTop": 0, "scale": 1.7})
    wait_until(lambda: box(guest, "#composer")[3] == pytest.approx(844, abs=1), "it is at the foot again")


def test_a_guest_draws_on_the_frame_with_a_finger(opened: Opened, studio: Studio, link: str) -> None:
    guest = opened(studio, signed_in=False, **PHONE)
    guest.goto(link)
    wait_until(lambda: guest.locator("video").evaluate("video => video.readyState >= 2"), "the frame is there")
    guest.get_by_label("Comment", exact=True).tap()
    guest.get_by_role("button", name="Draw").tap()
    expect(guest.get_by_role("toolbar", name="Drawing")).to_be_visible()
    wait_until_steady(guest)
    left, top, right, bottom = box(guest, ".drawing.open")
    middle = ((left + right) / 2, (top + bottom) / 2)
    guest.mouse.move(*middle)
    guest.mouse.down()
    guest.mouse.move(middle[0] + 60, middle[1] + 40, steps=4)
    guest.mouse.up()
    guest.get_by_role("button", name="Keep the drawing").tap()
    expect(guest.get_by_role("button", name="Draw (1)")).to_be_visible()
    guest.get_by_label("Your name").fill("Carla")
    guest.get_by_label("Comment", exact=True).fill("Warmer here")
    guest.get_by_role("button", name="Comment", exact=True).tap()
    expect(guest.locator(".comment", has_text="Warmer here").get_by_text("Drawn:")).to_be_visible()


def test_watching_and_commenting_without_javascript(opened: Opened, studio: Studio, link: str) -> None:
    guest = opened(studio, signed_in=False, **PHONE, java_script_enabled=False)
    guest.goto(link)
    assert guest.locator("video").get_attribute("controls") is not None
    expect(guest.locator(".player")).to_be_hidden()
    guest.get_by_label("Your name").fill("Carla")
    guest.get_by_label("At, such as 0:03.4").fill("0:02.0")
    guest.get_by_label("Comment", exact=True).fill("Without any script")
    guest.get_by_role("button", name="Comment", exact=True).click()
    mine = guest.locator(".comment", has_text="Without any script")
    expect(mine).to_be_visible()
    expect(mine.get_by_role("link", name="00:00:02:00")).to_be_visible()
