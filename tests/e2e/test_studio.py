"""The studio in a browser: choosing by every way, uploads that are stopped and lost, prices that are never stale."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.e2e.conftest import Opened, sign_in
from tests.e2e.person import MIRA, WALK
from tests.e2e.studio import Studio, wait_until
from tests.e2e.template import EMAIL, PASSWORD
from tests.e2e.test_journey import generate
from tests.media.clips import clip

UPLOADS = re.compile(r"/uploads/add/$")
PRICES = re.compile(r"/price/")


@pytest.fixture(scope="module")
def clip_of(tmp_path_factory: pytest.TempPathFactory) -> dict[float, Path]:
    """Clips by their seconds."""
    folder = tmp_path_factory.mktemp("clips")
    made = {}
    for seconds in (3.0, 6.0, 14.0):
        made[seconds] = folder / f"clip-{seconds:.0f}.mp4"
        made[seconds].write_bytes(clip(seconds, size=(320, 240)))
    return made


@pytest.fixture
def page(opened: Opened, studio: Studio) -> Page:
    """The studio's first page."""
    page = opened(studio)
    page.goto(studio.url)
    return page


class Held:
    """Requests that the test lets go, or drops, when it likes."""

    def __init__(self, page: Page, address: re.Pattern[str]) -> None:
        self.routes: list[Route] = []
        self._page, self._address = page, address
        page.route(address, lambda route: self.routes.append(route))

    def wait_for(self, count: int) -> None:
        # The browser is heard while something is asked of it.
        wait_until(lambda: self._page.evaluate("1") and len(self.routes) >= count, f"{count} requests came")

    def let_go(self) -> None:
        for route in self.routes:
            route.continue_()
        self._page.unroute(self._address)


def give(page: Page, kind: str, file: Path) -> None:
    page.get_by_label(f"{kind} file").set_input_files(file)


def choose(page: Page, option: str) -> None:
    page.get_by_role("radio", name=re.compile(option)).click()


def sources(studio: Studio) -> int:
    return int(studio.rows("SELECT COUNT(*) FROM wanstudio_source WHERE deleted_at IS NULL")[0][0])


def wait_for_both(page: Page) -> None:
    expect(page.locator("#character-slot input[name=character]")).to_be_attached()
    expect(page.locator("#motion-slot input[name=motion]")).to_be_attached()


# --- uploads ------------------------------------------------------------------------------------------


def test_a_local_clip_has_its_price_before_its_upload_ends(page: Page, clip_of: dict[float, Path]) -> None:
    give(page, "Character", MIRA)
    expect(page.locator("input[name=character]")).to_be_attached()
    held = Held(page, UPLOADS)
    give(page, "Motion", clip_of[14.0])

    slot, button = page.locator("#motion-slot"), page.locator("#generate")
    expect(slot.get_by_text("$0.56 for 14 s")).to_be_visible()
    expect(slot.locator("video")).to_have_js_property("videoWidth", 320)
    expect(button).to_have_text(re.compile(r"Generate · \$0\.56"))
    expect(button).to_be_disabled()
    expect(page.get_by_text("Waiting for the clip.")).to_be_visible()
    expect(page.locator("#price-720p")).to_have_text("$1.12")
    held.let_go()
    expect(button).to_be_enabled()
    expect(slot.get_by_text("14.0 s · 320 × 240")).to_be_visible()


def test_progress_stop_and_what_stood_there_before(page: Page, studio: Studio, clip_of: dict[float, Path]) -> None:
    give(page, "Motion", clip_of[6.0])
    expect(page.locator("input[name=motion]")).to_be_attached()
    before, stored = page.locator("input[name=motion]").input_value(), sources(studio)
    held = Held(page, UPLOADS)
    give(page, "Motion", clip_of[14.0])
    expect(page.get_by_text(re.compile(r"^Uploading, \d+\.\d of \d+\.\d MB|^Checking"))).to_be_visible()
    expect(page.get_by_role("progressbar", name="Progress of the clip")).to_be_visible()
    held.wait_for(1)
    # Nothing of it has left the browser, and nothing will.
    with page.expect_event("requestfailed", lambda request: UPLOADS.search(request.url) is not None):
        page.get_by_role("button", name="Stop").click()

    expect(page.locator("input[name=motion]")).to_have_value(before)
    expect(page.locator("#generate")).to_have_text(re.compile(r"\$0\.24"))
    held.let_go()
    expect(page.locator("input[name=motion]")).to_have_value(before)
    assert sources(studio) == stored


def test_a_lost_connection_says_so_and_loses_nothing(page: Page, studio: Studio, clip_of: dict[float, Path]) -> None:
    stored = sources(studio)
    page.route(UPLOADS, lambda route: route.abort())
    give(page, "Motion", clip_of[3.0])
    expect(page.get_by_text("Connection lost.")).to_be_visible()
    expect(page.get_by_text("Nothing was sent to APIXO.")).to_be_visible()
    page.unroute(UPLOADS)
    page.get_by_role("button", name="Retry").click()

    expect(page.locator("input[name=motion]")).to_be_attached()
    assert sources(studio) == stored + 1


def test_it_goes_on_by_itself_when_the_connection_is_back(page: Page, clip_of: dict[float, Path]) -> None:
    page.route(UPLOADS, lambda route: route.abort())
    give(page, "Motion", clip_of[6.0])
    expect(page.get_by_text("Connection lost.")).to_be_visible()
    page.unroute(UPLOADS)
    page.evaluate("dispatchEvent(new Event('online'))")

    expect(page.locator("input[name=motion]")).to_be_attached()


def test_what_is_chosen_later_wins(page: Page, studio: Studio, clip_of: dict[float, Path]) -> None:
    held = Held(page, UPLOADS)
    give(page, "Motion", clip_of[14.0])
    held.wait_for(1)
    page.locator("#motion-slot [data-another] input").evaluate("field => { field.parentElement.hidden = false }")
    page.locator("#motion-slot [data-another] input").set_input_files(clip_of[6.0])
    held.wait_for(2)
    held.let_go()

    expect(page.locator("input[name=motion]")).to_be_attached()
    expect(page.locator("#motion-slot .file-name")).to_have_text("clip 6")
    expect(page.locator("#generate")).to_have_text(re.compile(r"\$0\.24"))


def test_a_file_that_cannot_be_used_says_why_in_its_place(page: Page, tmp_path: Path) -> None:
    wrong = tmp_path / "report.mp4"
    wrong.write_bytes(b"%PDF-1.7 a report")
    give(page, "Motion", wrong)

    alert = page.locator("#motion-slot [role=alert]")
    expect(alert).to_contain_text("This is not a clip we can use")
    expect(alert).to_contain_text("“report.mp4” This is a PDF document")
    expect(page.locator("#generate")).to_be_disabled()


def test_a_session_that_ended_is_told_apart(page: Page, clip_of: dict[float, Path]) -> None:
    page.context.clear_cookies()
    give(page, "Motion", clip_of[6.0])
    page.wait_for_url(re.compile(r"/accounts/login/\?next="))


def test_signed_in_again_in_another_tab_an_upload_goes_on(page: Page, studio: Studio) -> None:
    """The old page's token is worth nothing any more: it takes a new one, and nothing is chosen twice."""
    context = page.context
    context.clear_cookies(name="wanstudio_session")
    other = context.new_page()
    sign_in(other, studio)
    with page.expect_response(lambda answer: UPLOADS.search(answer.url) is not None and answer.status == 201):
        give(page, "Character", MIRA)
    expect(page.locator("#character-slot input[name=character]")).to_be_attached()
    expect(page.locator("#character-slot [role=alert]:not(:empty)")).to_have_count(0)
    expect(page.locator("#studio-status")).to_have_text("Mira is here.")


def test_a_file_that_is_too_large_is_not_waited_for(page: Page, tmp_path: Path) -> None:
    large = tmp_path / "large.png"
    large.write_bytes(MIRA.read_bytes() + bytes(10 * 1024 * 1024))
    give(page, "Character", large)
    expect(page.locator("#character-slot [role=alert]")).to_contain_text("“large.png” is 10.2 MB.")
    expect(page.locator("#generate-note")).to_have_text("Add a character and a motion first.")


# --- other ways to choose -----------------------------------------------------------------------------


def drop(page: Page, target: str, *files: Path) -> None:
    """Files dropped from the desktop, as far as a page can tell."""
    contents = [(file.name, list(file.read_bytes())) for file in files]
    page.evaluate(
        """([target, contents]) => {
            const data = new DataTransfer();
            const types = { mp4: "video/mp4", png: "image/png" };
            for (const [name, bytes] of contents) {
                data.items.add(new File([new Uint8Array(bytes)], name, { type: types[name.split(".").pop()] }));
            }
            for (const kind of ["dragenter", "dragover", "drop"]) {
                const event = new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: data });
                document.querySelector(target).dispatchEvent(event);
                if (kind === "dragover") window.marked = document.querySelectorAll("[data-over]").length;
            }
        }""",
        [target, contents],
    )


def test_dropped_anywhere_each_finds_its_place(page: Page) -> None:
    drop(page, ".rail", MIRA, WALK)

    assert page.evaluate("window.marked") == 2
    wait_for_both(page)
    expect(page.locator("[data-over]")).to_have_count(0)
    expect(page.locator("#generate")).to_be_enabled()


def test_a_pasted_link_finds_its_place_and_a_pasted_word_stays_a_word(page: Page) -> None:
    paste = """([target, text]) => {
        const data = new DataTransfer();
        data.setData("text/plain", text);
        document.querySelector(target).dispatchEvent(
            new ClipboardEvent("paste", { bubbles: true, cancelable: true, clipboardData: data }));
    }"""
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if UPLOADS.search(request.url) else None)
    page.evaluate(paste, ["#prompt", "https://example.com/a.mp4"])
    page.evaluate(paste, ["body", "no link"])
    assert page.locator("[data-arriving], [role=alert]").count() == 0
    page.evaluate(paste, ["body", "http://10.0.0.4/clip.mp4"])

    expect(page.locator("#motion-slot [role=alert]")).to_contain_text("private address")
    assert len(sent) == 1, "of what is no link for a slot nothing was asked"


def test_a_recent_one_comes_back_with_one_click(page: Page, clip_of: dict[float, Path]) -> None:
    give(page, "Motion", clip_of[3.0])
    expect(page.locator("input[name=motion]")).to_be_attached()
    give(page, "Motion", clip_of[6.0])
    expect(page.locator("#motion-slot .file-name")).to_have_text("clip 6")
    expect(page.locator("input[name=motion]")).to_be_attached()
    page.locator("#motion-slot").get_by_title("clip 3").first.click()

    expect(page.locator("#motion-slot h2 + .file-name")).to_have_text("clip 3")
    expect(page.locator("#price-reason")).to_have_text("3 s, billed as 5 s × $0.04 = $0.20")
    page.get_by_role("link", name="Remove clip 3").click()
    expect(page.get_by_text("Drop a clip of the motion")).to_be_visible()
    expect(page).not_to_have_url(re.compile("motion="))


def test_a_recent_one_that_does_not_come_is_said_where_it_shows(page: Page) -> None:
    """The dialog of the frame has a line for this, too, and is closed."""
    give(page, "Character", MIRA)
    expect(page.locator("#character-slot #crop")).to_be_attached()
    page.route(re.compile(r"/uploads/\d+/slot/"), lambda route: route.fulfill(status=502, body="no upstream"))
    page.locator("#character-slot a.recent").first.click()
    expect(page.get_by_text("The proxy server cannot reach the studio (502).")).to_be_visible()


# --- the price ----------------------------------------------------------------------------------------


def use_sample(page: Page) -> None:
    page.get_by_role("button", name="Use the sample").click()
    page.wait_for_url(re.compile("character=.*motion="))
    expect(page.locator("#generate")).to_be_enabled()


def test_a_late_answer_never_overwrites_a_newer_one(page: Page) -> None:
    use_sample(page)
    held = Held(page, PRICES)
    choose(page, "720p")
    held.wait_for(1)
    expect(page.locator("#generate")).to_be_disabled()
    # Its request is given up as the newer one is made: an answer has nowhere to go any more.
    with page.expect_event("requestfailed", lambda request: "resolution=720p" in request.url):
        choose(page, "480p")
    held.wait_for(2)
    held.let_go()
    expect(page.locator("#generate")).to_be_enabled()

    expect(page.locator("#generate")).to_have_text(re.compile(r"\$0\.20"))
    expect(page.locator("input[name=quoted]")).to_have_value("0.20")


def test_a_price_that_cannot_be_asked_comes_back_by_itself(page: Page) -> None:
    use_sample(page)
    page.route(PRICES, lambda route: route.abort())
    choose(page, "720p")
    expect(page.get_by_text("Connection lost. The price returns when it is back.")).to_be_visible()
    expect(page.locator("#generate")).to_be_disabled()
    page.unroute(PRICES)

    expect(page.locator("#generate")).to_be_enabled()
    expect(page.locator("#generate")).to_have_text(re.compile(r"\$0\.40"))


# --- what stays ---------------------------------------------------------------------------------------


def test_a_reload_and_a_sign_in_keep_everything(page: Page, studio: Studio) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    use_sample(page)
    page.get_by_text("Replace", exact=True).click()
    choose(page, "720p")
    page.get_by_label("Prompt").fill("Keep the coat")
    page.get_by_text("Fixed", exact=True).click()
    page.get_by_label("Seed number").fill("99")
    page.context.clear_cookies()
    page.reload()
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_label("Prompt")).to_have_value("Keep the coat")
    expect(page.get_by_label("Seed number")).to_have_value("99")
    expect(page.get_by_role("radio", name="Replace")).to_be_checked()
    wait_for_both(page)
    expect(page.locator("#generate")).to_have_text(re.compile(r"\$0\.40"))


def jobs(studio: Studio) -> int:
    return int(studio.rows("SELECT COUNT(*) FROM wanstudio_job")[0][0])


def test_a_double_click_makes_one_job_and_going_back_another(page: Page, studio: Studio) -> None:
    before = jobs(studio)
    use_sample(page)
    page.locator("#generate").dblclick()
    page.wait_for_url(re.compile(r"/jobs/\d+/$"))
    first = page.url
    assert jobs(studio) == before + 1

    page.go_back()
    wait_for_both(page)
    expect(page.locator("#generate")).to_be_enabled()
    generate(page)
    assert page.url != first
    assert jobs(studio) == before + 2
    # The sandbox would tell of them to whichever test has the studio next, whose jobs have the same ids.
    under_way = "SELECT id FROM wanstudio_job WHERE state != 'done'"
    wait_until(lambda: not studio.rows(under_way), "both videos are made", 120)


def test_two_tabs_do_not_disturb_each_other(page: Page, clip_of: dict[float, Path]) -> None:
    one = page
    use_sample(one)
    two = one.context.new_page()
    two.goto(one.url)
    give(two, "Motion", clip_of[6.0])
    expect(two.locator("#generate")).to_have_text(re.compile(r"\$0\.24"))

    one.reload()
    expect(one.locator("#generate")).to_have_text(re.compile(r"\$0\.20"))
