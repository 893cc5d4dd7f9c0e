"""Large files in a browser: in pieces, through small proxies, after a break, a reload and a sign-out, and not twice."""

import os
import re
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, Request, Route, expect

from tests.e2e.conftest import Opened, sign_in
from tests.e2e.person import WALK
from tests.e2e.studio import Studio
from tests.e2e.template import EMAIL, PASSWORD
from tests.servers import nginx

MB = 1024 * 1024
PARTS = re.compile(r"/uploads/parts/[0-9a-f-]{36}/$")


@pytest.fixture
def large(tmp_path: Path) -> Callable[[str], Path]:
    """A clip of 12 MB, other bytes each time: one piece and a half."""

    def make(name: str) -> Path:
        data = WALK.read_bytes()
        padding = os.urandom(16) + bytes(12 * MB - len(data) - 24)
        path = tmp_path / name
        path.write_bytes(data + (len(padding) + 8).to_bytes(4, "big") + b"free" + padding)
        return path

    return make


class Line:
    """The pieces of a page on their way: how many bytes were sent, and whether further ones break."""

    def __init__(self, page: Page) -> None:
        self.sent, self.lets_through = 0, 99
        page.route(PARTS, self._pass)

    def _pass(self, route: Route, request: Request) -> None:
        if request.method == "PATCH":
            if not self.lets_through:
                return route.abort()
            self.lets_through -= 1
            self.sent += int(request.headers.get("content-length", 0)) or len(request.post_data_buffer or b"")
        return route.continue_()


@pytest.fixture
def page(opened: Opened, studio: Studio) -> Page:
    page = opened(studio)
    page.goto(studio.url)
    return page


@pytest.fixture
def line(page: Page) -> Iterator[Line]:
    yield Line(page)
    page.unroute(PARTS)


def give(page: Page, kind: str, file: Path) -> None:
    page.get_by_label(f"{kind} file").first.set_input_files(file)


def is_here(page: Page, kind: str = "motion") -> None:
    expect(page.locator(f"#{kind}-slot input[name={kind}]")).to_be_attached(timeout=120_000)


def patches(page: Page) -> list[Request]:
    found: list[Request] = []
    page.on("request", lambda request: found.append(request) if request.method == "PATCH" else None)
    return found


def test_large_clip_arrives_in_pieces_and_is_not_sent_again(
    page: Page, studio: Studio, large: Callable[[str], Path]
) -> None:
    sent, clip = patches(page), large("walk.mp4")
    give(page, "Motion", clip)
    is_here(page)
    expect(page.locator("#motion-slot .facts-line")).to_contain_text("12.0\xa0MB")
    assert len(sent) == 2
    page.goto(studio.url)
    give(page, "Motion", clip)
    is_here(page)
    assert len(sent) == 2
    assert studio.rows("SELECT count(*) FROM wanstudio_source WHERE name = 'walk.mp4'") == [(1,)]


def test_after_a_reload_the_same_file_goes_on(
    page: Page, line: Line, studio: Studio, large: Callable[[str], Path]
) -> None:
    clip, line.lets_through = large("half.mp4"), 1
    give(page, "Motion", clip)
    expect(page.locator("#motion-slot [data-line]")).to_contain_text("8.0 of 12.0 MB")
    page.reload()
    sent, line.lets_through = patches(page), 99
    hint = page.get_by_text("“half.mp4” has not arrived yet. Choose it again to continue.")
    expect(hint).to_be_visible()
    give(page, "Motion", clip)
    is_here(page)
    assert len(sent) == 1
    page.goto(studio.url)
    expect(hint).to_have_count(0)


def test_signed_out_in_the_middle_it_goes_on_after_signing_in(
    page: Page, line: Line, studio: Studio, large: Callable[[str], Path]
) -> None:
    line.lets_through = 1
    give(page, "Motion", large("out.mp4"))
    expect(page.locator("#motion-slot [data-line]")).to_contain_text("8.0 of 12.0 MB")
    page.context.clear_cookies(name="wanstudio_session")
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    sent, line.lets_through = patches(page), 99
    sign_in(page.context.new_page(), studio)
    page.get_by_role("button", name="Retry").click()
    is_here(page)
    # One of them for the old token of the page.
    assert len(sent) <= 2


def test_stopping_leaves_what_was_there_and_nothing_on_the_way(
    page: Page, line: Line, studio: Studio, large: Callable[[str], Path]
) -> None:
    give(page, "Motion", WALK)
    is_here(page)
    before = page.locator("input[name=motion]").input_value()
    line.lets_through = 1
    page.locator("#motion-slot summary").first.click()
    give(page, "Motion", large("stopped.mp4"))
    expect(page.locator("#motion-slot [data-line]")).to_contain_text("8.0 of 12.0 MB")
    with page.expect_response(lambda answer: answer.request.method == "DELETE" and answer.status == 204):
        page.get_by_role("button", name="Stop").click()
    expect(page.locator("input[name=motion]")).to_have_value(before)
    assert studio.rows("SELECT count(*) FROM wanstudio_partialupload WHERE name = 'stopped.mp4'") == [(0,)]
    page.wait_for_function("!Object.keys(localStorage).some(key => key.startsWith('tus::'))")


def test_large_picture_arrives_through_a_small_proxy(opened: Opened, studio: Studio, tmp_path: Path) -> None:
    noise, path = BytesIO(), tmp_path / "noise.png"
    Image.frombytes("RGB", (1000, 1000), os.urandom(3_000_000)).save(noise, "PNG")
    path.write_bytes(noise.getvalue())
    with nginx(f"127.0.0.1:{studio.port}", "client_max_body_size 1m;") as proxy:
        page = opened(studio, signed_in=False)
        page.goto(f"{proxy.url}/accounts/login/")
        page.fill("input[name=login]", EMAIL)
        page.fill("input[name=password]", PASSWORD)
        page.press("input[name=password]", "Enter")
        page.wait_for_url(f"{proxy.url}/")
        give(page, "Character", path)
        is_here(page, "character")
    stored = studio.rows("SELECT file FROM wanstudio_source WHERE name = 'noise.png'")
    assert (studio.data / "media" / stored[0][0]).read_bytes() == noise.getvalue()


def test_several_files_are_added_at_once(
    page: Page, studio: Studio, large: Callable[[str], Path], tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.mp4"
    wrong.write_bytes(os.urandom(700_000))
    files = [large(f"clip-{number}.mp4") for number in range(4)]
    page.goto(f"{studio.url}/uploads/")
    page.locator("details.add summary").click()
    page.get_by_label("Picture or clip").set_input_files([*files, wrong])
    page.locator("form[data-parts]").get_by_role("button", name="Add").click()
    for number in range(4):
        expect(page.locator("#uploads-list").get_by_role("heading", name=f"clip {number}")).to_be_visible(
            timeout=120_000
        )
    expect(page.locator(".arriving-row")).to_have_count(1)
    expect(page.locator(".arriving-row [role=alert]")).to_contain_text("This is not a video")
    page.locator(".arriving-row").get_by_role("button").click()
    expect(page.locator(".arriving-row")).to_have_count(0)
