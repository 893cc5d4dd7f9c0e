"""First visits with an empty cache: requests and bytes on the wire before pictures and videos, in a real browser."""

from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from bench.figures import Figure
from bench.rig import Rig
from tests.e2e.person import Person
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
    context = chromium.new_context(base_url=studio.url)
    if address != "/accounts/login/":
        for name, value in Person(studio).session.cookies.items():
            context.add_cookies([{"name": name, "value": str(value), "url": studio.url}])
    page = context.new_page()
    line, loaded = context.new_cdp_session(page), dict[str, dict[str, Any]]()
    line.send("Network.enable")
    line.on("Network.responseReceived", lambda said: loaded.setdefault(said["requestId"], {}).update(said["response"]))
    line.on("Network.loadingFinished", lambda said: loaded.setdefault(said["requestId"], {}).update(over=said))
    page.goto(address)
    page.wait_for_load_state("networkidle")
    assert page.url == studio.url + address
    context.close()
    ours = [one for one in loaded.values() if one.get("url", "").startswith("http") and "over" in one]
    return [int(one["over"]["encodedDataLength"]) for one in ours if not any(part in one["url"] for part in MEDIA)]
