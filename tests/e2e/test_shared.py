"""A link from the dialog to a guest's browser and its end there, wide and on a phone."""

import re

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Opened
from tests.e2e.studio import Studio, wait_until
from tests.e2e.windows import WIDE, Window

SEED = """
from tests.e2e.finished import finish
from wanstudio.videos.verbs import collect, collection_named
video = finish("Mira walks")
person = video.job.person
collect(collection_named(video.team, person, "The cut"), [video], person)
print(video.pk)
"""


@pytest.fixture(scope="module")
def video(studio: Studio) -> int:
    return int(studio.python(SEED))


def make_link(page: Page, studio: Studio, address: str, **fields: str) -> str:
    """A link made in the dialog of this page; its address."""
    page.goto(studio.url + address)
    page.get_by_role("link", name="Share", exact=True).first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    if dialog.locator(".share").count():
        dialog.get_by_text("New link").click()
    fresh, before = dialog.locator(".share-new"), dialog.locator(".share").count()
    if password := fields.get("password"):
        fresh.get_by_label("Password").fill(password)
    fresh.get_by_label("Expires after").select_option(fields.get("lasts", "7"))
    fresh.get_by_role("button", name="Create link").click()
    expect(dialog.locator(".share")).to_have_count(before + 1)
    return dialog.get_by_label("Address of the link").first.input_value()


def plays(page: Page) -> None:
    wait_until(lambda: page.locator("video").evaluate("video => video.currentTime") > 0.2, "it plays")


def test_share_with_a_password_watch_and_revoke(opened: Opened, studio: Studio, size: Window, video: int) -> None:
    owner = opened(studio, **WIDE)
    link = make_link(owner, studio, f"/videos/{video}/", password="quay at dawn")
    guest = opened(studio, signed_in=False, **size)
    guest.goto(link)
    assert "Mira" not in guest.content()
    guest.get_by_label("Password", exact=True).fill("quay")
    guest.get_by_role("button", name="Open").click()
    expect(guest.get_by_role("alert")).to_have_text("Wrong password.")
    guest.get_by_label("Password", exact=True).fill("quay at dawn")
    guest.get_by_role("button", name="Open").click()
    expect(guest.get_by_role("heading", name="Mira walks")).to_be_visible()
    guest.get_by_role("button", name="Play Mira walks").click()
    plays(guest)

    owner.reload()
    owner.get_by_role("link", name="Share", exact=True).first.click()
    mine = owner.get_by_role("dialog").locator(".share").first
    expect(mine).to_contain_text(re.compile(r"1 view, last (just now|\d minutes? ago)"))
    # A player whose link has ended loads the page again, where no video is.
    file = studio.url + str(guest.locator("video").get_attribute("src"))
    mine.get_by_role("button", name="Revoke").click()
    expect(owner.get_by_role("dialog").locator(f"input[value='{link}']")).to_have_count(0)
    assert guest.context.request.get(file, headers={"Range": "bytes=1000-"}).status == 404
    again = guest.context.new_page()
    again.goto(link)
    expect(again.get_by_text("Ask Northlight for a new one.")).to_be_visible()


def test_sharing_and_watching_without_javascript(opened: Opened, studio: Studio, video: int) -> None:
    owner = opened(studio, **WIDE, java_script_enabled=False)
    owner.goto(f"{studio.url}/videos/{video}/")
    owner.get_by_role("link", name="Share", exact=True).first.click()
    owner.wait_for_url(re.compile(r"/videos/\d+/share/$"))
    fresh = owner.locator(".share-new")
    if not fresh.get_by_role("button", name="Create link").is_visible():
        owner.get_by_text("New link").click()
    fresh.get_by_label("Password").fill("quay at dawn")
    fresh.get_by_role("button", name="Create link").click()
    owner.wait_for_url(re.compile(r"\?link=\d+$"))
    link = owner.get_by_label("Address of the link").first.input_value()
    guest = opened(studio, signed_in=False, java_script_enabled=False)
    guest.goto(link)
    guest.get_by_label("Password", exact=True).fill("quay at dawn")
    guest.get_by_role("button", name="Open").click()
    expect(guest.get_by_role("heading", name="Mira walks")).to_be_visible()
    assert guest.locator("video").get_attribute("controls") is not None


def test_a_guest_without_a_connection_is_told_of_no_jobs(opened: Opened, studio: Studio, video: int) -> None:
    link = make_link(opened(studio, **WIDE), studio, f"/videos/{video}/")
    guest = opened(studio, signed_in=False)
    guest.goto(link)
    guest.context.set_offline(True)
    expect(guest.get_by_text("Connection lost.", exact=True)).to_be_visible()
    guest.context.set_offline(False)
    expect(guest.get_by_text("Connection lost.")).to_have_count(0)


def test_a_collection_for_guests(opened: Opened, studio: Studio, video: int) -> None:
    owner = opened(studio, **WIDE)
    link = make_link(owner, studio, "/videos/?collection=1", lasts="never")
    guest = opened(studio, signed_in=False)
    guest.goto(link)
    guest.get_by_role("link", name="Mira walks").click()
    guest.wait_for_url(f"{link}videos/{video}/")
    with guest.expect_download() as begun:
        guest.get_by_role("link", name="Download").click()
    assert begun.value.path().read_bytes() == requests.get(f"{link}videos/{video}/file", timeout=30).content
    guest.get_by_role("link", name="Back to The cut").click()
    guest.wait_for_url(link)


def test_a_guest_without_downloads_watches_on_the_page_alone(opened: Opened, studio: Studio, video: int) -> None:
    code = f"""
from wanstudio.models import Video
from wanstudio.sharing.verbs import make_link
video = Video.objects.get(pk={video})
print(make_link(video, video.job.person, may_download=False).token)
"""
    link = f"{studio.url}/s/{studio.python(code).strip()}/"
    guest = opened(studio, signed_in=False)
    guest.goto(link)
    guest.get_by_role("button", name="Play Mira walks").click()
    plays(guest)
    address = studio.url + str(guest.locator("video").get_attribute("src"))
    copied = requests.get(address, timeout=30)
    assert (copied.status_code, "can only be watched on its page" in copied.text) == (404, True)
    beside = guest.context.new_page()
    beside.goto(address)
    expect(beside.get_by_role("heading", name="This video can only be watched on its page")).to_be_visible()
    beside.get_by_role("link", name="Open the page").click()
    expect(beside.get_by_role("heading", name="Mira walks")).to_be_visible()


def test_an_address_that_has_expired_is_renewed_where_the_video_was(opened: Opened, studio: Studio, video: int) -> None:
    """As after an hour in a tab: the address is one that this visit was given 301 seconds ago."""
    code = f"""
from wanstudio.models import Video
from wanstudio.sharing.verbs import make_link
video = Video.objects.get(pk={video})
print(make_link(video, video.job.person, may_download=False).token)
"""
    token = studio.python(code).strip()
    guest = opened(studio, signed_in=False)
    guest.goto(f"{studio.url}/s/{token}/")
    visit = next(
        cookie["value"] for cookie in guest.context.cookies(f"{studio.url}/s/{token}/") if "visit" in cookie["name"]
    )
    code = f"""
import time
from unittest.mock import patch
from django.test import RequestFactory
from wanstudio.sharing import guest_access
from wanstudio.sharing.queries import link_by_token
link, request, now = link_by_token("{token}"), RequestFactory().get("/"), time.time()
request.COOKIES[guest_access._name(guest_access.VISIT, link)] = "{visit}"
with patch("time.time", lambda: now - guest_access.PLAYS_FOR_S - 1):
    print(guest_access.player_address(request, link, "{token}", {video}))
"""
    old, asked = studio.python(code).strip(), []
    guest.on("response", lambda answer: asked.append((answer.status, answer.url.removeprefix(studio.url))))
    guest.locator("video").evaluate(
        "(video, old) => { video.src = old; video.currentTime = 1; video.play().catch(() => {}); }", old
    )
    plays(guest)
    wait_until(lambda: guest.locator("video").evaluate("video => video.currentTime") > 1, "it goes on")
    assert (404, old) in asked
    assert guest.locator("video").get_attribute("src") != old
    expect(guest.locator("[data-stopped]")).to_be_hidden()
