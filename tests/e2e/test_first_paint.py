"""First paint: words and placeholders before any picture has come, and nothing moves when it does."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import pytest
from PIL import Image, ImageStat
from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import Opened
from tests.e2e.finished import SAMPLES
from tests.e2e.studio import Studio, wait_until
from tests.e2e.windows import PHONE

PICTURES = "**/{poster,file,poster?*,file?*}"
# Of colours from 0 to 255: nearer than any ground of a stage is to the sample.
NEAR = 24
MAX_SHIFT = 0.02
SIZED = """[...document.querySelectorAll("img, video")]
    .filter((one) => !(one.getAttribute("width") > 0 && one.getAttribute("height") > 0))
    .map((one) => one.outerHTML.slice(0, 120))"""
# Nobody touches anything here, so also what Chromium takes for the answer to an input, as the window's first size.
SHIFTS = """
window.shift = 0;
new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""
NEXT_PAINT = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"
PAINTED = "performance.getEntriesByName('first-contentful-paint').length"
ABOVE = """(placeholder) => {
    const { left, top, width, height } = placeholder.getBoundingClientRect();
    return document.elementFromPoint(left + width / 2, top + height / 2) === placeholder;
}"""
UNDER = """(placeholder) => {
    const [under, over] = [placeholder, placeholder.nextElementSibling].map((one) => one.getBoundingClientRect());
    return placeholder.naturalWidth > 0 && under.left <= over.left && under.right >= over.right
        && Math.abs(under.left + under.right - over.left - over.right) < 1
        && under.top === over.top && under.bottom === over.bottom;
}"""


@pytest.fixture(scope="module")
def video(studio: Studio) -> int:
    return int(studio.python("from tests.e2e.gallery import fill; fill(); print(1)"))


@contextmanager
def held_back(page: Page, what: str = PICTURES) -> Iterator[list[Route]]:
    """No picture and no film arrives while this lasts, or nothing else at such addresses."""
    held: list[Route] = []
    is_over = Event()
    page.route(what, lambda route: route.continue_() if is_over.is_set() else held.append(route))
    page.add_init_script(SHIFTS)
    yield held
    is_over.set()
    for route in held:
        route.continue_()


def colours(picture: Image.Image) -> list[float]:
    """Of its middle, whose sides are half of the whole."""
    width, height = picture.size
    middle = picture.convert("RGB").crop((width // 4, height // 4, width * 3 // 4, height * 3 // 4))
    return ImageStat.Stat(middle).mean


@pytest.mark.parametrize(
    ("path", "words"),
    [("/videos/", ".tile-link"), ("/videos/2/", "h1"), ("/uploads/", "h2"), ("/?character=1&motion=2", "h2")],
)
def test_words_and_placeholders_come_before_pictures(
    path: str, words: str, page: Page, studio: Studio, video: int
) -> None:
    with held_back(page) as pictures:
        page.goto(studio.url + path, wait_until="domcontentloaded")
        expect(page.locator("main").locator(words).first).to_be_visible()
        placeholders = page.locator(".placeholder")
        expect(placeholders.first).to_be_visible()
        wait_until(lambda: placeholders.evaluate_all(f"all => all.every({UNDER})"), "each is under its picture")
        wait_until(lambda: page.evaluate("1") and pictures, "they are asked for")
    page.wait_for_load_state()
    assert page.locator(".placeholder").evaluate_all(f"all => all.filter({ABOVE}).length") == 0
    assert page.evaluate("window.shift") < MAX_SHIFT
    assert page.evaluate(SIZED) == []


@pytest.mark.parametrize("path", ["/videos/2/", "/jobs/1/", "/videos/", "/?character=1&motion=2"])
def test_nothing_moves_when_the_scripts_come(path: str, opened: Opened, studio: Studio, video: int) -> None:
    page = opened(studio, **PHONE)
    with held_back(page, "**/*.js") as scripts:
        page.goto(studio.url + path, wait_until="commit")
        wait_until(lambda: page.evaluate(PAINTED) and scripts, "something is painted, and they are asked for")
    page.wait_for_load_state()
    expect(page.locator("[data-plays]:is([inert], [hidden])")).to_have_count(0)
    page.evaluate(NEXT_PAINT)
    assert page.evaluate("window.shift") < MAX_SHIFT


def test_a_placeholder_is_its_poster_without_the_detail(wide: Page, studio: Studio, video: int) -> None:
    with held_back(wide):
        wide.goto(f"{studio.url}/videos/2/", wait_until="domcontentloaded")
        expect(wide.locator("#stage .placeholder")).to_have_js_property("complete", True)
        stage = wide.locator("#stage").bounding_box()
        assert stage
        across = stage["height"] * 9 / 16
        frame = {**stage, "x": stage["x"] + (stage["width"] - across) / 2, "width": across}
        seen = Image.open(io.BytesIO(wide.screenshot(clip=frame)))  # type: ignore[arg-type]
    with Image.open(SAMPLES / "walk.jpg") as poster:
        assert colours(seen) == pytest.approx(colours(poster), abs=NEAR)


def test_what_is_seen_at_once_is_not_put_off(wide: Page, studio: Studio, video: int) -> None:
    wide.goto(f"{studio.url}/videos/")
    posters = wide.locator(".tile-media > img[src*='/poster']")
    assert posters.first.get_attribute("fetchpriority") == "high"
    lazy = posters.evaluate_all("all => all.map((one) => one.loading)")
    assert lazy[:12] == ["auto"] * 12
    wide.goto(f"{studio.url}/uploads/1/")
    assert set(posters.evaluate_all("all => all.map((one) => one.loading)")) <= {"lazy"}
