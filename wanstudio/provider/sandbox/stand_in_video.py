"""Makes the stand-in video: the character follows the clip (animate) or stands in it (replace)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

from wanstudio.provider.sandbox import film_writer as encode
from wanstudio.provider.sandbox.clip_motion import MAXIMUM_S, Motion, frames, measure, moving, picture
from wanstudio.provider.sandbox.cutout import Cutout, cut_out, rounded
from wanstudio.provider.sandbox.puppet import Posture, Puppet, middle, postures

# The floor's shadow under a figure, from its middle to its rim.
SHADE = [max(0, 120 - v * 2 // 3) for v in range(256)]
SHORT_SIDE = {"480p": 480, "720p": 720}


class Stopped(Exception):
    """The sandbox is ending; the task is made again when it is back."""


@dataclass(frozen=True)
class Order:
    """What to make. `duration`, `fps` and `clip_size` (upright, pixels) describe the clip."""

    behaviour: str
    resolution: str
    duration: float
    fps: float
    clip_size: tuple[int, int]
    label: str = "Sandbox"


def render(image: Path, clip: Path, target: Path, order: Order, check: Callable[[], None]) -> None:
    """Writes an MP4 of the clip's length, at most 120 s.

    Raises OSError or av.FFmpegError for unusable files, and what `check`, called at every frame, raises to end it.
    """
    character, alpha = _open(image)
    ratio = character.size if order.behaviour == "animate" else order.clip_size
    size = frame_size(ratio, SHORT_SIDE[order.resolution])
    duration, fps, count = timing(order)
    motion = measure(clip, fps, count, size if order.behaviour == "replace" else None, order.clip_size, check)
    if order.behaviour == "animate":
        pictures = _animate(ImageOps.fit(character, size, Image.Resampling.LANCZOS), _fit(alpha, size), motion)
    else:
        pictures = _replace(character, alpha, motion, clip, size, count)
    encode.write(target, _labelled(pictures, order.label, check), size, fps, clip, duration)


def timing(order: Order) -> tuple[float, Fraction, int]:
    """Seconds, frames a second and number of frames: so many that the length is right within half a frame."""
    duration = min(order.duration, MAXIMUM_S)
    fps = Fraction(min(30.0, max(12.0, order.fps))).limit_denominator(1001)
    return duration, fps, max(1, round(duration * fps))


def frame_size(ratio: tuple[int, int], short: int) -> tuple[int, int]:
    """Even sides in this ratio, the shorter exactly `short`; a ratio beyond 5:1 is cropped to it."""
    width, height = ratio
    long = min(5 * short, round(short * max(width, height) / min(width, height) / 2) * 2)
    return (short, long) if width <= height else (long, short)


def _open(path: Path) -> tuple[Image.Image, Image.Image | None]:
    with Image.open(path, formats=["JPEG", "PNG", "WEBP"]) as opened:
        opened.draft("RGB", (1600, 1600))
        upright = ImageOps.exif_transpose(opened)
        upright.thumbnail((2048, 2048), Image.Resampling.LANCZOS)
        if not upright.has_transparency_data:
            return upright.convert("RGB"), None
        coloured = upright.convert("RGBA")
        alpha = coloured.getchannel("A")
        ground = Image.new("RGB", upright.size, (128, 132, 140))
        ground.paste(coloured, mask=alpha)
        return ground, alpha if any(alpha.histogram()[:128]) else None


def _fit(alpha: Image.Image | None, size: tuple[int, int]) -> Image.Image | None:
    return ImageOps.fit(alpha, size) if alpha else None


def _animate(character: Image.Image, alpha: Image.Image | None, motion: Motion) -> Iterator[Image.Image]:
    cutout = cut_out(character, alpha)
    if not cutout.found:
        whole = Puppet(character, Image.new("L", character.size, 255), pinned=True)
        for posture in postures(motion):
            yield whole.bend(posture)[0]
        return
    box, puppet = _puppet(character, cutout)
    figure = box[3] - box[1]
    height = max(0.1, middle([b.bottom - b.top for b in motion.beats]))
    home = middle([b.x for b in motion.beats])
    floor = middle([b.bottom for b in motion.beats])
    room = max(0, min(cutout.box[0], character.width - cutout.box[2]) - character.width * 0.02)
    reach = max(0.01, max(abs(b.x - home) for b in motion.beats))
    # As far as in the clip, measured in the figure's own height, but never out of the picture.
    travel = min(room / reach, figure / height * 0.9)
    for beat, posture in zip(motion.beats, postures(motion), strict=True):
        dx = (beat.x - home) * travel
        dy = max(-0.2, min(0.03, (beat.bottom - floor) / height * 0.6)) * figure
        frame = cutout.plate.copy()
        _place(frame, puppet, posture, box[0] + dx, box[1] + dy)
        yield frame


def _replace(
    character: Image.Image,
    alpha: Image.Image | None,
    motion: Motion,
    clip: Path,
    size: tuple[int, int],
    count: int,
) -> Iterator[Image.Image]:
    height = min(0.9, max(0.3, middle([b.bottom - b.top for b in motion.beats]) * 1.03)) * size[1]
    cutout = cut_out(character, alpha)
    scale = height / (cutout.box[3] - cutout.box[1])
    small = (max(2, round(character.width * scale)), max(2, round(character.height * scale)))
    character = character.resize(small, Image.Resampling.LANCZOS)
    # Cut out again at the size it is shown: an edge found large and shrunk would carry the old background along.
    cutout = cut_out(character, _fit(alpha, small))
    box, puppet = _puppet(character, cutout)
    eraser = Eraser(motion.background) if motion.background else None
    for frame, beat, posture in zip(frames(clip, motion.fps, count), motion.beats, postures(motion), strict=False):
        scene = picture(frame, size)
        if eraser:
            eraser.erase(scene)
        left = beat.x * size[0] - (cutout.box[0] + cutout.box[2]) / 2 + box[0]
        top = beat.bottom * size[1] - cutout.box[3] + box[1]
        _place(scene, puppet, posture, left, top)
        yield scene


class Eraser:
    """Takes the clip's own figure and its shadow out of a frame, by laying the empty scene over them."""

    def __init__(self, background: Image.Image) -> None:
        self.background = background
        self.shape = (background.width // 6, background.height // 6)
        self.small = background.resize(self.shape, Image.Resampling.BOX).convert("L")

    def erase(self, scene: Image.Image) -> None:
        rough = moving(scene.resize(self.shape, Image.Resampling.BOX).convert("L"), self.small)
        rough = rough.filter(ImageFilter.MaxFilter(7)).filter(ImageFilter.BoxBlur(1))
        if box := rough.getbbox():
            left, top, right, bottom = (side * 6 for side in box)
            mask = rough.crop(box).resize((right - left, bottom - top), Image.Resampling.BILINEAR)
            scene.paste(self.background.crop((left, top, right, bottom)), (left, top), mask)


def _puppet(character: Image.Image, cutout: Cutout) -> tuple[tuple[int, int, int, int], Puppet]:
    """The character with room around it to bend into, and where that lies in the picture (pixels, may be outside)."""
    left, top, right, bottom = cutout.box
    pad = round((bottom - top) * 0.14)
    box = (left - pad, top - pad // 2, right + pad, bottom + pad // 6)
    mask = cutout.mask if cutout.found else rounded(character.size)
    return box, Puppet(character.crop(box), mask.crop(box), pinned=False)


def _place(frame: Image.Image, puppet: Puppet, posture: Posture, left: float, top: float) -> None:
    """`left` and `top` (pixels) of the puppet's picture, its padding included."""
    width, height = puppet.picture.size
    spread = 0.3 + 2 * max(0.0, posture.stride)
    shade = Image.radial_gradient("L").point(SHADE).resize((round(width * spread * 1.5), round(height * 0.075)))
    frame.paste(
        (16, 10, 14), (round(left + (width - shade.width) / 2), round(top + height * 0.98 - shade.height * 0.6)), shade
    )
    x, y = int(left // 1), int(top // 1)
    bent, mask = puppet.bend(posture, (left - x, top - y))
    frame.paste(bent, (x, y), mask)


def _labelled(pictures: Iterator[Image.Image], text: str, check: Callable[[], None]) -> Iterator[Image.Image]:
    label: Image.Image | None = None
    for image in pictures:
        check()
        label = label or _label(text, min(image.size))
        image.paste(
            label, (round(min(image.size) * 0.025), image.height - label.height - round(min(image.size) * 0.025)), label
        )
        yield image


def _label(text: str, short: int) -> Image.Image:
    font = ImageFont.load_default(short / 30)
    left, top, right, bottom = font.getbbox(text)
    pad = short / 60
    label = Image.new("RGBA", (round(right - left + 2.4 * pad), round(bottom - top + 1.8 * pad)))
    pen = ImageDraw.Draw(label)
    pen.rounded_rectangle((0, 0, label.width - 1, label.height - 1), radius=short / 90, fill=(8, 8, 8, 150))
    pen.text((1.2 * pad - left, 0.9 * pad - top), text, font=font, fill=(255, 255, 255, 225))
    return label
