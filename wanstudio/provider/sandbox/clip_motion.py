"""Motion in a clip: where its figure is in each frame, measured on thumbnails against the clip's median picture."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, pairwise
from math import ceil
from pathlib import Path
from statistics import fmean, median
from typing import NamedTuple

import av
from av.container import InputContainer
from PIL import Image, ImageChops, ImageFilter, ImageStat

THUMB = 96
SAMPLES, PLATES = 27, 12
DIFFERENT = 26
# Each takes a few frames of memory, which a process has 512 MB of, however many cores there are.
THREADS = 4
# Of a frame, differing from the median picture: beyond this share it is the camera that moves.
MAX_MOVING = 0.45


class Stance(NamedTuple):
    """The moving figure in one frame, in shares (0…1) of the frame's width or height; `lean` is how far its upper third
    is to the right of its lower, `stride` how wide its legs are apart."""

    x: float = 0.5
    top: float = 0.15
    bottom: float = 0.9
    lean: float = 0.0
    stride: float = 0.2


@dataclass(frozen=True)
class Clip:
    """A clip to be read as `count` frames, `fps` a second. `size` is its upright size in pixels."""

    path: Path
    size: tuple[int, int]
    fps: Fraction
    count: int

    def frames(self) -> Iterator[av.VideoFrame]:
        """Repeated where the clip is slower, dropped where it is faster."""
        given = 0
        start: float | None = None
        with open_clip(self.path) as opened:
            opened.streams.video[0].thread_type = "AUTO"
            opened.streams.video[0].codec_context.thread_count = THREADS
            for frame, following in pairwise(chain(opened.decode(video=0), [None])):
                if frame is None:
                    return
                start = (frame.time or 0.0) if start is None else start
                until = ceil(((following.time or 0.0) - start) * self.fps - 0.01) if following else self.count
                for _ in range(given, min(until, self.count)):
                    yield frame
                given = max(given, until)
                if given >= self.count:
                    return


def open_clip(path: Path) -> InputContainer:
    """A container that can be read as MOV or MP4 and can open nothing else, whatever the file says of itself."""
    only = {"format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2", "protocol_whitelist": ""}
    return av.open(path.open("rb"), "r", options=only)


def picture(frame: av.VideoFrame, size: tuple[int, int]) -> Image.Image:
    """The frame in RGB, upright at `size`."""
    width, height = size if frame.rotation % 180 == 0 else size[::-1]
    small = frame.reformat(width=width, height=height, format="rgb24", interpolation="AREA", threads=THREADS)
    plane = small.planes[0]
    across = Image.frombuffer("RGB", (width, height), bytes(plane), "raw", "RGB", plane.line_size, 1)
    return across.rotate(frame.rotation, expand=True) if frame.rotation else across


def mean(mask: Image.Image) -> float:
    """How much of a mask is white: 0…1."""
    return ImageStat.Stat(mask).mean[0] / 255


def measure(clip: Clip, plate_size: tuple[int, int] | None) -> tuple[list[Stance], Image.Image | None]:
    """A stance for each frame, and the plate: the scene without its figure, only where a size is given, and None where
    the camera moves, because nothing is distinct then. Memory: 5 KB a frame, a dozen plates.
    """
    small = max(8, clip.size[0] * THUMB // max(clip.size)), max(8, clip.size[1] * THUMB // max(clip.size))
    thumbs: list[Image.Image] = []
    samples: list[tuple[Image.Image, Image.Image]] = []
    for index, frame in enumerate(clip.frames()):
        thumbs.append(picture(frame, small).convert("L"))
        if plate_size and index % max(1, clip.count // PLATES) == 0:
            samples.append((thumbs[-1], picture(frame, plate_size)))
    values = zip(*(thumb.tobytes() for thumb in thumbs[:: max(1, clip.count // SAMPLES)]), strict=True)
    usual = Image.frombytes("L", thumbs[0].size, bytes(sorted(value)[len(value) // 2] for value in values))
    masks = [_moving(thumb, usual) for thumb in thumbs]
    stances: list[Stance] = []
    for mask in masks:
        stances.append(_stance(mask) or (stances[-1] if stances else Stance()))
    smooth = [Stance(*map(fmean, zip(*stances[max(0, i - 2) : i + 3], strict=True))) for i in range(len(stances))]
    still = median(map(mean, masks)) < MAX_MOVING
    return smooth, _plate(samples, usual) if samples and still else None


def _plate(samples: list[tuple[Image.Image, Image.Image]], usual: Image.Image) -> Image.Image:
    """The unmoving part of each sample, found with the median thumbnail."""
    plate = samples[0][1].copy()
    for thumb, full in samples:
        still = ImageChops.invert(_moving(thumb, usual, 10).filter(ImageFilter.MaxFilter(5)))
        plate.paste(full, mask=still.resize(full.size, Image.Resampling.BICUBIC))
    return plate


def _moving(thumb: Image.Image, usual: Image.Image, limit: int = DIFFERENT) -> Image.Image:
    different = ImageChops.difference(thumb, usual).point(lambda v: 255 if v > limit else 0)
    return different.filter(ImageFilter.MedianFilter(3))


def _stance(mask: Image.Image) -> Stance | None:
    if mean(mask) < 0.004:
        return None
    rows = mask.resize((1, mask.height), Image.Resampling.BOX).tobytes()
    top, bottom = _reach(rows, 0.01), _reach(rows, 0.99)
    third = (bottom - top) / 3
    upper, lower = _columns(mask, top, top + third), _columns(mask, bottom - third, bottom)
    return Stance(
        x=_reach(_columns(mask, top, bottom), 0.5),
        top=top,
        bottom=bottom,
        lean=_reach(upper, 0.5) - _reach(lower, 0.5),
        stride=_reach(lower, 0.96) - _reach(lower, 0.04),
    )


def _columns(mask: Image.Image, top: float, bottom: float) -> bytes:
    first = int(top * mask.height)
    band = mask.crop((0, first, mask.width, max(first + 1, ceil(bottom * mask.height))))
    return band.resize((mask.width, 1), Image.Resampling.BOX).tobytes()


def _reach(values: bytes, share: float) -> float:
    """Where, as a share of their number, `share` of the sum of `values` is reached."""
    missing = sum(values) * share
    for index, value in enumerate(values):
        if value and value >= missing:
            return (index + missing / value) / len(values)
        missing -= value
    return 0.5
