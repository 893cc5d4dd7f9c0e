"""`make screenshots`: every page as it looks, on a phone, a laptop and a wide screen, dark and light.

Runs a studio of its own in the sandbox and writes to `test-results/screenshots`, or the folder that is named. Each page
is there empty, full and failing, where it can be.
"""

import json
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests import blank  # noqa: F401  (before anything reads the environment)
from tests.e2e.conftest import QUIET, enter
from tests.e2e.person import Person
from tests.e2e.studio import ROOT, Studio, wait_until
from tests.e2e.template import EMAIL, PASSWORD
from tests.needs import browser as chromium

OUT = ROOT / "test-results" / "screenshots"
SIZES = {"phone": (390, 844), "laptop": (1280, 800), "wide": (1920, 1080)}
THEMES = ("dark", "light")
LIVED = "from tests.proof.pages.lived import live; from tests.e2e.gallery import dress; live(); dress()"
SIGNED_OUT = {
    "signin": "/accounts/login/",
    "password-forgotten": "/accounts/password/reset/",
    "password-sent": "/accounts/password/reset/done/",
    "password-late": "/accounts/password/reset/key/1-no/",
}
EMPTY = {
    "studio": "/",
    "jobs": "/jobs/",
    "videos": "/videos/",
    "uploads": "/uploads/",
    "collections": "/collections/",
    "bin": "/videos/bin/",
    "team": "/team/",
    "usage": "/usage/",
    "activity": "/activity/",
    "notifications": "/notifications/",
}
FULL = {
    **EMPTY,
    "studio": "/?character=1&motion=2",
    "videos-none-found": "/videos/?q=nothing",
    "upload-character": "/uploads/1/",
    "upload-motion": "/uploads/2/",
    "team-new": "/team/new/",
    "settings": "/settings/",
    "settings-webhook": "/settings/webhook/",
    "account": "/account/",
    "account-sessions": "/account/sessions/",
    "account-tokens": "/account/tokens/",
    "account-notifications": "/account/notifications/",
    "account-email": "/account/email/",
    "account-password": "/accounts/password/change/",
    "account-authenticator": "/accounts/2fa/totp/activate/",
    "api": "/api/",
    "sign-out": "/accounts/logout/",
    "not-found": "/jobs/4040/",
}


def main() -> None:
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else OUT
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=[*QUIET, "--no-sandbox"])
        studio = Studio(Path(folder) / "data").start()
        try:
            shoot(Camera(browser, studio, out))
        finally:
            studio.stop()
    sys.stdout.write(f"{len(list(out.glob('*.png')))} pictures in {out}\n")


class Camera:
    """Takes a page in every size and theme, with one browser context for each pair of them."""

    def __init__(self, browser: Browser, studio: Studio, out: Path) -> None:
        self._browser, self.studio, self._out = browser, studio, out

    def each(self, pages: dict[str, str], *, signed_in: bool = True) -> None:
        for size, (width, height) in SIZES.items():
            for theme in THEMES:
                is_phone = size == "phone"
                context = self._browser.new_context(
                    viewport={"width": width, "height": height}, has_touch=is_phone, is_mobile=is_phone
                )
                context.add_cookies([{"name": "theme", "value": theme, "url": self.studio.url}])
                page = context.new_page()
                if signed_in:
                    enter(context, self.studio)
                for name, path in pages.items():
                    take(page, self.studio.url + path, self._out / f"{name}-{size}-{theme}.png")
                context.close()

    def failed_sign_in(self) -> None:
        for theme in THEMES:
            context = self._browser.new_context(viewport={"width": 390, "height": 844})
            context.add_cookies([{"name": "theme", "value": theme, "url": self.studio.url}])
            page = context.new_page()
            page.goto(f"{self.studio.url}/accounts/login/")
            page.get_by_label("Email").fill(EMAIL)
            page.get_by_label("Password", exact=True).fill("wrong")
            page.get_by_role("button", name="Sign in", exact=True).click()
            page.get_by_role("alert").first.wait_for()
            page.screenshot(path=self._out / f"signin-failed-phone-{theme}.png")
            context.close()


def shoot(camera: Camera) -> None:
    studio = camera.studio
    camera.each({"setup": "/setup/"}, signed_in=False)
    words = ("createowner", "--email", EMAIL, "--team", "Northlight", "--name", "Ben Okafor")
    studio.manage(*words, WANSTUDIO_PASSWORD=PASSWORD)
    camera.each(SIGNED_OUT, signed_in=False)
    camera.failed_sign_in()
    camera.each({f"{name}-empty": path for name, path in EMPTY.items()})
    jobs = order(studio)
    video = studio.rows("SELECT video_id FROM wanstudio_job WHERE id = ?", jobs["job-ready"])[0][0]
    studio.python("from tests.e2e.gallery import fill; fill()")
    lived = json.loads(studio.python(LIVED).splitlines()[-1])
    person = Person(studio)
    person.rename(jobs["job-failed"], "Mira · a turn on the quay with the lanterns lit and the whole crew waiting")
    guests = dict(zip(("shared", "shared-locked", "shared-collection", "shared-unknown"), lived["guests"], strict=True))
    video_page, video_share, collection_share = lived["library"][-3:]
    # Pages with the outcome of a page before them come last.
    camera.each(
        {
            **FULL,
            **{name: f"/jobs/{job}/" for name, job in jobs.items()},
            "job-curl": f"/jobs/{jobs['job-ready']}/curl/",
            "video": f"/videos/{video}/",
            "video-with-comments": video_page,
            "video-share": video_share,
            "collection": lived["library"][1],
            "collection-share": collection_share,
            "request": lived["money"][-1],
            "team-owner": lived["people"][2],
        }
    )
    camera.each({**guests, "invited": lived["invited"][0]}, signed_in=False)


def order(studio: Studio) -> dict[str, int]:
    """A job in each state that lasts, by the name of its picture."""
    person = Person(studio)
    jobs = {
        "job-ready": person.make_sample(resolution="720p"),
        "job-failed": person.make_sample(prompt="[fail:InputImageSensitiveContentDetected]"),
        "job-unconfirmed": person.make_sample(prompt="[html:504] Keep the face stable."),
        "job-generating": person.make_sample(prompt="[slow:600]", resolution="720p"),
    }
    want = dict(zip(jobs.values(), ("done", "failed", "uncertain", "running"), strict=True))
    wait_until(lambda: all(state(studio, job) == wanted for job, wanted in want.items()), str(want), 120)
    return jobs


def state(studio: Studio, job: int) -> str:
    return str(studio.rows("SELECT state FROM wanstudio_job WHERE id = ?", job)[0][0])


def take(page: Page, url: str, target: Path) -> None:
    page.goto(url)
    page.wait_for_load_state("networkidle") if "/jobs/" not in url else page.wait_for_load_state("load")
    page.screenshot(path=target)


if __name__ == "__main__":
    main()
