"""What moves in a clip, and how: measured on thumbnails, against the clip's own median picture."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from PIL import Image, ImageChops, ImageFilter

THUMB = 96
MAXIMUM_S = 120.0
SAMPLES, PLATES = 27, 12
DIFFERENT = 26


@dataclass(frozen=True)
class Beat:
    """The moving figure at one moment, in shares (0…1) of the frame's width or height."""

    x: float
    top: float
    bottom: float
    upper_x: float
    middle_x: float
    lower_x: float
    stride: float


NOBODY = Beat(x=0.5, top=0.15, bottom=0.9, upper_x=0.5, middle_x=0.5, lower_x=0.5, stride=0.2)


@dataclass(frozen=True)
class Motion:
    """`beats` are `fps` a second. `background` is None where the camera moves: nothing stands out then."""

    beats: list[Beat]
    fps: Fraction
    background: Image.Image | None


def open_clip(path: Path) -> InputContainer:
    """A container that may be read as MOV or MP4 and may open nothing else, whatever the file says of itself."""
    only = {"format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2", "protocol_whitelist": ""}
    return av.open(path.open("rb"), "r", options=only)


def frames(path: Path, fps: Fraction, count: int) -> Iterator[av.VideoFrame]:
    """Exactly `count` frames, `fps` a second: repeated where the clip is slower, dropped where it is faster."""
    last: av.VideoFrame | None = None
    given = 0
    with open_clip(path) as clip:
        clip.streams.video[0].thread_type = "AUTO"
        start: float | None = None
        for frame in clip.decode(video=0):
            time = frame.time or 0.0
            start = time if start is None else start
            while last is not None and given < count and given < (time - start) * fps - 0.01:
                yield last
                given += 1
            last = frame
            if given >= count:
                return
    while last is not None and given < count:
        yield last
        given += 1


def measure(
    path: Path,
    fps: Fraction,
    count: int,
    plate_size: tuple[int, int] | None,
    shape: tuple[int, int],
    check: Callable[[], None],
) -> Motion:
    """Reads the clip once. `shape` is the clip's upright size in pixels; a plate is made only where a size is given.

    Memory: 5 KB a frame, and a dozen pictures of the plate's size.
    """
    small = max(8, shape[0] * THUMB // max(shape)), max(8, shape[1] * THUMB // max(shape))
    thumbs: list[Image.Image] = []
    samples: list[tuple[Image.Image, Image.Image]] = []
    for index, frame in enumerate(frames(path, fps, count)):
        check()
        thumbs.append(picture(frame, small, "gray8"))
        if plate_size and index % max(1, count // PLATES) == 0:
            samples.append((thumbs[-1], picture(frame, plate_size)))
    median = _median(thumbs[:: max(1, count // SAMPLES)])
    masks = [moving(thumb, median) for thumb in thumbs]
    covered = sorted(_mean(mask) for mask in masks)
    still_camera = covered[len(covered) // 2] < 0.45
    beats: list[Beat] = []
    for mask in masks:
        beats.append(_beat(mask) or (beats[-1] if beats else NOBODY))
    return Motion(_smooth(beats), fps, _plate(samples, median) if samples and still_camera else None)


def _median(thumbs: list[Image.Image]) -> Image.Image:
    middle = len(thumbs) // 2
    values = zip(*(thumb.tobytes() for thumb in thumbs), strict=True)
    return Image.frombytes("L", thumbs[0].size, bytes(sorted(value)[middle] for value in values))


def _plate(samples: list[tuple[Image.Image, Image.Image]], median: Image.Image) -> Image.Image:
    """The scene without its figure: from each sample what lies still in it, as the median thumbnail tells."""
    plate = samples[0][1].copy()
    for thumb, full in samples:
        still = ImageChops.invert(moving(thumb, median).filter(ImageFilter.MaxFilter(5)))
        plate.paste(full, mask=still.resize(full.size, Image.Resampling.BICUBIC))
    return plate


def picture(frame: av.VideoFrame, size: tuple[int, int], pixels: str = "rgb24") -> Image.Image:
    """The frame upright at `size`; `pixels` is rgb24 or gray8."""
    turned = frame.rotation % 180 == 90
    width, height = (size[1], size[0]) if turned else size
    scaled = frame.reformat(width=width, height=height, format=pixels, interpolation="AREA")
    plane, mode = scaled.planes[0], "L" if pixels == "gray8" else "RGB"
    across = Image.frombuffer(mode, (width, height), bytes(plane), "raw", mode, plane.line_size, 1)
    return across.rotate(frame.rotation, expand=True) if frame.rotation else across


def moving(frame: Image.Image, background: Image.Image) -> Image.Image:
    """White where a frame differs from the background; both of one size and mode L."""
    different = ImageChops.difference(frame, background).point(lambda v: 255 if v > DIFFERENT else 0)
    return different.filter(ImageFilter.MedianFilter(3))


def _thumb_size(size: tuple[int, int]) -> tuple[int, int]:
    longest = max(size)
    return max(8, size[0] * THUMB // longest), max(8, size[1] * THUMB // longest)


def _mean(mask: Image.Image) -> float:
    return mask.resize((1, 1), Image.Resampling.BOX).tobytes()[0] / 255


def _beat(mask: Image.Image) -> Beat | None:
    rows = mask.resize((1, mask.height), Image.Resampling.BOX).tobytes()
    if sum(rows) < 255 * mask.height * 0.004:
        return None
    top, bottom = _edge(rows, 0.02), _edge(rows, 0.985)
    third = max(1, (bottom - top) // 3)
    bands = [_columns(mask, top + third * n, top + third * (n + 1)) for n in range(3)]
    lower = bands[2]
    width = mask.width
    return Beat(
        x=_centre(_columns(mask, top, bottom + 1)),
        top=top / mask.height,
        bottom=(bottom + 1) / mask.height,
        upper_x=_centre(bands[0]),
        middle_x=_centre(bands[1]),
        lower_x=_centre(lower),
        stride=(_edge(lower, 0.96) - _edge(lower, 0.04)) / width,
    )


def _columns(mask: Image.Image, top: int, bottom: int) -> bytes:
    return mask.crop((0, top, mask.width, max(top + 1, bottom))).resize((mask.width, 1), Image.Resampling.BOX).tobytes()


def _centre(values: bytes) -> float:
    total = sum(values)
    return (sum(i * v for i, v in enumerate(values)) / total + 0.5) / len(values) if total else 0.5


def _edge(values: bytes, share: float) -> int:
    """The index at which `share` of the sum of `values` is reached."""
    wanted, reached = sum(values) * share, 0
    for index, value in enumerate(values):
        reached += value
        if reached >= wanted:
            return index
    return len(values) - 1


def _smooth(beats: list[Beat], reach: int = 2) -> list[Beat]:
    smooth = []
    for index in range(len(beats)):
        around = beats[max(0, index - reach) : index + reach + 1]
        smooth.append(Beat(*(sum(getattr(b, name) for b in around) / len(around) for name in Beat.__annotations__)))
    return smooth
