"""First visits with an empty cache: how many requests, and how many bytes on the wire, before pictures and videos."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.e2e.person import Person
from tests.e2e.studio import Studio

MAX_REQUESTS, MAX_BYTES = 25, 120_000
CARDS = 60
# What people look at: posters, pictures and films of theirs, and the samples.
MEDIA = ("/poster", "/file", "/samples/")
MAKE = f"""
from tests.e2e.finished import finish
for number in range({CARDS}):
    video = finish(title=f"Walk {{number}} along the harbour", prompt=f"A slow walk, take {{number}}")
print(video.pk)
"""


@pytest.fixture(scope="module")
def video(studio: Studio) -> int:
    return int(studio.python(MAKE))


@pytest.fixture(params=["/accounts/login/", "/", "/jobs/", "/videos/", "/videos/{video}/"])
def visited(
    request: pytest.FixtureRequest, browser: Browser, studio: Studio, video: int
) -> Iterator[tuple[Page, dict[str, dict[str, Any]]]]:
    """The page as a browser without a cache has loaded it, and what it loaded."""
    context: BrowserContext = browser.new_context(base_url=studio.url)
    if request.param != "/accounts/login/":
        for name, value in Person(studio).session.cookies.items():
            context.add_cookies([{"name": name, "value": str(value), "url": studio.url}])
    page = context.new_page()
    line, loaded = context.new_cdp_session(page), dict[str, dict[str, Any]]()
    line.send("Network.enable")
    line.on("Network.responseReceived", lambda said: loaded.setdefault(said["requestId"], {}).update(said["response"]))
    line.on("Network.loadingFinished", lambda said: loaded.setdefault(said["requestId"], {}).update(over=said))
    page.goto(request.param.format(video=video))
    page.wait_for_load_state("networkidle")
    yield page, loaded
    context.close()


def test_a_first_visit_is_light(visited: tuple[Page, dict[str, dict[str, Any]]]) -> None:
    page, loaded = visited
    ours = [one for one in loaded.values() if one.get("url", "").startswith("http")]
    counted = [one for one in ours if not any(part in one["url"] for part in MEDIA)]
    sent = {one["url"]: int(one["over"]["encodedDataLength"]) for one in counted}
    assert page.url in sent
    assert {one["status"] for one in counted} == {200}
    assert any("/css/app." in url for url in sent)
    assert any("/js/base." in url for url in sent)
    assert len(counted) <= MAX_REQUESTS, sent
    assert sum(sent.values()) <= MAX_BYTES, sent
    if page.url.endswith("/videos/"):
        assert page.locator(".tile").count() >= CARDS
