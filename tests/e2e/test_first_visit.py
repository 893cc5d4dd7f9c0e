"""First visits with an empty cache: how many requests, and how many bytes on the wire, before pictures and videos."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.loaded import Loaded, first_visit
from tests.e2e.studio import Studio, wait_until

MAX_REQUESTS, MAX_BYTES = 25, 120_000
# More than a wall brings at once.
CARDS, PAGE = 60, 24
# What people look at: posters, pictures and films of theirs, and the samples.
MEDIA = ("/poster", "/file", "/samples/")
# What a page asks every few seconds, which is no part of loading it.
POLL = "seen="
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
) -> Iterator[tuple[Page, Loaded]]:
    """The page as a browser without a cache has loaded it, and what it loaded."""
    with first_visit(browser, studio, request.param.format(video=video)) as visit:
        yield visit


def test_a_first_visit_is_light(visited: tuple[Page, Loaded]) -> None:
    page, loaded = visited
    ours = [one for one in loaded.values() if one.get("url", "").startswith("http")]
    counted = [one for one in ours if not any(part in one["url"] for part in (*MEDIA, POLL))]
    # The browser is heard while something is asked of it.
    wait_until(lambda: page.evaluate("1") and all("over" in one for one in counted), "all of it has come")
    sent = {one["url"]: int(one["over"]["encodedDataLength"]) for one in counted}
    assert page.url in sent
    assert {one["status"] for one in counted} == {200}
    assert any("/css/app." in url for url in sent)
    assert any("/js/base." in url for url in sent)
    assert len(counted) <= MAX_REQUESTS, sent
    assert sum(sent.values()) <= MAX_BYTES, sent
    if page.url.endswith("/videos/"):
        assert page.locator(".tile").count() >= PAGE
