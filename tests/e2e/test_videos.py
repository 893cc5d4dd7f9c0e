"""Videos in a browser: the wall that plays, searches and pages; the player; and the files behind them."""

import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from uuid import uuid4

import pytest
import requests
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Opened, sign_in
from tests.e2e.person import Person
from tests.e2e.studio import Studio, wait_until
from tests.e2e.windows import PHONE, WIDE

COPIES = 130
PAGE = 24


@pytest.fixture(scope="module")
def wall(studio: Studio) -> Studio:
    """A studio with two videos of its own, ids 1 and 2, and copies of them that share their files."""
    studio.python(
        "from tests.e2e.finished import finish; finish(prompt='Slowly along the quay', behaviour='animate');"
        "finish(prompt='Rain on glass', behaviour='replace')"
    )
    with closing(sqlite3.connect(studio.data / "studio.sqlite3", timeout=20)) as database, database:
        for number in range(COPIES):
            copy_video(database, number % 2 + 1, f"Take {number:03}")
    return studio


def copy_video(database: sqlite3.Connection, job: int, title: str) -> None:
    """Another job like this one, and its video."""
    changes = {"nonce": uuid4().hex, "title": title, "task_id": "", "video_id": None}
    copied = copy_row(database, "job", f"id = {job}", changes)
    video = copy_row(database, "video", f"job_id = {job}", {"job_id": copied})
    database.execute("UPDATE wanstudio_job SET video_id = ? WHERE id = ?", (video, copied))
    copy_row(database, "transition", f"job_id = {job}", {"job_id": copied})


def copy_row(database: sqlite3.Connection, table: str, where: str, changes: Mapping[str, object]) -> int:
    columns = [row[1] for row in database.execute(f"PRAGMA table_info(wanstudio_{table})") if row[1] != "id"]
    values = ", ".join(f":{name}" if name in changes else name for name in columns)
    sql = f"INSERT INTO wanstudio_{table} ({', '.join(columns)}) SELECT {values} FROM wanstudio_{table} WHERE {where}"
    return int(database.execute(f"{sql} LIMIT 1", changes).lastrowid or 0)


def titles(page: Page) -> list[str]:
    return page.locator(".tile-link").all_text_contents()


# --- the wall -----------------------------------------------------------------------------------------


def plays(tile: Locator) -> None:
    video = tile.locator("video")
    expect(video).to_be_attached()
    wait_until(lambda: video.evaluate("video => video.currentTime") > 0.1, "the tile plays")
    expect(tile.locator(".tile-time")).to_have_text(re.compile(r"^\d\.\d / "))


def test_a_tile_plays_under_the_pointer_and_with_the_focus(wide: Page, wall: Studio) -> None:
    wide.goto(f"{wall.url}/videos/")
    first, second = wide.locator(".tile").nth(0), wide.locator(".tile").nth(1)
    usual = first.locator(".tile-time").text_content() or ""
    first.hover()
    plays(first)
    second.hover()
    expect(first.locator("video")).to_have_count(0)
    expect(first.locator(".tile-time")).to_have_text(usual)
    wide.mouse.move(1, 1)
    expect(wide.locator(".tile video")).to_have_count(0)

    wide.locator(".filters summary").last.focus()
    for _ in range(8):
        wide.keyboard.press("Tab")
        if wide.evaluate("document.activeElement.closest('.tile') !== null"):
            break
    plays(first)
    assert wide.locator(".tile video").count() == 1


def test_less_motion_means_no_preview(wide: Page, wall: Studio) -> None:
    wide.emulate_media(reduced_motion="reduce")
    wide.goto(f"{wall.url}/videos/")
    wide.locator(".tile").first.hover()
    wide.locator(".tile").nth(1).hover()
    assert wide.locator(".tile video").count() == 0


def test_a_finger_opens_a_tile(opened: Opened, wall: Studio) -> None:
    page = opened(wall, **PHONE)
    page.goto(f"{wall.url}/videos/")
    page.locator(".tile").first.tap()
    page.wait_for_url(re.compile(r"/videos/\d+/$"))


def test_search_and_filters_stay_in_the_address(page: Page, wall: Studio) -> None:
    page.goto(f"{wall.url}/videos/")
    expect(page.locator(".count")).to_have_text(str(COPIES + 2))
    page.get_by_role("searchbox").fill("rain")
    page.get_by_role("searchbox").press("Enter")
    page.wait_for_url(re.compile(r"\?q=rain"))
    expect(page.locator(".count")).to_have_text(str(COPIES // 2 + 1))
    page.get_by_text("Animate or Replace").click()
    page.get_by_role("link", name="Animate", exact=True).click()
    page.wait_for_url(re.compile(r"q=rain&behaviour=animate"))
    expect(page.get_by_text("Nothing matches")).to_be_visible()

    page.go_back()
    expect(page.locator(".count")).to_have_text(str(COPIES // 2 + 1))
    page.reload()
    expect(page.get_by_role("searchbox")).to_have_value("rain")
    page.locator(".filters summary", has_text="Person").click()
    page.get_by_role("link", name="Ben", exact=True).click()
    page.wait_for_url(re.compile(r"q=rain&person=\d+"))
    page.get_by_role("searchbox").fill("take 001")
    page.get_by_role("searchbox").press("Enter")
    expect(page.locator(".tile-link")).to_have_text(["Take 001"])
    page.get_by_role("link", name="Clear filters").click()
    page.wait_for_url(f"{wall.url}/videos/")


def test_scrolling_brings_the_older_ones_once_each(page: Page, wall: Studio) -> None:
    page.goto(f"{wall.url}/videos/")
    expect(page.locator(".tile")).to_have_count(PAGE)
    for count in (*range(2 * PAGE, COPIES + 2, PAGE), COPIES + 2):
        page.locator(".wall-more").scroll_into_view_if_needed()
        expect(page.locator(".tile")).to_have_count(count)
    expect(page.locator(".wall-more")).to_have_count(0)
    newest_first = [f"Take {number:03}" for number in reversed(range(COPIES))]
    assert titles(page)[:COPIES] == newest_first


def test_paging_by_link_without_javascript(plain: Page, wall: Studio) -> None:
    plain.goto(f"{wall.url}/videos/?q=take")
    seen = titles(plain)
    while (older := plain.get_by_role("link", name="Older videos")).count():
        older.click()
        plain.wait_for_load_state()
        assert "q=take" in plain.url
        seen += titles(plain)
    assert seen == [f"Take {number:03}" for number in reversed(range(COPIES))]


def test_back_is_the_same_place(page: Page, wall: Studio) -> None:
    page.goto(f"{wall.url}/videos/?behaviour=animate")
    page.locator(".wall-more").scroll_into_view_if_needed()
    expect(page.locator(".tile")).to_have_count(2 * PAGE)
    tile = page.locator(".tile").nth(PAGE - 5)
    title = tile.locator(".tile-link").text_content()
    tile.locator(".tile-link").scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    assert before > 0
    tile.locator(".tile-link").click()
    page.wait_for_url(re.compile(r"/videos/\d+/$"))
    page.go_back()
    page.wait_for_url(re.compile(r"behaviour=animate"))

    wait_until(lambda: abs(page.evaluate("scrollY") - before) < 2, "the page is where it was")
    expect(page.locator(".tile", has_text=str(title))).to_be_in_viewport()


def test_back_after_a_sign_out_leads_to_the_sign_in(opened: Opened, wall: Studio) -> None:
    page = opened(wall, signed_in=False, **WIDE)
    sign_in(page, wall)
    for address in ("/videos/", "/team/", "/videos/1/"):
        page.goto(wall.url + address)
    page.goto(f"{wall.url}/accounts/logout/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    page.wait_for_url(re.compile(r"/accounts/login/"))
    for _ in range(3):
        page.go_back()
        expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
        assert "Take 1" not in page.content()
    style = page.locator("link[rel=stylesheet]").first.get_attribute("href")
    assert "public" in requests.get(wall.url + str(style), timeout=30).headers["Cache-Control"], "it is everybody's"


# --- one video ----------------------------------------------------------------------------------------


def test_a_download_says_what_it_is(page: Page, wall: Studio) -> None:
    page.goto(f"{wall.url}/videos/2/")
    with page.expect_download() as begun:
        page.get_by_role("link", name="Download").first.click()
    assert begun.value.suggested_filename == "mira-replace-480p-2.mp4"
    size = wall.rows("SELECT size_bytes FROM wanstudio_video WHERE id = 2")[0][0]
    assert begun.value.path().stat().st_size == size


def test_rename_on_the_video_page(wide: Page, wall: Studio) -> None:
    video, title = wall.rows("SELECT video_id, title FROM wanstudio_job WHERE title = 'Take 129'")[0]
    wide.goto(f"{wall.url}/videos/{video}/")
    wide.locator("main summary[aria-label=More]").click()
    wide.get_by_label("Title").fill("  Quay <b>at dawn</b> ")
    wide.get_by_role("button", name="Rename").click()
    expect(wide.get_by_role("heading", level=1)).to_have_text("Quay <b>at dawn</b>")
    expect(wide).to_have_url(f"{wall.url}/videos/{video}/")
    wide.locator("main summary[aria-label=More]").click()
    wide.get_by_label("Title").fill(title)
    wide.get_by_role("button", name="Rename").click()
    expect(wide.get_by_role("heading", level=1)).to_have_text(title)


def now(video: Locator) -> float:
    return float(video.evaluate("video => video.currentTime"))


def loaded(video: Locator) -> None:
    wait_until(lambda: video.evaluate("video => video.readyState") >= 2, "the video is there")


def goes_round(video: Locator) -> None:
    """It has no end that a slow machine could miss: five seconds are soon over."""
    loaded(video)
    video.evaluate("video => { video.loop = true; }")


def test_the_keys_of_the_player(wide: Page, wall: Studio) -> None:
    wide.goto(f"{wall.url}/videos/1/")
    video = wide.locator("#video-1")
    goes_round(video)
    wide.keyboard.press(" ")
    wait_until(lambda: now(video) > 0.2, "space plays")
    expect(wide.get_by_role("button", name="Pause")).to_be_visible()
    wide.keyboard.press("k")
    assert video.evaluate("video => video.paused")
    wide.keyboard.press("Home")
    wait_until(lambda: now(video) < 0.04, "to the start")
    at = now(video)
    wide.keyboard.press("Shift+ArrowRight")
    wait_until(lambda: abs(now(video) - at - 1) < 0.01, "with Shift it goes on by a second")
    wide.keyboard.press("Shift+ArrowLeft")
    wait_until(lambda: abs(now(video) - at) < 0.01, "and back by one")
    wide.keyboard.press("l")
    wide.keyboard.press("l")
    wait_until(lambda: video.evaluate("video => !video.paused && video.playbackRate") == 2, "L twice is twice as fast")
    wide.keyboard.press("j")
    wait_until(lambda: video.evaluate("video => video.paused"), "J plays backwards")
    wait_until(lambda: now(video) == pytest.approx(0, abs=0.04), "to the start")
    wide.keyboard.press("k")
    at = now(video)
    wide.keyboard.press("ArrowRight")
    wait_until(lambda: 0.01 < now(video) - at < 0.1, "the right arrow goes on by a frame")
    wide.keyboard.press("ArrowLeft")
    wait_until(lambda: abs(now(video) - at) < 0.01, "the left arrow goes back by one")
    assert video.evaluate("video => video.paused")

    # Letters typed into a field are letters.
    wide.locator("main summary[aria-label=More]").click()
    wide.get_by_label("Title").press("End")
    wide.get_by_label("Title").press_sequentially(" jkl")
    expect(wide.get_by_label("Title")).to_have_value("Mira jkl")
    assert abs(now(video) - at) < 0.01


def test_buttons_of_the_player(page: Page, wall: Studio) -> None:
    page.goto(f"{wall.url}/videos/1/")
    video = page.locator("#video-1")
    goes_round(video)
    page.get_by_role("button", name="Mute").click()
    page.get_by_role("button", name="Play").click()
    wait_until(lambda: now(video) > 0.2, "it plays")
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("slider", name="Position").fill("2")
    wait_until(lambda: abs(now(video) - 2) < 0.05, "it goes where the slider is")
    expect(page.locator("[data-now]")).to_have_text("00:00:02:00")
    at = now(video)
    page.get_by_role("button", name="One frame forward").click()
    wait_until(lambda: 0.01 < now(video) - at < 0.1, "one frame on")
    assert video.evaluate("video => [video.muted, video.controls]") == [True, False]


APART = """() => {
    const [motion, result] = document.querySelectorAll(".stage video");
    return Math.abs(motion.currentTime - result.currentTime);
}"""


def test_side_by_side_in_step(wide: Page, wall: Studio) -> None:
    wide.goto(f"{wall.url}/videos/1/")
    result, motion = wide.locator("#video-1"), wide.locator(".stage-motion")
    goes_round(result)
    expect(motion).to_be_hidden()
    wide.get_by_text("Side by side", exact=True).click()
    expect(motion).to_be_visible()
    loaded(motion)
    left, right = motion.bounding_box(), result.bounding_box()
    assert left is not None
    assert right is not None
    assert left["x"] + left["width"] <= right["x"]

    wide.get_by_role("button", name="Play").click()
    wait_until(lambda: now(result) > 1, "both play")
    wait_until(lambda: wide.evaluate(APART) < 0.1, "in step while they play")
    wide.get_by_role("button", name="Pause").click()
    wait_until(lambda: wide.evaluate(APART) < 0.02, "in step when paused")
    wait_until(lambda: motion.evaluate("motion => motion.paused"), "the clip is paused, too")
    wide.get_by_role("slider", name="Position").fill("0.5")
    wait_until(lambda: abs(now(motion) - 0.5) < 0.05, "the clip follows the slider")
    wide.locator("[data-views]").get_by_text("Result", exact=True).click()
    expect(motion).to_be_hidden()


# --- the file -----------------------------------------------------------------------------------------


def test_ranges_of_the_served_file(wall: Studio) -> None:
    person = Person(wall)
    stored, size = wall.rows("SELECT file, size_bytes FROM wanstudio_video WHERE id = 1")[0]
    whole = (wall.data / "media" / stored).read_bytes()
    address = "/videos/1/file"
    got = person.get(address)
    assert (got.status_code, got.headers["Accept-Ranges"], got.content) == (200, "bytes", whole)
    etag, modified = got.headers["ETag"], got.headers["Last-Modified"]

    def part(wanted: str, **headers: str) -> tuple[int, str, bytes]:
        answer = person.get(address, Range=wanted, **headers)
        return answer.status_code, answer.headers.get("Content-Range", ""), answer.content

    assert part("bytes=0-0") == (206, f"bytes 0-0/{size}", whole[:1])
    assert part("bytes=-500") == (206, f"bytes {size - 500}-{size - 1}/{size}", whole[-500:])
    assert part("bytes=100-") == (206, f"bytes 100-{size - 1}/{size}", whole[100:])
    assert part(f"bytes=10-{size * 2}") == (206, f"bytes 10-{size - 1}/{size}", whole[10:])
    assert part(f"bytes={size}-")[:2] == (416, f"bytes */{size}")
    assert part("bytes=9-3") == (200, "", whole)
    assert part("bytes=0-9", **{"If-Range": etag}) == (206, f"bytes 0-9/{size}", whole[:10])
    assert part("bytes=0-9", **{"If-Range": modified}) == (206, f"bytes 0-9/{size}", whole[:10])
    assert part("bytes=0-9", **{"If-Range": '"another"'}) == (200, "", whole)
    unchanged = person.get(address, **{"If-None-Match": etag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert person.get(address, **{"If-Modified-Since": modified}).status_code == 304
    head = person.session.head(wall.url + address, timeout=30)
    assert (head.status_code, head.headers["Content-Length"], head.content) == (200, str(size), b"")
    assert "no-store" not in got.headers["Cache-Control"]
    assert "private" in got.headers["Cache-Control"]


def test_a_stranger_gets_no_file(wall: Studio) -> None:
    answer = requests.get(f"{wall.url}/videos/1/file", allow_redirects=False, timeout=30)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/accounts/login/?next=/videos/1/file")


def test_a_kept_poster_is_asked_for_once_and_gone_after_signing_out(wall: Studio, wide: Page) -> None:
    """Its address is the file's own, and `Vary: Cookie` makes it one of this session."""
    wide.goto(f"{wall.url}/videos/")
    poster = wide.locator("article img").first.get_attribute("src")
    look = "address => fetch(address).then(answer => [answer.url, answer.headers.get('content-type')])"
    wide.evaluate(look, poster)
    # Others of the wall may still be on their way.
    line = f"GET {str(poster).partition('?')[0]} 200"
    asked = wait_until(lambda: wall.said().count(line), "the log names it")
    wide.reload()
    assert wide.evaluate(look, poster) == [wall.url + str(poster), "image/jpeg"]
    wide.context.clear_cookies()
    assert wide.evaluate(look, poster)[1] == "text/html; charset=utf-8"
    assert wall.said().count(line) == asked
