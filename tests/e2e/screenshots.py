"""`make screenshots`: every page as it looks, phone and wide, dark and light, empty and full and failing.

Runs a studio of its own in the sandbox and writes to `test-results/screenshots`.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests import blank  # noqa: F401  (before anything reads the environment)
from tests.e2e.conftest import QUIET, sign_in
from tests.e2e.person import Person
from tests.e2e.studio import ROOT, Studio, wait_until
from tests.e2e.template import EMAIL, PASSWORD
from tests.needs import browser as chromium

OUT = ROOT / "test-results" / "screenshots"
SIZES = {"wide": (1440, 900), "small": (1024, 768), "phone": (390, 844)}
THEMES = ("dark", "light")


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=[*QUIET, "--no-sandbox"])
        studio = Studio(Path(folder) / "data").start()
        try:
            shoot(browser, studio)
        finally:
            studio.stop()
    sys.stdout.write(f"{len(list(OUT.glob('*.png')))} pictures in {OUT.relative_to(ROOT)}\n")


def shoot(browser: Browser, studio: Studio) -> None:
    each(browser, studio, {"setup": "/setup/"}, signed_in=False)
    words = ("createowner", "--email", EMAIL, "--team", "Northlight", "--name", "Ben Okafor")
    studio.manage(*words, WANSTUDIO_PASSWORD=PASSWORD)
    each(browser, studio, {"signin": "/accounts/login/"}, signed_in=False)
    empty = {"studio": "/", "jobs": "/jobs/", "videos": "/videos/", "uploads": "/uploads/"}
    each(browser, studio, {f"{name}-empty": path for name, path in empty.items()})
    person = Person(studio)
    ready = [person.make_sample(behaviour=behaviour, resolution="720p") for behaviour in ("animate", "replace")]
    failed = person.make_sample(prompt="[fail:InputImageSensitiveContentDetected]")
    unconfirmed = person.make_sample(prompt="[html:504] Keep the face stable.")
    running = person.make_sample(prompt="[slow:600]", resolution="720p")
    want = dict.fromkeys(ready, "done") | {failed: "failed", unconfirmed: "uncertain", running: "running"}
    wait_until(lambda: all(state(studio, job) == wanted for job, wanted in want.items()), str(want), 120)
    pages = {
        "studio": "/?character=1&motion=2",
        "jobs": "/jobs/",
        "job-ready": f"/jobs/{ready[0]}/",
        "job-failed": f"/jobs/{failed}/",
        "job-unconfirmed": f"/jobs/{unconfirmed}/",
        "job-generating": f"/jobs/{running}/",
        "videos": "/videos/",
        "video": "/videos/1/",
        "uploads": "/uploads/",
        "team": "/team/",
        "usage": "/usage/",
        "settings": "/settings/",
        "not-found": "/jobs/4040/",
    }
    each(browser, studio, pages)


def state(studio: Studio, job: int) -> str:
    return str(studio.rows("SELECT state FROM wanstudio_job WHERE id = ?", job)[0][0])


def each(browser: Browser, studio: Studio, pages: dict[str, str], *, signed_in: bool = True) -> None:
    """Every page in every size and theme, with one browser context a pair of them."""
    for size, (width, height) in SIZES.items():
        for theme in THEMES:
            context = browser.new_context(viewport={"width": width, "height": height}, has_touch=size == "phone")
            context.add_cookies([{"name": "theme", "value": theme, "url": studio.url}])
            page = context.new_page()
            if signed_in:
                sign_in(page, studio)
            for name, path in pages.items():
                picture(page, studio.url + path, OUT / f"{name}-{size}-{theme}.png")
            context.close()


def picture(page: Page, url: str, target: Path) -> None:
    page.goto(url)
    page.screenshot(path=target)


if __name__ == "__main__":
    main()
