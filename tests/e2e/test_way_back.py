"""The way back: from the browser's memory where a page has no secret, and never to what must not be seen any more."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from tests.e2e.conftest import SOON_MS, close, enter, sign_in
from tests.e2e.steady import HOLD_POLLS, wait_until_steady
from tests.e2e.studio import Studio
from tests.e2e.windows import WIDE

# Playwright switches this memory off by itself.
REMEMBERS = {"ignore_default_args": ["--disable-back-forward-cache"]}
RESTORED = """
addEventListener("pagehide", () => { delete window.isRestored; });
addEventListener("pageshow", ({ persisted }) => { window.isRestored = persisted; });
"""
WHY = """JSON.stringify(performance.getEntriesByType("navigation")[0].notRestoredReasons ?? null)"""
KEPT = ["/videos/", "/videos/1/", "/jobs/", "/jobs/1/", "/uploads/", "/uploads/1/", "/usage/", "/settings/"]


@pytest.fixture(scope="module")
def remembering(launch_browser: Callable[..., Browser], studio: Studio) -> Iterator[Browser]:
    studio.python("from tests.e2e.gallery import fill; fill()")
    with launch_browser(**REMEMBERS) as browser:
        yield browser


@pytest.fixture
def has_script() -> bool:
    return True


@pytest.fixture
def context(remembering: Browser, has_script: bool) -> Iterator[BrowserContext]:
    context = remembering.new_context(**WIDE, java_script_enabled=has_script)
    context.set_default_timeout(SOON_MS)
    context.add_init_script(RESTORED)
    yield context
    close(context)


@pytest.fixture
def visitor(context: BrowserContext, studio: Studio) -> Page:
    enter(context, studio)
    return context.new_page()


def go_back(page: Page, url: str) -> None:
    """Playwright's own waits for a load, and a page from memory has none."""
    page.evaluate("history.back()")
    page.wait_for_function("url => location.href === url && 'isRestored' in window", arg=url)


@pytest.mark.parametrize("path", KEPT)
def test_a_page_without_secrets_comes_back_from_memory(path: str, visitor: Page, studio: Studio) -> None:
    visitor.goto(studio.url + path)
    # The bell asks as it does every few seconds: what a page has fetched keeps it out of no memory.
    visitor.evaluate("async () => { await fetch('/notifications/bell/', { headers: { 'HX-Request': 'true' } }) }")
    # What is left while it waits for an answer is kept by no browser.
    visitor.evaluate(HOLD_POLLS)
    wait_until_steady(visitor)
    visitor.goto(f"{studio.url}/activity/")
    asked: list[Request] = []
    visitor.on("request", lambda request: asked.append(request) if request.is_navigation_request() else None)
    go_back(visitor, studio.url + path)
    assert visitor.evaluate("window.isRestored"), visitor.evaluate(WHY)
    assert [request.url for request in asked] == []


@pytest.mark.parametrize("path", ["/", "/team/"])
def test_a_page_with_a_nonce_or_a_secret_is_asked_for_again(path: str, visitor: Page, studio: Studio) -> None:
    visitor.goto(studio.url + path)
    visitor.goto(f"{studio.url}/activity/")
    with visitor.expect_navigation():
        visitor.evaluate("history.back()")
    assert not visitor.evaluate("window.isRestored")


def test_what_was_changed_since_is_not_there_again(visitor: Page, studio: Studio) -> None:
    visitor.goto(f"{studio.url}/videos/")
    before = visitor.locator(".tile").count()
    visitor.locator(".tile-link").first.click()
    visitor.locator("main summary[aria-label=More]").click()
    visitor.get_by_role("button", name="Move to the bin").click()
    visitor.wait_for_url(f"{studio.url}/videos/")
    visitor.evaluate("history.go(-2)")
    expect(visitor.locator(".tile")).to_have_count(before - 1)


@pytest.mark.parametrize("has_script", [True, False])
def test_back_after_a_sign_out_leads_to_the_sign_in(has_script: bool, context: BrowserContext, studio: Studio) -> None:
    page = context.new_page()
    sign_in(page, studio)
    for address in ("/videos/", "/usage/", "/videos/1/", "/accounts/logout/"):
        page.goto(studio.url + address)
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{studio.url}/accounts/login/")
    for _ in range(4):
        page.go_back()
        expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()


def test_signed_out_in_another_tab_a_page_is_not_shown_again(context: BrowserContext, studio: Studio) -> None:
    """Without the header that clears the memory: over http on a network browsers ignore it."""
    page = context.new_page()
    sign_in(page, studio)
    page.goto(f"{studio.url}/videos/")
    page.goto(f"{studio.url}/usage/")
    context.clear_cookies()
    context.new_page().goto(f"{studio.url}/accounts/login/")
    page.evaluate("history.back()")
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
