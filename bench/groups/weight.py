"""First visits with an empty cache: requests and bytes on the wire before pictures and videos, in a real browser."""

from collections.abc import Iterator

from playwright.sync_api import Browser, sync_playwright

from bench.figures import Figure
from bench.rig import Rig
from tests.e2e.loaded import first_visit
from tests.e2e.studio import Studio
from tests.needs import browser

# What people look at: posters, pictures and films of theirs, and the samples.
MEDIA = ("/poster", "/file", "/samples/")
BEFORE = {"wall": "322 kB of HTML alone, 49 stylesheets"}


def figures(rig: Rig) -> Iterator[Figure]:
    small = rig.small()
    video = small.told["newest_video"]
    pages = {
        "sign-in": "/accounts/login/",
        "studio": "/",
        "jobs": "/jobs/",
        "wall": "/videos/",
        "video": f"/videos/{video}/",
    }
    with rig.studio(small) as studio, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser(), args=["--no-sandbox"])
        for name, address in pages.items():
            sent = _visit(chromium, studio, address)
            yield Figure(f"{name}: requests", "≤ 25", [len(sent)], before=BEFORE.get(name, ""))
            yield Figure(f"{name}: bytes on the wire", "≤ 120", [sum(sent) / 1000], "kB")
        chromium.close()


def _visit(chromium: Browser, studio: Studio, address: str) -> list[int]:
    """The bytes of each request but for media, headers included."""
    with first_visit(chromium, studio, address) as (page, loaded):
        assert page.url == studio.url + address
    ours = [one for one in loaded.values() if one.get("url", "").startswith("http") and "over" in one]
    return [int(one["over"]["encodedDataLength"]) for one in ours if not any(part in one["url"] for part in MEDIA)]
