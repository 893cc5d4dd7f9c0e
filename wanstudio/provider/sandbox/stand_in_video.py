"""The stand-in video: the character follows the clip (animate) or takes its place (replace), with its sound."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import repeat
from math import floor
from pathlib import Path
from statistics import median
from typing import NamedTuple

import av
from av.container import InputContainer
from PIL import Image, ImageDraw, ImageFont, ImageOps

from .clip_motion import THREADS, Clip, Stance, measure, open_clip, picture
from .puppet import Point, Puppet, cut_out, postures

MAX_S = 120.0
Size = tuple[int, int]


@dataclass(frozen=True)
class Film:
    """What to make. `duration`, `fps` and `clip_size` (upright, pixels) describe the clip."""

    behaviour: str
    resolution: str
    duration: float
    fps: float
    clip_size: Size
    label: str = "Sandbox"


class Staging(NamedTuple):
    """A scene and a stance for each frame, and where the puppet's picture is put for it (pixels)."""

    scenes: Iterable[Image.Image]
    stances: list[Stance]
    puppet: Puppet
    place: Callable[[Stance], Point]


def render(image: Path, clip_path: Path, target: Path, film: Film) -> None:
    """Writes an MP4 of the clip's length, at most 120 s. Raises OSError or av.FFmpegError for unusable files."""
    character = _open(image)
    duration, fps, count = timing(film)
    clip = Clip(clip_path, film.clip_size, fps, count)
    short = int(film.resolution.removesuffix("p"))
    size = frame_size(character.size if film.behaviour == "animate" else film.clip_size, short)
    if film.behaviour == "animate":
        stances, _ = measure(clip, None)
        staging = _animate(ImageOps.fit(character, size), stances)
    else:
        stances, plate = measure(clip, size)
        scenes = repeat(plate) if plate else (picture(frame, size) for frame in clip.frames())
        staging = _replace(character, stances, scenes, size)
    label = _label(film.label, short)
    _write(target, _staged(staging, label), fps, clip_path, duration)


def timing(film: Film) -> tuple[float, Fraction, int]:
    """Seconds, frames a second and number of frames: so many that the length is right within half a frame."""
    duration = min(film.duration, MAX_S)
    fps = Fraction(min(30.0, max(12.0, film.fps))).limit_denominator(1001)
    return duration, fps, max(1, round(duration * fps))


def frame_size(ratio: Size, short: int) -> Size:
    """Even sides in this ratio, the shorter exactly `short`; a ratio beyond 5:1 is cropped to it."""
    width, height = ratio
    long = min(5 * short, round(short * max(width, height) / min(width, height) / 2) * 2)
    return (short, long) if width <= height else (long, short)


def _open(path: Path) -> Image.Image:
    """The picture, upright in RGB; what is transparent becomes a calm background."""
    with Image.open(path, formats=["JPEG", "PNG", "WEBP"]) as opened:
        opened.draft("RGB", (1600, 1600))
        upright = ImageOps.exif_transpose(opened)
        upright.thumbnail((2048, 2048), Image.Resampling.LANCZOS)
        ground = Image.new("RGBA", upright.size, (128, 132, 140))
        return Image.alpha_composite(ground, upright.convert("RGBA")).convert("RGB")


def _animate(character: Image.Image, stances: list[Stance]) -> Staging:
    cutout = cut_out(character)
    puppet = Puppet(character, cutout)
    figure = cutout.box[3] - cutout.box[1]
    height = max(0.1, median(stance.bottom - stance.top for stance in stances))
    home = median(stance.x for stance in stances)
    ground = median(stance.bottom for stance in stances)
    room = max(0, min(cutout.box[0], character.width - cutout.box[2]) - character.width * 0.02)
    # As far as in the clip, measured in the figure's own height, but never out of the picture.
    travel = min(room / max(0.01, *(abs(stance.x - home) for stance in stances)), figure / height * 0.9)

    def place(stance: Stance) -> Point:
        rise = max(-0.2, min(0.03, (stance.bottom - ground) / height * 0.6))
        return puppet.left + (stance.x - home) * travel, puppet.top + rise * figure

    return Staging(repeat(cutout.plate), stances, puppet, place)


def _replace(character: Image.Image, stances: list[Stance], scenes: Iterable[Image.Image], size: Size) -> Staging:
    height = median(stance.bottom - stance.top for stance in stances) * 1.03
    box = cut_out(character).box
    scale = min(0.9, max(0.3, height)) * size[1] / (box[3] - box[1])
    small = (max(2, round(character.width * scale)), max(2, round(character.height * scale)))
    character = character.resize(small, Image.Resampling.LANCZOS)
    # Cut out again at the size it is shown: an edge found large and shrunk would carry the old background along.
    cutout = cut_out(character)
    puppet = Puppet(character, cutout)
    feet = (cutout.box[0] + cutout.box[2]) / 2, cutout.box[3]

    def place(stance: Stance) -> Point:
        return puppet.left + stance.x * size[0] - feet[0], puppet.top + stance.bottom * size[1] - feet[1]

    return Staging(scenes, stances, puppet, place)


def _staged(staging: Staging, label: Image.Image) -> Iterator[Image.Image]:
    scenes, stances, puppet, place = staging
    # Dark in its middle, nothing at its rim.
    floor_shade = Image.radial_gradient("L").point(lambda v: max(0, 120 - v * 2 // 3))
    for scene, stance, posture in zip(scenes, stances, postures(stances), strict=False):
        frame = scene.copy()
        left, top = place(stance)
        wide = round(puppet.width * (0.45 + 3 * max(0.0, posture.stride)))
        shade = floor_shade.resize((wide, round(puppet.height * 0.075)))
        foot = round(left + (puppet.width - wide) / 2), round(top + puppet.height * 0.98 - shade.height * 0.6)
        frame.paste((16, 10, 14), foot, shade)
        x, y = floor(left), floor(top)
        bent, mask = puppet.bend(posture, (left - x, top - y))
        frame.paste(bent, (x, y), mask)
        frame.paste(label, (label.height, frame.height - label.height * 2), label)
        yield frame


def _label(text: str, short: int) -> Image.Image:
    font, stroke = ImageFont.load_default(short / 30), short / 240
    left, top, right, bottom = font.getbbox(text, stroke_width=stroke)
    label = Image.new("RGBA", (round(right - left), round(bottom - top)))
    ImageDraw.Draw(label).text((-left, -top), text, font=font, stroke_width=stroke, stroke_fill=(8, 8, 8))
    return label


def _write(target: Path, pictures: Iterator[Image.Image], fps: Fraction, clip: Path, duration: float) -> None:
    """H.264 in yuv420p, AAC if `clip` has sound, the index in front. Holds a few frames at a time."""
    with open_clip(clip) as source, av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as film:
        video = film.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "crf": "23"})
        video.pix_fmt = "yuv420p"
        # Without these words players take small films for the old television colours.
        context = video.codec_context
        context.thread_count = THREADS
        context.color_primaries = context.color_trc = context.colorspace = 1
        context.gop_size = round(fps * 2)
        sound = _sound(source, duration)
        pending = next(sound, None)
        # The encoder resamples what it is given.
        layout = "mono" if pending and pending.layout.nb_channels == 1 else "stereo"
        audio = film.add_stream("aac", rate=48000, layout=layout) if pending else None
        for index, picture in enumerate(_ahead(pictures)):
            if index == 0:
                video.width, video.height = picture.size
            frame = to_frame(picture).reformat(format="yuv420p", dst_colorspace="ITU709", threads=THREADS)
            frame.pts, frame.time_base = index, 1 / fps
            film.mux(video.encode(frame))
            # Sound and picture are muxed in turn: otherwise all of one would wait in memory for the other.
            while audio and pending and (pending.time or 0.0) <= (index + 1) / fps:
                film.mux(audio.encode(pending))
                pending = next(sound, None)
        film.mux(video.encode(None))
        if audio:
            film.mux(audio.encode(None))


def to_frame(picture: Image.Image) -> av.VideoFrame:
    """An RGB picture as a frame. PyAV has this too, but without its types."""
    frame = av.VideoFrame(picture.width, picture.height, "rgb24")
    frame.planes[0].update(picture.tobytes("raw", "RGB", frame.planes[0].line_size, 1))
    return frame


def _sound(source: InputContainer, duration: float) -> Iterator[av.AudioFrame]:
    """The clip's first sound track up to `duration` seconds; nothing if unreadable."""
    # A picture without the rest of its sound is still the video that was asked for.
    with suppress(av.FFmpegError, IndexError):
        for frame in source.decode(source.streams.audio[0]):
            if (frame.time or 0.0) + frame.samples / frame.sample_rate > duration + 0.001:
                return
            yield frame


def _ahead(pictures: Iterator[Image.Image]) -> Iterator[Image.Image]:
    """The same pictures, each made in a separate thread while the one before is encoded."""
    with ThreadPoolExecutor(1, "pictures") as maker:
        coming = maker.submit(next, pictures, None)
        while picture := coming.result():
            coming = maker.submit(next, pictures, None)
            yield picture
