"""The studio for everybody: without JavaScript, by keyboard alone, on a phone, in both themes; and nothing jumps."""

import re
from functools import partial

import pytest
from playwright.sync_api import Page, Request, expect

from tests.e2e.conftest import Opened
from tests.e2e.person import MIRA, WALK
from tests.e2e.steady import wait_until_steady
from tests.e2e.studio import Studio, wait_until
from tests.e2e.windows import PHONE, WIDE, Window

SHIFTS = """
window.shift = 0;
new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""

FITS = "width => innerWidth === width && document.documentElement.scrollWidth <= width"


@pytest.fixture
def first_page(opened: Opened, studio: Studio) -> Opened:
    """The studio's first page: `first_page(**options of the browser's context)`."""

    def fresh(**options: object) -> Page:
        page = opened(studio, **options)
        page.goto(studio.url)
        return page

    return fresh


def test_without_javascript(first_page: Opened) -> None:
    page = first_page(java_script_enabled=False, **WIDE)
    page.get_by_label("Character file").set_input_files(MIRA)
    page.get_by_label("Motion file").set_input_files(WALK)
    page.get_by_label("Prompt").fill("Slowly")
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_text("Check the price.")).to_be_visible()
    expect(page.get_by_label("Prompt")).to_have_value("Slowly")
    page.get_by_role("button", name="Generate · $0.20").click()

    expect(page).to_have_url(re.compile(r"/jobs/\d+/$"))


def test_without_javascript_links_and_recent_ones(first_page: Opened) -> None:
    page = first_page(java_script_enabled=False, **WIDE)
    page.get_by_role("button", name="Use the sample").click()
    page.get_by_role("link", name="Remove walk").click()
    expect(page.locator("input[name=character]")).to_be_attached()
    page.locator("#motion-slot").get_by_text("Paste a link").click()
    page.get_by_label("Motion link").last.fill("http://10.0.0.4/clip.mp4")
    page.locator("#motion-slot").get_by_role("button", name="Add").click()
    expect(page.locator("#motion-slot [role=alert]")).to_contain_text("private address")
    expect(page.locator("input[name=character]")).to_be_attached()

    page.locator("#motion-slot").get_by_title("walk", exact=True).first.click()
    expect(page.locator("input[name=character]")).to_be_attached()
    expect(page.get_by_role("button", name="Generate · $0.20")).to_be_visible()


def tab_to(page: Page, selector: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"the tab key never reaches {selector}")


def test_by_keyboard_alone(first_page: Opened) -> None:
    page = first_page(**WIDE)
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
    # What is left asks for the price, and the button is no stop until it is here.
    page.keyboard.press("Tab")
    wait_until_steady(page)
    expect(page.locator("#generate")).to_be_enabled()
    tab_to(page, "#generate")
    page.keyboard.press("Enter")

    page.wait_for_url(re.compile(r"/jobs/\d+/$"))


def test_enter_in_a_field_spends_nothing(first_page: Opened) -> None:
    page = first_page(**WIDE)
    page.get_by_role("button", name="Use the sample").click()
    page.wait_for_url(re.compile("character=.*motion="))
    page.get_by_text("Fixed", exact=True).click()
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    page.get_by_label("Seed number").fill("7")
    page.keyboard.press("Enter")
    # Whatever the key had sent would have been sent before this.
    page.get_by_role("radio", name=re.compile("720p")).click()
    expect(page.locator("#generate")).to_have_text(re.compile(r"\$0\.40"))
    expect(page.locator("#generate")).to_be_enabled()

    assert [request.url for request in sent] == []
    assert "/jobs/" not in page.url


def test_nothing_jumps_over_the_whole_journey(first_page: Opened, studio: Studio, size: Window) -> None:
    # A job of another test that ends meanwhile gives its place at the foot of the page back.
    under_way = "SELECT id FROM wanstudio_job WHERE state IN ('queued', 'submitting', 'running', 'archiving')"
    wait_until(lambda: not studio.rows(under_way), "nothing is under way", 90)
    page = first_page(**size)
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


def test_no_width_scrolls_sideways(first_page: Opened, studio: Studio) -> None:
    page = first_page()
    for address in ("/", "/uploads/"):
        page.goto(studio.url + address)
        # As wide as the bar gets.
        page.evaluate("document.getElementById('unfinished').innerHTML = '<span class=badge>128</span>'")
        page.evaluate("document.querySelector('.team-name').textContent = 'Northlight Animation and Previsualisation'")
        for width in (320, 390, 720, 721, 960, 1024, 2560):
            page.set_viewport_size({"width": width, "height": 800})
            wait_until(partial(page.evaluate, FITS, width), f"{address} fits {width} px")
            assert page.locator("#generate").count() == 0 or page.locator("#generate").is_visible(), (address, width)


def test_without_javascript_the_price_is_in_reach_on_a_phone(first_page: Opened) -> None:
    page = first_page(**PHONE, java_script_enabled=False)
    assert page.evaluate("[document.documentElement.scrollWidth, innerWidth]") == [390, 390]
    expect(page.locator("#generate")).to_be_in_viewport()


def test_a_finger_hits_everything(first_page: Opened) -> None:
    page = first_page(**PHONE)
    page.get_by_role("button", name="Use the sample").click()
    page.wait_for_url(re.compile("character=.*motion="))
    wait_until_steady(page)
    small = page.evaluate(
        """() => [...document.querySelectorAll("#studio-form :is(a, button, summary, label)")]
            .filter((one) => one.checkVisibility() && !one.closest(".menu-panel"))
            .map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
            .filter(([, box]) => box.height < 44 || box.width < 44)
            .map(([html, box]) => `${html} ${box.width}x${box.height}`)"""
    )
    assert small == []
