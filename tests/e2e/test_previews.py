"""A clip that the browser cannot decode: its poster and a sentence, then its preview, in the studio and in compare."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.studio import Studio, wait_until
from tests.media.clips import clip

SENTENCE = "The preview is being made. The price is already right."
SIZE = (320, 240)


@pytest.fixture(scope="module")
def hevc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "phone.mov"
    path.write_bytes(clip(6.0, size=SIZE, codec="libx265", container="mov"))
    return path


@contextmanager
def another_is_converted(studio: Studio) -> Iterator[None]:
    """The one place for conversions of this machine is taken."""
    folder = studio.data / "slots"
    folder.mkdir(exist_ok=True)
    with (folder / "converting-0.lock").open("wb") as place:
        wait_until(lambda: _takes(place.fileno()), "the place is free")
        yield


def _takes(place: int) -> bool:
    try:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def shows_pictures(page: Page, video: str) -> None:
    wait_until(
        lambda: page.evaluate(
            "name => { const v = document.querySelector(name); return v?.videoWidth && v.readyState > 1; }", video
        ),
        f"{video} has a picture",
    )
    assert page.evaluate("name => document.querySelector(name).videoWidth", video) == SIZE[0]


def test_poster_and_sentence_then_the_preview_plays_and_is_compared_with(
    page: Page, studio: Studio, hevc: Path
) -> None:
    page.goto(studio.url)
    cannot = "document.createElement('video').canPlayType('video/mp4; codecs=\"hvc1.1.6.L93.B0\"')"
    assert page.evaluate(cannot) == "", "this browser plays HEVC, and the test shows nothing"
    stage = page.locator("#motion-stage")
    with another_is_converted(studio):
        page.get_by_label("Motion file").set_input_files(hevc)
        expect(stage.get_by_text(SENTENCE)).to_be_visible()
        still = stage.locator("img[data-media]")
        wait_until(lambda: still.evaluate("image => image.naturalWidth") == SIZE[0], "the poster is there")
        expect(stage.locator("video")).to_have_count(0)
        expect(page.locator("#motion-slot .facts-line")).to_contain_text(
            "6.0 s · 320 × 240 · 10 fps · HEVC (H.265) · MOV"
        )
        expect(page.locator("#price")).to_contain_text("$0.24")
    expect(stage.locator("video")).to_be_attached(timeout=120_000)
    expect(stage.get_by_text(SENTENCE)).to_have_count(0)
    shows_pictures(page, "#motion-stage video")
    stage.locator("video").evaluate("video => video.play()")
    wait_until(lambda: stage.locator("video").evaluate("video => video.currentTime") > 0.1, "the preview plays")

    studio.python(
        "from tests.e2e.finished import finish; from wanstudio.models import Source;"
        "finish(motion=Source.objects.filter(codec='hevc').latest('pk'))"
    )
    page.goto(f"{studio.url}/videos/")
    page.goto(studio.url + str(page.locator(".tile-link").first.get_attribute("href")))
    page.locator("label", has=page.get_by_role("radio", name="Wipe")).click()
    shows_pictures(page, "[data-follows]")
    page.evaluate(
        "document.querySelector('[data-plays]') && document.querySelector('video:not([data-follows])').play()"
    )
    wait_until(lambda: page.evaluate("document.querySelector('[data-follows]').currentTime") > 0.2, "it follows")
