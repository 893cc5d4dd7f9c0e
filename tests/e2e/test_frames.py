"""Frames in a browser: steps, timecodes, playing as editors do, and comments that open on their frame."""

import re
from functools import partial

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Opened
from tests.e2e.counted import PRESSED, READ, comments_open_on_their_frames, is_there, steps_on_every_frame
from tests.e2e.studio import Studio, wait_until

# Their numbers have eight bits.
FRAMES = 250


@pytest.fixture(scope="module")
def counted(studio: Studio) -> dict[str, str]:
    """The page of a video at each rate."""
    code = f"from tests.e2e.counted import finish_counted; print(finish_counted({{rate!r}}, {FRAMES}).pk)"
    return {rate: f"{studio.url}/videos/{studio.python(code.format(rate=rate))}/" for rate in ("29.97", "variable")}


@pytest.mark.parametrize("rate", ["29.97", "variable"])
def test_each_step_lands_on_its_frame(rate: str, wide: Page, counted: dict[str, str]) -> None:
    steps_on_every_frame(wide, counted[rate], 12)


def test_comments_open_on_their_frames(wide: Page, counted: dict[str, str]) -> None:
    comments_open_on_their_frames(wide, counted["29.97"], (0, 10, 37))


def draw(page: Page, tool: str, start: tuple[float, float], end: tuple[float, float]) -> None:
    """By the mouse, from and to these shares of the picture."""
    page.get_by_role("button", name=tool, exact=True).click()
    sheet = page.locator("svg.drawing").bounding_box()
    assert sheet
    for number, (x, y) in enumerate((start, end)):
        page.mouse.move(sheet["x"] + x * sheet["width"], sheet["y"] + y * sheet["height"])
        if number == 0:
            page.mouse.down()
    page.mouse.up()


def lines(page: Page) -> Locator:
    return page.locator("svg.drawing polyline.stroke")


def test_a_drawing_is_on_its_frame_alone_and_for_guests_if_it_is_not_internal(
    wide: Page, opened: Opened, counted: dict[str, str], studio: Studio
) -> None:
    address = counted["variable"]
    wide.goto(address)
    video = wide.locator("video[id^=video-]")
    wait_until(lambda: video.evaluate("video => video.readyState") >= 2, "the video is there")
    wide.evaluate(PRESSED, ["ArrowRight", 7])
    for words, tool, internal in (("Seen by all", "Box", False), ("Of the team", "Arrow", True)):
        wide.get_by_role("button", name="Draw").click()
        draw(wide, tool, (0.25, 0.25), (0.75, 0.5))
        draw(wide, "Line", (0.1, 0.1), (0.2, 0.2))
        wide.keyboard.press("Control+z")
        wide.get_by_role("button", name="Keep the drawing").click()
        wide.get_by_label("Comment", exact=True).fill(words)
        wide.get_by_label("Internal").set_checked(internal)
        wide.get_by_role("button", name="Comment", exact=True).click()
        expect(wide.locator(".comment", has_text=words)).to_contain_text("Drawn: ")
        expect(wide.get_by_label("Internal")).not_to_be_checked()
    # A box is one line, an arrow is two.
    expect(lines(wide)).to_have_count(3)
    corners = lines(wide).first.get_attribute("points") or ""
    shares = wide.locator("svg.drawing").evaluate(
        "(svg, points) => { const {width, height} = svg.viewBox.baseVal; "
        "return points.split(' ').map(each => each.split(',').map((at, axis) => at / [width, height][axis])) }",
        corners,
    )
    assert shares[0] == pytest.approx([0.25, 0.25], abs=0.02)
    assert shares[2] == pytest.approx([0.75, 0.5], abs=0.02)
    wide.get_by_role("button", name="Draw").click()
    wide.keyboard.press("Escape")
    expect(wide.locator("[data-draw-tools]")).to_be_hidden()
    wide.evaluate(PRESSED, ["ArrowRight", 1])
    expect(lines(wide)).to_have_count(0)
    wide.locator(".comment", has_text="Seen by all").locator(".at").click()
    expect(lines(wide)).to_have_count(3)

    pk = re.search(r"/videos/(\d+)/", address)
    assert pk
    token = studio.python(
        "from wanstudio.models import Video; from wanstudio.sharing.verbs import make_link; "
        f"video = Video.objects.get(pk={pk[1]}); print(make_link(video, video.job.person, may_comment=True).token)"
    )
    guest = opened(studio, signed_in=False)
    guest.goto(f"{studio.url}/s/{token}/")
    guest.locator(".comment", has_text="Seen by all").locator(".at").click()
    expect(lines(guest)).to_have_count(1)
    assert "Of the team" not in guest.content()


def test_loop_keeps_to_in_and_out_and_k_with_l_is_a_frame(wide: Page, counted: dict[str, str]) -> None:
    wide.goto(counted["29.97"])
    video = wide.locator("video[id^=video-]")
    wait_until(lambda: video.evaluate("video => video.readyState") >= 2, "the video is there")
    wide.evaluate(PRESSED, ["ArrowRight", 10])
    wide.keyboard.press("i")
    wide.keyboard.down("k")
    wide.keyboard.press("l")
    wide.keyboard.up("k")
    wait_until(lambda: video.evaluate(READ) == 11, "K with L goes by a frame")
    wide.evaluate(PRESSED, ["ArrowRight", 7])
    wide.keyboard.press("o")
    expect(wide.locator("#comment-at")).to_have_value("00:00:00;10")
    expect(wide.locator("#comment-until")).to_have_value("00:00:00;18")
    wide.get_by_role("button", name="Loop").click()
    seen = wide.evaluate(LOOPED)
    assert min(seen) >= 9.99 / 29.97
    # A busy machine notices late that Out is over; the end of the clip is far behind it.
    assert max(seen) < (FRAMES - 10) / 29.97
    wide.keyboard.press("k")
    wide.keyboard.press("?")
    expect(wide.get_by_role("dialog", name="Keys")).to_be_visible()


# The times of the pictures while it plays, until it has gone back three times.
LOOPED = """async () => {
    const video = document.querySelector("video[id^=video-]");
    const seen = [];
    let turns = 0;
    const done = new Promise((resolve) => {
        const note = (now, { mediaTime }) => {
            if (seen.length && mediaTime < seen.at(-1)) turns += 1;
            seen.push(mediaTime);
            if (turns === 3) resolve();
            else video.requestVideoFrameCallback(note);
        };
        video.requestVideoFrameCallback(note);
    });
    document.querySelector("[data-play]").click();
    await done;
    return seen;
}"""


def test_any_two_videos_of_the_wall_are_compared_and_paused_on_the_same_frame(
    wide: Page, counted: dict[str, str], studio: Studio
) -> None:
    studio.python(f"from tests.e2e.counted import finish_counted; finish_counted('29.97', {FRAMES})")
    wide.goto(f"{studio.url}/videos/?select=1")
    compare = wide.get_by_role("button", name="Compare")
    for title in ("At 29.97", "At 29.97"):
        expect(compare).to_be_disabled()
        wide.locator(".tile", has_text=title).locator(".tile-check input:not(:checked)").first.check(force=True)
    compare.click()
    wide.wait_for_url(re.compile(r"with="))
    both = wide.locator(".stage video")
    for video in both.all():
        wait_until(partial(is_there, video), "both are there")
    for count in (1, 1, 5):
        wide.evaluate(PRESSED, ["ArrowRight", count])
        wait_until(lambda: len({video.evaluate(READ) for video in both.all()}) == 1, "both show the same frame")
    assert both.first.evaluate(READ) == 7
