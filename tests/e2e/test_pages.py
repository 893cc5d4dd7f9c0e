"""Every page as everybody needs it: readable by machines, in both themes, at every width, behind strict headers."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Watched, sign_in
from tests.e2e.person import Person
from tests.e2e.studio import Studio, wait_until
from tests.e2e.test_studio_ways import PHONE, WIDE

SIZES: list[dict[str, Any]] = [WIDE, PHONE]
SIZE_NAMES = ["wide", "phone"]
WIDTHS = {1440: (720, 1024, 2560, 1440), 390: (320, 390)}
# What reaches beyond the right edge.
BEYOND = """width => [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > width + 0.5)
    .map((one) => one.outerHTML.slice(0, 100))"""

EMPTY = ["/", "/jobs/", "/jobs/?only=failed", "/videos/", "/videos/?q=nothing", "/uploads/"]
SIGNED_OUT = [
    "/accounts/login/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/1-no/",
]
OWNER = [
    "/team/",
    "/usage/",
    "/settings/",
    "/account/tokens/",
    "/api/",
    "/accounts/logout/",
    "/jobs/4040/",
    "/nowhere/",
]

Opened = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser, watched: Watched) -> Iterator[Opened]:
    """A page that complains of nothing: `opened(studio, signed_in=True, **options of the browser's context)`."""
    contexts = []

    def fresh(studio: Studio, *, signed_in: bool = True, **options: Any) -> Page:
        # A colour on its way to another is neither: nothing moves here.
        contexts.append(context := browser.new_context(reduced_motion="reduce", **options))
        page = watched.watch(context.new_page())
        if signed_in:
            sign_in(page, studio)
        return page

    yield fresh
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def full(studio: Studio) -> list[str]:
    """The addresses of a studio in use: a job in each state that lasts, and what came of them."""
    person = Person(studio)
    wanted = {
        person.make_sample(): "done",
        person.make_sample(prompt="[fail:InputImageSensitiveContentDetected]"): "failed",
        person.make_sample(prompt="[html:504] Keep the face stable."): "uncertain",
        person.make_sample(prompt="[slow:600]"): "running",
    }
    states = "SELECT id, state FROM wanstudio_job"
    wait_until(lambda: dict(studio.rows(states)) == wanted, f"the jobs are {wanted}", 90)
    for job in list(wanted)[:2]:
        person.rename(job, f"Mira {'walks' * 30}")
    jobs = [f"/jobs/{job}/" for job in wanted]
    video = studio.rows("SELECT id FROM wanstudio_video")[0][0]
    lists = ["/?character=1&motion=2", "/jobs/", "/jobs/?only=failed", "/videos/", "/uploads/"]
    return [*lists, *jobs, f"{jobs[0]}curl/", f"/videos/{video}/"]


def go_over(page: Page, studio: Studio, addresses: list[str]) -> None:
    """Each of these pages has no violation and fits every width."""
    wrong = {}
    for address in addresses:
        page.goto(studio.url + address)
        if found := wrong_with(page):
            wrong[address] = found
    assert wrong == {}


def wrong_with(page: Page) -> list[str]:
    """What axe knows to be wrong with the page, in either theme; and what makes it wider than its window."""
    size = page.viewport_size
    assert size is not None
    wrong = []
    for theme in ("dark", "light"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        for one in Axe().run(page).response["violations"]:
            wrong.append(f"{theme}: {one['id']} {[node['html'][:160] for node in one['nodes']]}")
    for width in WIDTHS[size["width"]]:
        page.set_viewport_size({**size, "width": width})
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wrong.append(f"{width} px: {page.evaluate(BEYOND, width)}")
    page.set_viewport_size(size)
    return wrong


# Axe paints styles of its own, which the content policy would refuse: `bypass_csp`. The policy is watched below.
@pytest.mark.parametrize("size", SIZES, ids=SIZE_NAMES)
def test_empty_pages(size: dict[str, Any], opened: Opened, studio: Studio) -> None:
    go_over(opened(studio, **size, bypass_csp=True), studio, EMPTY)


@pytest.mark.parametrize("size", SIZES, ids=SIZE_NAMES)
def test_pages_for_who_is_signed_out(size: dict[str, Any], opened: Opened, studio: Studio) -> None:
    page = opened(studio, **size, bypass_csp=True, signed_in=False)
    go_over(page, studio, SIGNED_OUT)
    page.goto(studio.url + "/accounts/login/")
    page.get_by_label("Email").fill("nobody@northlight.example")
    page.get_by_label("Password", exact=True).fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    assert wrong_with(page) == []


@pytest.mark.parametrize("size", SIZES, ids=SIZE_NAMES)
def test_pages_in_use(size: dict[str, Any], opened: Opened, studio: Studio, full: list[str]) -> None:
    go_over(opened(studio, **size, bypass_csp=True), studio, [*full, *OWNER])


def test_setup(opened: Opened, start_studio: Callable[..., Studio]) -> None:
    fresh = start_studio(owner=False)
    for size in SIZES:
        go_over(opened(fresh, **size, bypass_csp=True, signed_in=False), fresh, ["/setup/"])
    strict(requests.get(f"{fresh.url}/setup/", timeout=30))


@pytest.mark.parametrize("size", SIZES, ids=SIZE_NAMES)
def test_open_menus_and_dialogs(size: dict[str, Any], opened: Opened, studio: Studio, full: list[str]) -> None:
    unconfirmed = studio.rows("SELECT id FROM wanstudio_job WHERE state = 'uncertain'")[0][0]
    page = opened(studio, **size, bypass_csp=True)
    page.goto(f"{studio.url}/jobs/{unconfirmed}/")
    page.locator("main summary[aria-label=More]").click()
    assert wrong_with(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Send again").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert wrong_with(page) == []
    page.goto(f"{studio.url}/jobs/")
    page.get_by_label("Your account").click()
    assert wrong_with(page) == []


@pytest.mark.parametrize("size", SIZES, ids=SIZE_NAMES)
def test_the_content_policy_is_never_broken(
    size: dict[str, Any], opened: Opened, studio: Studio, full: list[str]
) -> None:
    """What a page complains of fails this as it ends: see `watched`."""
    page = opened(studio, **size)
    for address in [*full, *OWNER]:
        page.goto(studio.url + address)


def test_strict_headers_everywhere(studio: Studio, full: list[str]) -> None:
    person = Person(studio)
    job = full[5]
    for address in [*full, *OWNER, "/healthz", "/jobs/status/?as=rows&seen=1:1", "/uploads/1/file", "/static/none.js"]:
        strict(person.get(address))
    for address in SIGNED_OUT:
        strict(requests.get(studio.url + address, timeout=30))
    strict(requests.post(studio.url + job + "cancel/", timeout=30))


def strict(answer: requests.Response) -> None:
    said = {name.lower(): value for name, value in answer.headers.items()}
    policy = said.get("content-security-policy", "")
    assert "default-src 'none'" in policy, answer.url
    assert "frame-ancestors 'none'" in policy, answer.url
    assert "unsafe" not in policy, answer.url
    assert " http" not in policy, answer.url
    assert said.get("x-frame-options") == "DENY", answer.url
    assert said.get("x-content-type-options") == "nosniff", answer.url
    assert said.get("referrer-policy") == "same-origin", answer.url
