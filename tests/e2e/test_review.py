"""Review in a browser: comments at a time, drafts, mentions, news of others, pins, and the wipe."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.studio import Studio, wait_until
from tests.e2e.test_videos import loaded, now


@pytest.fixture(scope="module")
def made(studio: Studio) -> Studio:
    """A studio with one video, id 1."""
    studio.python("from tests.e2e.finished import finish; finish()")
    return studio


def test_a_comment_here_leads_back_here(wide: Page, made: Studio) -> None:
    wide.goto(f"{made.url}/videos/1/")
    video = wide.locator("#video-1")
    loaded(video)
    wide.get_by_role("slider", name="Position").fill("2")
    wide.keyboard.press("c")
    expect(wide.get_by_label("Comment", exact=True)).to_be_focused()
    wide.keyboard.type("The hand, @be")
    expect(wide.get_by_role("option", name="Ben")).to_be_visible()
    wide.keyboard.press("Enter")
    wide.reload()
    expect(wide.get_by_label("Comment", exact=True)).to_have_value("The hand, @Ben ")
    expect(wide.locator("#comment-at")).to_have_value("00:00:02:00")
    wide.get_by_role("button", name="Comment", exact=True).click()
    expect(wide.get_by_label("Comment", exact=True)).to_have_value("")
    link = wide.locator(".comment", has_text="The hand").get_by_role("link", name="00:00:02:00")
    expect(link).to_be_visible()
    expect(wide.locator("[data-pins] .pin").last).to_be_visible()
    loaded(video)
    link.click()
    wait_until(lambda: abs(now(video) - 2) < 0.05, "the time leads to the picture")
    assert wide.url == f"{made.url}/videos/1/"


def test_what_others_say_comes_in_and_a_draft_stays(page: Page, made: Studio) -> None:
    page.goto(f"{made.url}/videos/1/")
    page.get_by_label("Comment", exact=True).fill("Half a sent")
    words = f"From elsewhere {page.viewport_size}"
    made.python(
        "from wanstudio.models import *; from wanstudio.review.verbs import Said, add_comment; "
        f"add_comment(Video.objects.get(pk=1), Said({words!r}, 1.0), User.objects.get())"
    )
    expect(page.locator(".comment", has_text=words)).to_be_visible()
    expect(page.get_by_label("Comment", exact=True)).to_have_value("Half a sent")
    page.get_by_label("Comment", exact=True).fill("")


def test_the_wipe_by_keyboard(page: Page, made: Studio) -> None:
    page.goto(f"{made.url}/videos/1/")
    loaded(page.locator("#video-1"))
    # On the page, not in the window, which scrolls to what has the focus.
    place = "stage => { const r = stage.getBoundingClientRect(); return [r.x, r.y + scrollY, r.width, r.height] }"
    before = page.locator(".stage").evaluate(place)
    page.locator("[data-views]").get_by_text("Wipe", exact=True).click()
    wipe = page.get_by_role("slider", name="Wipe")
    wipe.focus()
    wipe.press("ArrowLeft")
    expect(wipe).to_have_attribute("aria-valuenow", "48")
    assert re.search(r"52%", page.locator(".stage-motion").evaluate("video => video.style.clipPath"))
    wipe.press("End")
    expect(wipe).to_have_attribute("aria-valuenow", "100")
    assert now(page.locator("#video-1")) == 0
    assert page.locator(".stage").evaluate(place) == pytest.approx(before, abs=1)


def test_approval_in_place(wide: Page, made: Studio) -> None:
    wide.goto(f"{made.url}/videos/1/")
    wide.get_by_role("button", name="Approve").click()
    expect(wide.locator(".approval .chip")).to_have_text("Approved")
    wide.goto(f"{made.url}/videos/?approval=approved")
    expect(wide.locator(".tile")).to_have_count(1)
