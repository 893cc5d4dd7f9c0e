"""The scan itself: every frame of a clip is decoded once, made small, and shown to the detectors."""

import base64
from collections.abc import Iterator
from fractions import Fraction
from typing import IO

import av
from av.container import InputContainer
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from PIL import Image

from wanstudio.media.errors import MediaError, MediaProblem
from wanstudio.media.pictures.frames import matrix_of, opened
from wanstudio.media.pictures.stills import MAX_PIXELS
from wanstudio.media.scanning.film_strip import HEIGHT, FilmStrip
from wanstudio.media.scanning.scene_cuts import SceneCuts
from wanstudio.media.scanning.softness import Softness
from wanstudio.media.scanning.stretches import Stretches

_THREADS = 2


def scan_clip(clip: IO[bytes], seconds: float) -> dict[str, object]:
    """The message of what is in a clip of so many seconds. Raises MediaError, and what FFmpeg raises."""
    with opened(clip) as source:
        picture = next(iter(source.streams.video), None)
        if picture is None or getattr(picture, "codec_context", None) is None:
            raise MediaError(MediaProblem.UNREADABLE)
        context = picture.codec_context
        # Edges of blocks are smoothed for the eye alone, at a quarter of the time.
        context.options = {"max_pixels": str(MAX_PIXELS), "skip_loop_filter": "all"}
        context.thread_count, context.thread_type = _THREADS, "AUTO"
        return _scanned(source, picture, seconds)


def _scanned(source: InputContainer, picture: VideoStream, seconds: float) -> dict[str, object]:
    strip: FilmStrip | None = None
    before: av.VideoFrame | None = None
    cuts, stretches, softness, small = SceneCuts(), Stretches(), Softness(), _Small()
    for frame, at in _timed(source, picture):
        if strip is None:
            matrix = matrix_of(frame)
            shape = float(frame.width * (picture.sample_aspect_ratio or 1) / frame.height)
            strip = FilmStrip(seconds, shape if matrix[0] else 1 / shape, matrix)
        if before is not None:
            strip.add(before, at)
        before = frame
        if at < seconds:
            look = small.of(frame)
            cuts.add(look, at)
            stretches.add(look, at)
            softness.add(look, at)
    if strip is None or before is None:
        raise MediaError(MediaProblem.UNREADABLE)
    strip.add(before, seconds)
    ranges = stretches.found(seconds, cuts.recoloured())
    found = cuts.beside(ranges)
    black = [at for kind, *edges in ranges if kind == "black" for at in edges]
    return {
        "strip": base64.b64encode(strip.jpeg()).decode(),
        "size": [strip.width, HEIGHT, strip.count],
        "cuts": found,
        "ranges": [*ranges, *softness.found(seconds, [*found, *black])],
    }


def _timed(source: InputContainer, picture: VideoStream) -> Iterator[tuple[av.VideoFrame, float]]:
    """Frames with the seconds at which a player shows them, in their order."""
    zero, last = Fraction(source.start_time or 0, av.time_base), 0.0
    for packet in source.demux(picture):
        for frame in packet.decode():
            if frame.pts is not None and frame.time_base is not None:
                # What an edit list hides is before the beginning.
                last = max(last, float(frame.pts * frame.time_base - zero))
                yield frame, last


class _Small:
    """Frames as pictures of one size, whatever theirs is: points of them, so that noise stays what it is."""

    def __init__(self) -> None:
        self._scaler = VideoReformatter()

    def of(self, frame: av.VideoFrame) -> Image.Image:
        small = self._scaler.reformat(frame, SIDE, SIDE, "rgb24", interpolation="FAST_BILINEAR", threads=1)
        plane = small.planes[0]
        return Image.frombuffer("RGB", (SIDE, SIDE), bytes(plane), "raw", "RGB", plane.line_size, 1)


SIDE = 128
