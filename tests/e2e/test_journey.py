"""The main job, as a person does it: in a real browser, with every process real."""

import re
from collections.abc import Callable
from pathlib import Path

import av
from playwright.sync_api import Page, expect
from pytest_httpserver import HTTPServer

from tests.e2e.axe import LOOKED_AT, wrong_with
from tests.e2e.conftest import Opened
from tests.e2e.studio import ROOT, Studio, wait_until
from tests.e2e.windows import WIDE

SAMPLES = ROOT / "static" / "samples"
READY_MS = 120_000
PRESS = "() => { const one = document.getElementById('generate'), was = !one.disabled; one.click(); return was }"


def make_clip(path: Path, seconds: float, width: int, height: int, *, sound: bool = True) -> Path:
    """A real MP4 with something moving in it."""
    with av.open(str(path), "w", options={"movflags": "faststart"}) as out:
        picture = out.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        picture.width, picture.height, picture.pix_fmt = width, height, "yuv420p"
        tone = out.add_stream("aac", rate=48000, layout="mono") if sound else None
        for number in range(round(seconds * 25)):
            frame = av.VideoFrame(width, height, "rgb24")
            row = bytes(90 if (x - number * 4) % width > width // 4 else 230 for x in range(width) for _ in range(3))
            stride = frame.planes[0].line_size
            frame.planes[0].update(row.ljust(stride, b"\0") * height)
            out.mux(picture.encode(frame))
        if tone:
            for _ in range(int(seconds * 48000) // 1024):
                sound_frame = av.AudioFrame(format="fltp", layout="mono", samples=1024)
                sound_frame.sample_rate = 48000
                sound_frame.planes[0].update(bytes(4096))
                out.mux(tone.encode(sound_frame))
            out.mux(tone.encode(None))
        out.mux(picture.encode(None))
    return path


def container_seconds(path: Path) -> float:
    with av.open(str(path)) as clip:
        return float(clip.duration or 0) / 1_000_000


def generate(page: Page) -> None:
    page.get_by_role("button", name=re.compile(r"^Generate")).click(trial=True)
    # The end of a scan asks for the price again, and a button that is replaced while it is pressed is not clicked.
    wait_until(lambda: page.evaluate(PRESS), "Generate is pressed")
    page.wait_for_url(re.compile(r"/jobs/\d+/$"))


def watch_it_play(page: Page) -> None:
    """Ready without a reload, and it plays: its clock moves."""
    page.evaluate("window.notReloaded = true")
    video = page.locator("main video").first
    expect(video).to_be_visible(timeout=READY_MS)
    expect(page.locator("h1 ~ .chip", has_text="Ready")).to_be_visible()
    video.evaluate("video => { video.muted = true; return video.play() }")
    wait_until(lambda: video.evaluate("video => video.currentTime") > 0.4, "the video's clock moves")
    assert page.evaluate("window.notReloaded") is True


def archived(studio: Studio) -> tuple[Path, str]:
    """The newest result's file and its job's resolution."""
    sql = "SELECT v.file, j.resolution FROM wanstudio_video v JOIN wanstudio_job j ON j.id = v.job_id ORDER BY v.id"
    file, resolution = studio.rows(sql)[-1]
    return studio.data / "media" / file, resolution


def check_result(studio: Studio, motion: Path) -> None:
    """Length within 0.1 s of the motion's, short side as ordered."""
    result, resolution = archived(studio)
    assert abs(container_seconds(result) - container_seconds(motion)) < 0.1
    with av.open(str(result)) as clip:
        stream = clip.streams.video[0]
        assert min(stream.width, stream.height) == int(resolution.removesuffix("p"))


def test_first_run_to_first_video(start_studio: Callable[..., Studio], opened: Opened) -> None:
    studio = start_studio(owner=False)
    page = opened(studio, signed_in=False)
    page.goto(studio.url)
    expect(page).to_have_url(f"{studio.url}/setup/")
    page.get_by_label("Team name").fill("Northlight")
    page.get_by_label("Your name").fill("Ben")
    page.get_by_label("Your email").fill("ben@northlight.example")
    page.get_by_label("Password", exact=True).fill("correct-horse-battery")
    page.get_by_role("button", name="Open the studio").click()
    page.wait_for_url(f"{studio.url}/")
    page.get_by_role("button", name="Use the sample").click()
    page.get_by_role("radio", name="480p").check()
    expect(page.get_by_role("button", name="Generate · $0.20")).to_be_enabled()
    generate(page)
    watch_it_play(page)
    check_result(studio, SAMPLES / "walk.mp4")


def test_an_uploaded_picture_and_clip(wide: Page, studio: Studio, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "dance.mp4", 6.4, 640, 360)
    page = wide
    page.goto(studio.url)
    page.get_by_label("Character file").set_input_files(SAMPLES / "mira.png")
    page.get_by_label("Motion file").set_input_files(clip)
    page.get_by_text("Replace", exact=True).click()
    page.get_by_role("radio", name="720p").check()
    expect(page.get_by_role("button", name="Generate · $0.51")).to_be_enabled()
    generate(page)
    watch_it_play(page)
    check_result(studio, clip)


def test_a_motion_behind_a_link(start_studio: Callable[..., Studio], opened: Opened, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/walk.mp4").respond_with_data(
        (SAMPLES / "walk.mp4").read_bytes(), content_type="video/mp4"
    )
    studio = start_studio(WANSTUDIO_PRIVATE_HOSTS=f"{httpserver.host}:{httpserver.port}")
    page = opened(studio)
    page.goto(studio.url)
    page.get_by_label("Character file").set_input_files(SAMPLES / "mira.png")
    add_link(page, "Motion", httpserver.url_for("/walk.mp4"))
    page.get_by_role("radio", name="480p").check()
    expect(page.get_by_role("button", name="Generate · $0.20")).to_be_enabled()
    generate(page)
    watch_it_play(page)
    check_result(studio, SAMPLES / "walk.mp4")

    page.goto(studio.url)
    page.locator("#motion-slot .recent").first.click()
    page.get_by_role("button", name="Import it to cut it").click()
    expect(page.get_by_role("slider", name="Start of the part")).to_be_visible()
    expect(page.locator("#motion-slot video")).to_be_visible()
    page.get_by_role("slider", name="Start of the part").press("ArrowRight")
    expect(page.locator("[name=trim_start]")).not_to_have_value("")

    httpserver.expect_request("/mira.png").respond_with_data(
        (SAMPLES / "mira.png").read_bytes(), content_type="image/png"
    )
    page = opened(studio, **WIDE, **LOOKED_AT)
    page.goto(studio.url)
    add_link(page, "Character", httpserver.url_for("/mira.png"))
    page.get_by_role("button", name="Import it to crop it").press("Enter")
    page.get_by_role("button", name="Frame the picture").press("Enter")
    view = page.get_by_role("dialog", name="Frame the picture").locator("[data-view]")
    # As a dialog comes it moves: this waits until it has come.
    view.click(trial=True)
    view.press("+")
    view.press("Enter")
    expect(page.locator("[name=crop]")).not_to_have_value("")
    assert not wrong_with(page)


def add_link(page: Page, kind: str, url: str) -> None:
    slot = page.locator(f"#{kind.lower()}-slot")
    slot.get_by_text("Paste a link").click()
    slot.get_by_label(f"{kind} link").fill(url)
    slot.get_by_role("button", name="Add").click()


def test_one_that_fails(wide: Page, studio: Studio) -> None:
    page = wide
    page.goto(studio.url)
    page.get_by_role("button", name="Use the sample").click()
    prompt = page.get_by_label("Prompt")
    prompt.fill("[fail:InputImageSensitiveContentDetected]")
    generate(page)
    expect(page.get_by_text("Failed", exact=True).first).to_be_visible(timeout=READY_MS)
    expect(page.get_by_text("The sandbox rejected “Mira” for its content.")).to_be_visible()
    expect(page.get_by_role("link", name="Use another picture")).to_be_visible()
