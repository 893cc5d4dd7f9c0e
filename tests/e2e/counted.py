"""Clips whose pictures say which one they are: the frame's number as eight bars, black for 0 and white for 1.

For the console of a studio, and what a page's script reads from the picture.
"""

import re
from collections.abc import Iterable
from fractions import Fraction
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av
from django.core.files.base import ContentFile
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.e2e.finished import finish
from tests.e2e.studio import wait_until
from wanstudio.models import Video

WIDTH, HEIGHT, BITS = 160, 120, 8
RATES = {
    "23.976": Fraction(24000, 1001),
    "24": Fraction(24),
    "25": Fraction(25),
    "29.97": Fraction(30000, 1001),
    "30": Fraction(30),
    "50": Fraction(50),
    "59.94": Fraction(60000, 1001),
    "60": Fraction(60),
}
VARIABLE = "variable"
# Milliseconds of the frames of a variable clip, over and over.
GAPS = (16, 50, 33, 17, 66, 24, 41)

# The number in the picture of this <video>, read from its pixels.
READ = """video => {
    const canvas = Object.assign(document.createElement("canvas"), {width: 160, height: 120});
    const context = canvas.getContext("2d");
    context.drawImage(video, 0, 0, 160, 120);
    let number = 0;
    for (let bit = 0; bit < 8; bit += 1) {
        number = number * 2 + (context.getImageData(bit * 20 + 10, 60, 1, 1).data[1] > 127 ? 1 : 0);
    }
    return number;
}"""


def _picture(number: int) -> Image.Image:
    image = Image.new("RGB", (WIDTH, HEIGHT))
    bar = WIDTH // BITS
    for bit in range(BITS):
        if number >> (BITS - 1 - bit) & 1:
            image.paste((255, 255, 255), (bit * bar, 0, (bit + 1) * bar, HEIGHT))
    return image


def counted_clip(rate: str, frames: int) -> bytes:
    """H.264 with frames that are stored out of their order, as cameras and encoders leave them."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "clip.mp4")
        fps = RATES.get(rate, Fraction(30))
        with av.open(path, "w", options={"movflags": "faststart"}) as target:
            stream = target.add_stream("libx264", fps, {"g": "30", "bf": "2", "preset": "ultrafast"})
            stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            variable = rate == VARIABLE
            base = stream.codec_context.time_base = Fraction(1, 1000) if variable else 1 / fps
            at = 0
            for number in range(frames):
                frame = av.VideoFrame.from_image(_picture(number))  # type: ignore[no-untyped-call]
                frame.pts, frame.time_base = at, base
                at += GAPS[number % len(GAPS)] if variable else 1
                target.mux(stream.encode(frame))
            target.mux(stream.encode())
        return path.read_bytes()


def finish_counted(rate: str, frames: int = 70, **fields: Any) -> Video:
    """A finished video of such a clip, as one of before frames were measured."""
    video = finish(f"At {rate}", **fields)
    clip = counted_clip(rate, frames)
    with av.open(ContentFile(clip), "r") as found:
        duration = (found.duration or 0) / av.time_base
    video.file.save("counted.mp4", ContentFile(clip))
    facts = {"size_bytes": len(clip), "width": WIDTH, "height": HEIGHT, "duration": duration, "frame_times": None}
    Video.objects.filter(pk=video.pk).update(**facts)
    video.refresh_from_db()
    return video


# Presses a key so often, and after each press reads the number: an array. A seek can end before its picture is the one
# that a script is given, and the one before can be given once more: it waits for another picture, a minute at most.
PRESSED = """async ([key, count]) => {
    const video = document.querySelector("video[id^=video-]");
    const read = READ;
    const seen = [];
    for (let press = 0; press < count; press += 1) {
        const [before, until] = [read(video), performance.now() + 60_000];
        document.body.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
        while ((video.seeking || read(video) === before) && performance.now() < until) {
            await new Promise((resolve) => setTimeout(resolve, 5));
        }
        seen.push(read(video));
    }
    return seen;
}""".replace("READ", READ)


def steps_on_every_frame(page: Page, address: str, count: int = 60) -> None:
    """A video just loaded: so many steps forward and back, each on its frame."""
    page.goto(address)
    video = page.locator("video[id^=video-]")
    wait_until(lambda: video.evaluate("video => video.readyState") >= 2, "the video is there")
    wait_until(lambda: _shows(video, 0), "it shows its first frame")
    assert page.evaluate(PRESSED, ["ArrowRight", count]) == list(range(1, count + 1))
    assert page.evaluate(PRESSED, ["ArrowLeft", count]) == list(range(count - 1, -1, -1))


def is_there(video: Locator) -> bool:
    """Whether its first picture can be read."""
    return bool(video.evaluate("video => video.readyState") >= 2)


def _shows(video: Locator, frame: int) -> bool:
    return bool(video.evaluate(READ) == frame)


def comments_open_on_their_frames(page: Page, address: str, frames: Iterable[int]) -> None:
    """A comment written at each of these frames leads back to it, in the page and by its address."""
    page.goto(address)
    video = page.locator("video[id^=video-]")
    wait_until(lambda: video.evaluate("video => video.readyState") >= 2, "the video is there")
    at = 0
    for frame in frames:
        if frame > at:
            page.evaluate(PRESSED, ["ArrowRight", frame - at])
            at = frame
        page.get_by_label("Comment", exact=True).fill(f"Frame {frame}")
        page.get_by_role("button", name="Comment", exact=True).click()
        expect(page.locator(".comment", has_text=re.compile(rf"Frame {frame}\b"))).to_be_visible()
        expect(page.get_by_label("Comment", exact=True)).to_have_value("")
    for frame in frames:
        link = page.locator(".comment", has_text=re.compile(rf"Frame {frame}\b")).locator(".at")
        link.click()
        wait_until(lambda: not video.evaluate("video => video.seeking"), "it is there")
        wait_until(partial(_shows, video, frame), f"the comment opens on frame {frame}")
    opened = page.context.new_page()
    opened.goto(address + str(link.get_attribute("href")))
    there = opened.locator("video[id^=video-]")
    wait_until(lambda: there.evaluate("video => video.readyState") >= 2, "the video is there")
    wait_until(lambda: there.evaluate(READ) == frame, f"its address opens on frame {frame}")
    opened.close()
