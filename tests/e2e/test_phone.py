"""Phones: what is in view first, what a finger can hit, and what is left of the window on its side."""

from functools import partial

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Opened
from tests.e2e.studio import Studio, wait_until
from tests.e2e.targets import small_targets
from tests.e2e.windows import PHONE, SIDEWAYS

SEED = """
from tests import factories
from tests.e2e.finished import finish
from tests.page_rows import moved
from wanstudio.jobs.states import State
video = finish("Mira walks along the harbour until it rains")
failed = moved(factories.job(video.team, video.job.person), State.FAILED, failure="NSFW")
print(video.pk, video.job.pk, failed.pk)
"""


@pytest.fixture(scope="module")
def made(studio: Studio) -> tuple[int, int, int]:
    """Ids of a video, of its job, and of a job that failed."""
    video, job, failed = map(int, studio.python(SEED).split())
    return video, job, failed


def in_view(page: Page, selector: str) -> bool:
    """Whether all of it is in the window and nothing covers its middle."""
    return bool(
        page.locator(selector).first.evaluate(
            """one => {
                const {left, right, top, bottom} = one.getBoundingClientRect();
                const hit = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
                return top >= 0 && left >= 0 && right <= innerWidth && bottom <= innerHeight && one.contains(hit);
            }"""
        )
    )


def comes_in_view(page: Page, *selectors: str) -> None:
    for selector in selectors:
        wait_until(partial(in_view, page, selector), f"{selector} is in view")


def test_play_and_the_decision_are_in_view(opened: Opened, studio: Studio, made: tuple[int, int, int]) -> None:
    for window in (PHONE, SIDEWAYS):
        page = opened(studio, **window)
        page.goto(f"{studio.url}/videos/{made[0]}/")
        expect(page.locator("[data-views]")).to_be_visible()
        comes_in_view(page, "[data-play]", "[value=approved]")
        page.goto(f"{studio.url}/jobs/{made[1]}/")
        expect(page.locator("[data-play]")).to_be_visible()
        comes_in_view(page, "[data-play]")


def test_the_cause_of_a_failure_is_above_the_picture(
    opened: Opened, studio: Studio, made: tuple[int, int, int]
) -> None:
    page = opened(studio, **PHONE)
    page.goto(f"{studio.url}/jobs/{made[2]}/")
    cause = page.locator(".next > .notice").bounding_box()
    stage = page.locator(".stage").bounding_box()
    assert cause
    assert stage
    assert cause["y"] + cause["height"] <= stage["y"]
    comes_in_view(page, ".next > .notice", ".next > .button")


def test_the_sample_is_in_view_and_nothing_covers_it(opened: Opened, studio: Studio) -> None:
    studio.reset()
    page = opened(studio, **PHONE)
    page.goto(studio.url)
    sample = page.get_by_role("button", name="Use the sample")
    expect(page.get_by_text("New here?")).to_be_visible()
    comes_in_view(page, "button[form=sample-form]")
    animate = page.locator("[value=animate]").locator("xpath=..")
    before = animate.bounding_box()
    sample.click()
    expect(page.locator("#motion-slot [name=motion]")).to_be_attached()
    expect(page.locator("#generate")).to_contain_text("$0.20")
    # It gives its room to what was chosen.
    wait_until(lambda: animate.bounding_box() == before, "the choices below it are where they were")


def test_new_here_leaves_after_the_first_video(opened: Opened, studio: Studio) -> None:
    studio.reset()
    page = opened(studio, **PHONE)
    page.goto(studio.url)
    expect(page.get_by_text("New here?")).to_be_visible()
    studio.python("from tests.e2e.finished import finish; finish()")
    page.reload()
    expect(page.get_by_role("button", name="Use the sample")).to_be_attached()
    expect(page.get_by_text("New here?")).to_have_count(0)


def test_focus_comes_to_stand_above_what_sticks(opened: Opened, studio: Studio) -> None:
    for window in (PHONE, SIDEWAYS):
        page = opened(studio, **window)
        page.goto(studio.url)
        # As a keyboard does it: no further than it must.
        page.locator("button[form=sample-form]").evaluate("one => one.focus()")
        comes_in_view(page, "button[form=sample-form]")


def test_the_measure_of_targets_finds_what_is_small_or_covered(opened: Opened, studio: Studio) -> None:
    page = opened(studio, signed_in=False, **PHONE)
    page.goto(f"{studio.url}/accounts/login/")
    page.locator("main").evaluate(
        """main => {
            main.innerHTML = `
                <button id="fine">Fine</button><button id="flat">Flat</button><button id="under">Under</button>
                <label id="wide"><input type="checkbox" id="box"> A checkbox that its label makes large</label>
                <p>In a sentence <a href="/a">a link</a> can be small.</p><p><a href="/b" id="alone">alone</a></p>
                <div><a href="/c" id="twin">twin</a></div><div><a href="/c" id="large">The same in full size</a></div>`;
            const sized = {fine: [44, 44], flat: [120, 30], under: [60, 60], wide: [300, 44], large: [200, 48]};
            for (const [id, [width, height]] of Object.entries(sized)) {
                Object.assign(document.getElementById(id).style,
                    {display: "inline-block", padding: 0, minHeight: 0, width: `${width}px`, height: `${height}px`});
            }
            const {left, top} = document.getElementById("under").getBoundingClientRect();
            const cover = document.body.appendChild(document.createElement("div"));
            Object.assign(cover.style, {position: "absolute", width: "60px", height: "40px",
                left: `${left + scrollX}px`, top: `${top + scrollY}px`});
        }"""
    )
    found = small_targets(page)
    assert [one.partition('id="')[2].partition('"')[0] for one in found] == ["flat", "under", "alone"]
