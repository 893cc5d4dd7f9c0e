"""The trim bar in a browser: by mouse, finger and keyboard, with the price of the part on the button all the while."""

import re
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.axe import LOOKED_AT, wrong_with
from tests.e2e.conftest import Opened
from tests.e2e.person import MIRA
from tests.e2e.studio import Studio
from tests.e2e.test_journey import generate
from tests.e2e.windows import PHONE, WIDE, Window
from tests.media.clips import black_start, clip

LENGTH, FPS = 14.0, 10
# What the button says at every change of it or of the fields, beside what the fields say.
WATCH = """() => {
    window.seen = [];
    const look = () => {
        const value = (name) => document.querySelector(`[name=${name}]`).value;
        const button = document.getElementById("generate");
        window.seen.push([value("trim_start"), value("trim_end"),
            document.querySelector("[name=resolution]:checked").value, button.innerText, button.disabled]);
    };
    new MutationObserver(look).observe(document.getElementById("studio-form"),
        { subtree: true, childList: true, characterData: true, attributes: true });
}"""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "walk.mp4"
    path.write_bytes(clip(LENGTH, fps=FPS, size=(160, 120)))
    return path


@pytest.fixture
def trimming(opened: Opened, studio: Studio, film: Path, size: Window) -> Page:
    """The studio with both inputs."""
    return filled(opened(studio, **size), studio, film)


def filled(page: Page, studio: Studio, film: Path) -> Page:
    page.goto(studio.url)
    page.get_by_label("Motion file").set_input_files(film)
    expect(page.locator("#trim [data-track]")).to_be_visible()
    page.get_by_label("Character file").set_input_files(MIRA)
    expect(page.locator("#generate")).to_be_enabled()
    return page


def handle(page: Page, name: str) -> Locator:
    return page.locator(f"[data-handle={name}]")


def drag(page: Page, name: str, to_s: float) -> None:
    """By the mouse, in steps, from the middle of the handle."""
    box, strip = handle(page, name).bounding_box(), page.locator("[data-film]").bounding_box()
    assert box
    assert strip
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    beside = {"start": -7, "end": 7, "at": 0}[name]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(strip["x"] + strip["width"] * to_s / LENGTH + beside, y, steps=8)
    page.mouse.up()


def part(page: Page) -> tuple[str, str]:
    return page.locator("[name=trim_start]").input_value(), page.locator("[name=trim_end]").input_value()


def price_of(start: str, end: str, resolution: str) -> str:
    seconds = Decimal(end or LENGTH) - Decimal(start or 0)
    billed = min(max(seconds, Decimal(5)), Decimal(120))
    return f"${billed * Decimal({'480p': '0.04', '720p': '0.08'}[resolution]):.2f}"


def test_price_on_the_button_is_the_parts_at_every_moment(trimming: Page) -> None:
    page = trimming
    page.evaluate(WATCH)
    drag(page, "start", 2)
    drag(page, "end", 11)
    page.get_by_role("radio", name=re.compile("720p")).click()
    handle(page, "end").focus()
    for key in ("ArrowLeft", "Shift+ArrowLeft", "ArrowRight", "Shift+ArrowRight", "End", "Home"):
        page.keyboard.press(key)
    handle(page, "start").focus()
    page.keyboard.press("Home")
    page.get_by_role("button", name="Whole clip").click()
    drag(page, "end", 9)
    expect(page.locator("#generate")).to_be_enabled()
    expect(page.locator("#generate")).to_contain_text("$0.72")

    seen = page.evaluate("window.seen")
    assert len({tuple(one[:3]) for one in seen}) > 12
    wrong = [one for one in seen if price_of(*one[:3]) not in one[3]]
    # The fields are written first, the button in the same turn: nothing is painted in between.
    assert wrong == []
    assert page.locator("[name=quoted]").input_value() == "0.72"


def test_what_is_ordered_is_what_the_handles_say(trimming: Page, studio: Studio) -> None:
    page = trimming
    drag(page, "start", 3)
    drag(page, "end", 10.5)
    start, end = part(page)
    expect(page.locator("#generate")).to_be_enabled()
    said = page.locator("#generate").inner_text()
    generate(page)

    job = "SELECT trim_start, trim_end, price FROM wanstudio_job ORDER BY id DESC LIMIT 1"
    kept = studio.rows(job)[0]
    assert (kept[0], kept[1]) == (float(start), float(end))
    assert f"${Decimal(str(kept[2])):.2f}" in said
    page.goto(f"{studio.url}/?from={page.url.rstrip('/').rsplit('/', 1)[1]}")
    assert [float(each) for each in part(page)] == [float(start), float(end)]


def test_by_keyboard_a_frame_and_a_second(trimming: Page) -> None:
    page = trimming
    handle(page, "start").focus()
    page.keyboard.press("ArrowRight")
    assert part(page) == ("0.1", "")
    page.keyboard.press("Shift+ArrowRight")
    assert part(page) == ("1.1", "")
    page.keyboard.press("ArrowLeft")
    assert part(page) == ("1", "")
    assert handle(page, "start").get_attribute("aria-valuetext") == "1.00 seconds, the part is 13.00 seconds"
    page.keyboard.press("Home")
    assert part(page) == ("", "")
    handle(page, "end").focus()
    page.keyboard.press("Home")
    assert part(page) == ("", "0.1")
    page.keyboard.press("End")
    page.keyboard.press("Shift+ArrowLeft")
    assert part(page) == ("", "13")
    expect(page.get_by_text("Trimming saves $0.04")).to_be_visible()
    handle(page, "at").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert handle(page, "at").get_attribute("aria-valuenow") == "0.10"
    assert part(page) == ("", "13")


def test_by_finger(opened: Opened, studio: Studio, film: Path) -> None:
    page = filled(opened(studio, **PHONE), studio, film)
    track = page.locator("[data-track]")
    track.scroll_into_view_if_needed()
    box, strip = handle(page, "end").bounding_box(), page.locator("[data-film]").bounding_box()
    assert box
    assert strip
    assert (box["width"], box["height"]) >= (44, 44)
    touch = page.context.new_cdp_session(page)
    x, y = box["x"] + box["width"] / 2, box["y"] + 20
    points = [x, x - 30, x - 90, strip["x"] + strip["width"] / 2 + 7]
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": points[0], "y": y}]})
    for each in points[1:]:
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": each, "y": y}]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    expect(page.locator("[name=trim_end]")).to_have_value("7")
    assert part(page) == ("", "7")
    expect(page.locator("#generate")).to_be_enabled()
    expect(page.locator("#generate")).to_contain_text("$0.28")


def test_fields_move_the_handles_and_playing_stays_in_the_part(opened: Opened, studio: Studio, film: Path) -> None:
    page = filled(opened(studio, **WIDE), studio, film)
    page.locator("[name=trim_start]").fill("6")
    page.locator("[name=trim_end]").fill("6.6")
    expect(handle(page, "start")).to_have_attribute("aria-valuenow", "6.00")
    expect(handle(page, "end")).to_have_attribute("aria-valuenow", "6.60")
    expect(page.locator("#generate")).to_be_enabled()
    times = """() => new Promise((done) => {
        const video = document.querySelector("#motion-slot video"), times = [];
        let loops = 0;
        const look = () => {
            const before = times.at(-1);
            times.push(video.currentTime);
            if (before > video.currentTime) loops += 1;
            if (loops > 1) done(times);
            else requestAnimationFrame(look);
        };
        look();
    })"""
    page.get_by_role("button", name="Play the part").click()
    page.wait_for_function("document.querySelector('#motion-slot video').currentTime >= 6")
    seen = page.evaluate(times)

    assert min(seen) >= 5.9
    # A browser that is held up notices the end late; it never goes on from there.
    assert [(early, late) for early, late in pairwise(seen) if early > 6.8 and late > early] == []


def test_try_places_a_short_window_where_the_clip_stands(trimming: Page) -> None:
    page = trimming
    page.get_by_role("radio", name=re.compile("720p")).click()
    handle(page, "at").focus()
    page.keyboard.press("Home")
    for _ in range(4):
        page.keyboard.press("Shift+ArrowRight")
    page.get_by_role("button", name="Try 5 s · $0.20").click()

    assert part(page) == ("4", "9")
    expect(page.get_by_role("radio", name=re.compile("480p"))).to_be_checked()
    expect(page.locator("#generate")).to_be_enabled()
    expect(page.locator("#generate")).to_contain_text("$0.20")
    generate(page)
    page.get_by_role("link", name="Make the whole · $1.12").click(timeout=120_000)

    expect(page.locator("#generate")).to_contain_text("$1.12")
    assert part(page) == ("", "")
    expect(page.get_by_role("radio", name=re.compile("720p"))).to_be_checked()


def test_what_is_black_is_cut_out_at_once_and_handles_snap_to_the_cut(
    opened: Opened, studio: Studio, tmp_path: Path
) -> None:
    path = tmp_path / "black.mp4"
    path.write_bytes(black_start(LENGTH, black_s=3))
    page = filled(opened(studio, **WIDE), studio, path)
    expect(page.locator(".trim-cell").first).to_have_css("background-image", re.compile("/strip"))
    expect(page.locator(".trim-range.black")).to_have_count(1)
    page.get_by_role("button", name="Cut out the black start").click()
    assert part(page) == ("3", "")
    expect(page.locator("#generate")).to_be_enabled()
    expect(page.locator("#generate")).to_contain_text("$0.44")
    expect(page.get_by_role("button", name="Cut out the black start")).to_be_hidden()

    page.get_by_role("button", name="Whole clip").click()
    drag(page, "start", 3.09)
    assert part(page) == ("3", "")


def test_trim_bar_is_accessible_in_both_themes(opened: Opened, studio: Studio, film: Path, size: Window) -> None:
    page = filled(opened(studio, **size, **LOOKED_AT), studio, film)
    handle(page, "start").focus()
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("#generate")).to_be_enabled()
    assert wrong_with(page) == []
