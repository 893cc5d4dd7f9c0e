"""Accessibility and fit of pages: what axe knows to be wrong, and what makes a page wider than its window."""

from collections.abc import Iterable, Sequence
from functools import partial

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.e2e.steady import steady, wait_until_steady
from tests.e2e.studio import Studio, wait_until
from tests.e2e.targets import small_targets
from tests.e2e.windows import PHONE

THEMES = ("dark", "light")
# Axe paints styles of its own, which the content policy would refuse. A colour on its way to another is neither.
LOOKED_AT = {"bypass_csp": True, "reduced_motion": "reduce"}
WIDTHS = {1440: (720, 1024, 2560, 1440), 390: (320, 390)}
# A rule that axe knows and leaves out by itself. The road not taken, target-size: what has scrolled half under a bar is
# too small for it; `small_targets` measures what a touch hits.
RULES = {"rules": {"label-content-name-mismatch": {"enabled": True}}}
# Whether the window has this width by now.
IS_WIDE = "width => matchMedia(`(width: ${width}px)`).matches"
# What reaches beyond the right edge.
BEYOND = """width => [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > width + 0.5)
    .map((one) => one.outerHTML.slice(0, 100))"""


def go_over(page: Page, studio: Studio, addresses: Iterable[str], themes: Sequence[str] = THEMES) -> None:
    """Each of these pages has no violation and fits every width."""
    wrong = {}
    for address in addresses:
        page.goto(studio.url + address)
        if found := wrong_with(page, themes):
            wrong[address] = found
    assert not wrong, wrong


def wrong_with(page: Page, themes: Sequence[str] = THEMES) -> list[str]:
    """What axe knows to be wrong, in each theme; what is wider than the window; on a phone, what is too small."""
    size = page.viewport_size
    assert size is not None
    wrong = small_targets(page) if size["width"] == PHONE["viewport"]["width"] else []
    with steady(page):
        for theme in themes:
            page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
            wait_until_steady(page)
            for one in Axe().run(page, options=RULES).response["violations"]:
                wrong.append(f"{theme}: {one['id']} {[node['html'][:160] for node in one['nodes']]}")
        for width in WIDTHS[size["width"]]:
            page.set_viewport_size({**size, "width": width})
            wait_until(partial(page.evaluate, IS_WIDE, width), f"the window is {width} px wide")
            wait_until_steady(page)
            if page.evaluate("document.documentElement.scrollWidth") > width:
                wrong.append(f"{width} px: {page.evaluate(BEYOND, width)}")
        page.set_viewport_size(size)
    return wrong
