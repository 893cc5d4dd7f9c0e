"""The studio for everybody: without JavaScript, by keyboard alone, on a phone, in both themes; and nothing jumps."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Watched, sign_in
from tests.e2e.studio import ROOT, Studio, wait_until

MIRA = ROOT / "static" / "samples" / "mira.png"
WALK = ROOT / "static" / "samples" / "walk.mp4"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
WIDE = {"viewport": {"width": 1440, "height": 900}}
SHIFTS = """
window.shift = 0;
new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""

Opened = Callable[..., Page]


@pytest.fixture
def open_studio(browser: Browser, studio: Studio, watched: Watched) -> Opened:
    """A signed-in page: `open_studio(theme="light", **options of the browser's context)`."""

    def opened(theme: str = "dark", **options: object) -> Page:
        context = browser.new_context(**options)  # type: ignore[arg-type]
        context.add_cookies([{"name": "theme", "value": theme, "url": studio.url}])
        page = watched.watch(context.new_page())
        sign_in(page, studio)
        page.goto(studio.url)
        return page

    return opened


def accessible(page: Page) -> None:
    """No violation that axe knows, on what the page shows now."""
    # A colour on its way to another is neither.
    page.wait_for_timeout(250)
    found = Axe().run(page).response["violations"]
    assert [(one["id"], [node["html"][:160] for node in one["nodes"]]) for one in found] == []


def test_without_javascript(open_studio: Opened) -> None:
    page = open_studio(java_script_enabled=False, **WIDE)
    page.get_by_label("Character file").set_input_files(MIRA)
    page.get_by_label("Motion file").set_input_files(WALK)
    page.get_by_label("Prompt").fill("Slowly")
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_text("This is the price.")).to_be_visible()
    expect(page.get_by_label("Prompt")).to_have_value("Slowly")
    page.get_by_role("button", name="Generate · $0.20").click()

    expect(page).to_have_url(re.compile(r"/jobs/\d+/$"))


def test_without_javascript_links_and_recent_ones(open_studio: Opened) -> None:
    page = open_studio(java_script_enabled=False, **WIDE)
    page.get_by_role("button", name="Use the sample").click()
    page.get_by_role("link", name="Take walk.mp4 out").click()
    expect(page.locator("input[name=character]")).to_be_attached()
    page.locator("#motion-slot").get_by_text("Paste a link").click()
    page.get_by_label("Motion link").last.fill("http://10.0.0.4/clip.mp4")
    page.locator("#motion-slot").get_by_role("button", name="Add").click()
    expect(page.locator("#motion-slot [role=alert]")).to_contain_text("private address")
    expect(page.locator("input[name=character]")).to_be_attached()

    page.locator("#motion-slot").get_by_title("walk.mp4").first.click()
    expect(page.locator("input[name=character]")).to_be_attached()
    expect(page.get_by_role("button", name="Generate · $0.20")).to_be_visible()


def tab_to(page: Page, selector: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"the tab key never reaches {selector}")


def test_by_keyboard_alone(open_studio: Opened) -> None:
    page = open_studio(**WIDE)
    tab_to(page, "#character-slot .link-menu summary")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("http://10.0.0.4/a.png")
    page.keyboard.press("Enter")
    expect(page.locator("#character-slot [role=alert]")).to_contain_text("private address")
    page.wait_for_function("document.querySelector('#character-slot').contains(document.activeElement)")

    tab_to(page, "[form=sample-form]")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("character=.*motion="))
    tab_to(page, "[name=behaviour]")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Replace")).to_be_checked()
    tab_to(page, "#prompt")
    page.keyboard.type("Slowly")
    expect(page.locator("#generate")).to_be_enabled()
    tab_to(page, "#generate")
    page.keyboard.press("Enter")

    page.wait_for_url(re.compile(r"/jobs/\d+/$"))


def test_enter_in_a_field_spends_nothing(open_studio: Opened) -> None:
    page = open_studio(**WIDE)
    page.get_by_role("button", name="Use the sample").click()
    page.wait_for_url(re.compile("character=.*motion="))
    page.get_by_text("Fixed", exact=True).click()
    page.get_by_label("Seed number").fill("7")
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)

    assert "/jobs/" not in page.url


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("options", [WIDE, PHONE], ids=["wide", "phone"])
def test_accessible_in_every_state(
    theme: str, options: dict[str, object], open_studio: Opened, studio: Studio, tmp_path: Path
) -> None:
    # Axe paints styles of its own, which the content policy would refuse.
    page = open_studio(theme, **options, bypass_csp=True)
    accessible(page)
    page.route("**/uploads/add/", lambda route: route.abort())
    page.get_by_label("Motion file").set_input_files(WALK)
    expect(page.get_by_text("Connection lost.")).to_be_visible()
    accessible(page)
    page.unroute("**/uploads/add/")
    page.get_by_role("button", name="Retry").click()
    expect(page.locator("input[name=motion]")).to_be_attached()
    wrong = tmp_path / "notes.png"
    wrong.write_text("words")
    page.get_by_label("Character file").set_input_files(wrong)
    expect(page.locator("#character-slot [role=alert]")).to_be_visible()
    accessible(page)
    page.get_by_label("Character file").set_input_files(MIRA)
    expect(page.locator("#generate")).to_be_enabled()
    page.locator("#motion-slot .plus-menu summary").click()
    accessible(page)
    page.goto(f"{studio.url}/uploads/")
    accessible(page)


@pytest.mark.parametrize("options", [WIDE, PHONE], ids=["wide", "phone"])
def test_nothing_jumps_over_the_whole_journey(options: dict[str, object], open_studio: Opened, studio: Studio) -> None:
    # A job of another test that ends meanwhile gives its place at the foot of the page back.
    under_way = "SELECT id FROM wanstudio_job WHERE state IN ('queued', 'submitting', 'running', 'archiving')"
    wait_until(lambda: not studio.rows(under_way), "nothing is under way", 90)
    page = open_studio(**options)
    page.add_init_script(SHIFTS)
    page.goto(studio.url)
    page.get_by_label("Motion file").set_input_files(WALK)
    expect(page.locator("input[name=motion]")).to_be_attached()
    page.get_by_label("Character file").set_input_files(MIRA)
    expect(page.locator("#generate")).to_be_enabled()
    page.get_by_role("radio", name=re.compile("720p")).click()
    expect(page.locator("#generate")).to_have_text(re.compile(r"\$0\.40"))
    page.get_by_text("Replace", exact=True).click()
    page.wait_for_timeout(700)
    shift = page.evaluate("window.shift")
    page.locator("#generate").click()
    page.wait_for_url(re.compile(r"/jobs/\d+/$"))

    assert shift <= 0.02


@pytest.mark.parametrize("width", [320, 390, 720, 721, 960, 1024, 2560])
def test_no_width_scrolls_sideways(width: int, open_studio: Opened, studio: Studio) -> None:
    page = open_studio(viewport={"width": width, "height": 800})
    for address in ("/", "/uploads/"):
        page.goto(studio.url + address)
        # As wide as the bar gets.
        page.evaluate("document.getElementById('unfinished').innerHTML = '<span class=badge>128</span>'")
        page.evaluate("document.querySelector('.team-name').textContent = 'Northlight Animation and Previsualisation'")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("#generate").count() == 0 or page.locator("#generate").is_visible()


def test_without_javascript_the_price_is_in_reach_on_a_phone(open_studio: Opened) -> None:
    page = open_studio(**PHONE, java_script_enabled=False)
    assert page.evaluate("[document.documentElement.scrollWidth, innerWidth]") == [390, 390]
    expect(page.locator("#generate")).to_be_in_viewport()


def test_a_finger_hits_everything(open_studio: Opened) -> None:
    page = open_studio(**PHONE)
    page.get_by_role("button", name="Use the sample").click()
    page.wait_for_url(re.compile("character=.*motion="))
    small = page.evaluate(
        """() => [...document.querySelectorAll("#studio-form :is(a, button, summary, label)")]
            .filter((one) => one.checkVisibility() && !one.closest(".menu-panel"))
            .map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
            .filter(([, box]) => box.height < 44 || box.width < 44)
            .map(([html, box]) => `${html} ${box.width}x${box.height}`)"""
    )
    assert small == []
