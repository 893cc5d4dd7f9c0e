"""The first visit of a new studio, in a browser: the owner, the sample, Generate, and a video whose clock moves.

`python -m tests.proof.install.first_video URL [CODE]` does it in a Chromium of its own; `--again` signs the owner in
instead. It prints the address of the job.
"""

import re
import sys
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect, sync_playwright

from tests.e2e.studio import wait_until
from tests.e2e.template import EMAIL, PASSWORD
from tests.needs import browser

READY_MS = 60_000
NAME = "studio.example.com"
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--autoplay-policy=no-user-gesture-required"]


def main(url: str, *words: str) -> None:
    expect.set_options(timeout=READY_MS)
    with sync_playwright() as playwright:
        options = [*OPTIONS, f"--host-resolver-rules=MAP {NAME} 127.0.0.1"]
        chromium = playwright.chromium.launch(executable_path=browser(), args=options)
        # Its certificate is of an authority that only the machine's proxy knows.
        page = chromium.new_page(ignore_https_errors=True)
        if "--again" in words:
            sign_in(page, url)
        else:
            make_owner(page, url, *words)
        order_sample(page)
        watch_it_play(page)
        sys.stdout.write(f"{page.url}\n")
        chromium.close()


def make_owner(page: Page, url: str, code: str = "") -> None:
    page.goto(url)
    expect(page).to_have_url(f"{url}/setup/")
    if code:
        page.get_by_label("Setup code").fill(code)
    page.get_by_label("Team name").fill("Northlight")
    page.get_by_label("Your name").fill("Ben")
    page.get_by_label("Your email").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Open the studio").click()
    page.wait_for_url(f"{url}/")


def sign_in(page: Page, url: str) -> None:
    page.goto(f"{url}/accounts/login/")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"{url}/")


def confirm_password(page: Page) -> None:
    """Once more, where it is asked for before a passkey is added."""
    page.wait_for_url(re.compile("/(reauthenticate|webauthn/add)/"))
    if "/reauthenticate/" in page.url:
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Continue").click()


def order_sample(page: Page) -> None:
    page.get_by_role("button", name="Use the sample").click()
    generate(page)


def generate(page: Page) -> None:
    button = page.get_by_role("button", name=re.compile(r"^Generate"))
    expect(button).to_be_enabled(timeout=READY_MS)
    button.click()
    page.wait_for_url(re.compile(r"/jobs/\d+/$"))


def watch_it_play(page: Page) -> None:
    video = page.locator("main video").first
    expect(video).to_be_visible(timeout=READY_MS)
    expect(page.locator("h1 ~ .chip", has_text="Ready")).to_be_visible()
    assert urlsplit(page.url).path.startswith("/jobs/")
    video.evaluate("video => { video.muted = true; return video.play() }")
    wait_until(lambda: video.evaluate("video => video.currentTime") > 0.4, "the video's clock moves")


if __name__ == "__main__":
    main(*sys.argv[1:])
