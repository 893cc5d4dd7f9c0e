"""What is typed into a browser survives: a session that is gone, an answer that fails, a server in between."""

import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import Opened, enter
from tests.e2e.studio import Studio, wait_until
from tests.e2e.template import EMAIL, PASSWORD
from tests.e2e.windows import WIDE
from tests.servers import haproxy, nginx

WORDS = "The hand is late, 0:02 & after"


@pytest.fixture(scope="module")
def made(studio: Studio) -> Studio:
    """A studio with one video, id 1."""
    studio.python("from tests.e2e.finished import finish; finish()")
    return studio


def session_gone(page: Page) -> None:
    page.context.clear_cookies(name="wanstudio_session")


def sign_in_again(page: Page) -> None:
    expect(page.get_by_text("the form still has your input")).to_be_visible()
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_comment_and_note_survive_the_end_of_the_session(wide: Page, made: Studio) -> None:
    address = f"{made.url}/videos/1/"
    wide.goto(address)
    wide.get_by_text("Add a note").click()
    note, comment = wide.get_by_label("A note with the decision"), wide.get_by_label("Comment", exact=True)
    note.fill(WORDS)
    session_gone(wide)
    # The page asks every few seconds, and leaves what is being written where it is.
    expect(wide.get_by_text("You are signed out. Your input is still here.")).to_be_visible()
    expect(note).to_have_value(WORDS)
    wide.get_by_role("button", name="Needs work").click()
    sign_in_again(wide)
    wide.wait_for_url(address)
    expect(note).to_be_visible()
    expect(note).to_have_value(WORDS)
    expect(wide.get_by_text("Not decided yet")).to_be_visible()
    comment.fill(WORDS)
    session_gone(wide)
    wide.get_by_role("button", name="Comment", exact=True).click()
    sign_in_again(wide)
    wide.wait_for_url(address)
    expect(comment).to_have_value(WORDS)
    wide.get_by_role("button", name="Comment", exact=True).click()
    expect(wide.locator(".comment", has_text=WORDS)).to_have_count(1)
    expect(comment).to_have_value("")
    expect(wide.locator(".composer .typed-again")).to_have_count(0)


def test_comment_survives_without_javascript(plain: Page, made: Studio) -> None:
    address, words = f"{made.url}/videos/1/", f"{WORDS}, plain"
    plain.goto(address)
    comment = plain.get_by_label("Comment", exact=True)
    comment.fill(words)
    session_gone(plain)
    plain.get_by_role("button", name="Comment", exact=True).click()
    sign_in_again(plain)
    plain.wait_for_url(address)
    expect(comment).to_have_value(words)
    expect(plain.get_by_text("Not sent yet.")).to_be_visible()
    plain.get_by_role("button", name="Comment", exact=True).click()
    expect(plain.locator(".comment", has_text=words)).to_have_count(1)


def test_sign_in_in_another_tab_keeps_the_words(wide: Page, made: Studio) -> None:
    address, words = f"{made.url}/videos/1/", f"{WORDS}, another tab"
    wide.goto(address)
    comment = wide.get_by_label("Comment", exact=True)
    comment.fill(words)
    # As a sign-in there does: another token.
    wide.context.clear_cookies(name="wanstudio_csrf")
    other = wide.context.new_page()
    other.goto(f"{made.url}/")
    wide.get_by_role("button", name="Comment", exact=True).click()
    expect(wide.get_by_text("Not sent yet.")).to_be_visible()
    expect(comment).to_have_value(words)
    wide.get_by_role("button", name="Comment", exact=True).click()
    expect(wide.locator(".comment", has_text=words)).to_have_count(1)


def answering(status: int, *, ours: bool) -> Callable[[Route], None]:
    """What answers in the studio's place; 0: nothing does."""
    headers = {"X-Wan-Studio": "1"} if ours else {"HX-Redirect": "/elsewhere/"}

    def answer(route: Route) -> None:
        if status:
            route.fulfill(status=status, headers=headers, content_type="text/html", body="<h1>Captive portal</h1>")
        else:
            route.abort()

    return answer


def test_foreign_and_failed_answers_leave_the_words_and_say_so(wide: Page, made: Studio) -> None:
    wide.goto(f"{made.url}/videos/1/")
    comment, send = wide.get_by_label("Comment", exact=True), wide.get_by_role("button", name="Comment", exact=True)
    comment.fill(WORDS)
    for status, ours, sentence in [
        (413, False, "it is larger than its limit (413). Nothing was sent and nothing was charged."),
        (502, False, "The proxy server cannot reach the studio (502)."),
        (200, False, "Another server answered instead of the studio."),
        (500, True, "The studio could not do this (500)."),
        (0, False, "Connection lost."),
    ]:
        wide.route("**/videos/1/comments/", answering(status, ours=ours))
        send.click()
        expect(wide.get_by_text(sentence)).to_be_visible()
        expect(comment).to_have_value(WORDS)
        expect(wide.get_by_text("Captive portal")).to_have_count(0)
        wide.unroute("**/videos/1/comments/")
    # A form without a line of its own for it gets one.
    wide.route("**/videos/1/verdict/", answering(503, ours=False))
    wide.get_by_role("button", name="Approve").click()
    expect(wide.locator(".approval [role=alert]")).to_contain_text("cannot reach the studio (503)")
    send.click()
    expect(comment).to_have_value("")
    expect(wide.get_by_text("Connection lost.")).to_have_count(0)


def test_proxy_that_refuses_a_large_upload_is_named(opened: Opened, made: Studio, tmp_path: Path) -> None:
    large = tmp_path / "large.png"
    large.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(3_000_000))
    with nginx(f"127.0.0.1:{made.port}", "client_max_body_size 200k;") as proxy:
        page = opened(made, signed_in=False, **WIDE)
        enter(page.context, made)
        page.goto(proxy.url)
        page.locator("#character-slot input[type=file]").set_input_files(large)
        slot = page.locator("#character-slot")
        expect(slot.get_by_text("it is larger than its limit (413)")).to_be_visible()
        expect(slot.get_by_text("Nothing was sent and nothing was charged.")).to_be_visible()


def test_first_run_asks_who_comes_through_a_proxy_for_the_printed_code(start_studio: Callable[..., Studio]) -> None:
    studio = start_studio(owner=False)
    asks = 'name="code"'
    assert asks not in requests.get(f"{studio.url}/setup/", timeout=60).text
    with nginx(f"127.0.0.1:{studio.port}") as proxy:
        shown = requests.get(f"{proxy.url}/setup/", timeout=60).text
    assert asks in shown
    assert "createowner" in shown
    # HAProxy without any option: it adds nothing, and passes on the port at which it was asked.
    with haproxy(f"127.0.0.1:{studio.port}", plain=True) as proxy:
        assert asks in requests.get(f"{proxy.url}/setup/", timeout=60).text
    # nginx without any directive of its own: it names itself, over HTTP/1.0.
    with socket.create_connection(("127.0.0.1", studio.port), timeout=60) as line:
        line.sendall(f"GET /setup/ HTTP/1.0\r\nHost: 127.0.0.1:{studio.port}\r\n\r\n".encode())
        assert asks in b"".join(iter(lambda: line.recv(65536), b"")).decode()
    code = (studio.data / "setup-code").read_text()
    wait_until(lambda: re.search(rf"Setup code.*{code}", studio.said()), "the code is printed")
