"""The scan itself: every frame of a clip is decoded once, made small, and shown to the detectors."""

import base64
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from math import inf
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
from wanstudio.media.scanning.sampling import decoded
from wanstudio.media.scanning.scene_cuts import SceneCuts
from wanstudio.media.scanning.softness import Softness
from wanstudio.media.scanning.stretches import Found, Stretches

_THREADS = 2
# So many seconds of gaps are looked into, each with what a cut is judged by behind it.
_LOOKED_S, _AFTER_S = 6.0, 0.6


def scan_clip(clip: IO[bytes], seconds: float) -> dict[str, object]:
    """The message of what is in a clip of so many seconds. Raises MediaError, and what FFmpeg raises."""
    with _pictures(clip) as (source, picture):
        packets = [(packet.size, packet.is_keyframe) for packet in source.demux(picture) if packet.size]
        chosen = decoded(packets, picture.width * picture.height, seconds)
    with _pictures(clip) as (source, picture):
        return _scanned(_Frames(source, picture, chosen), clip, seconds)


@contextmanager
def _pictures(clip: IO[bytes]) -> Iterator[tuple[InputContainer, VideoStream]]:
    with opened(clip) as source:
        picture = next(iter(source.streams.video), None)
        if picture is None or getattr(picture, "codec_context", None) is None:
            raise MediaError(MediaProblem.UNREADABLE)
        # Edges of blocks are smoothed for the eye alone, at a quarter of the time.
        picture.codec_context.options = {"max_pixels": str(MAX_PIXELS), "skip_loop_filter": "all"}
        picture.codec_context.thread_count, picture.codec_context.thread_type = _THREADS, "AUTO"
        yield source, picture


def _scanned(frames: "_Frames", clip: IO[bytes], seconds: float) -> dict[str, object]:
    strip: FilmStrip | None = None
    before: av.VideoFrame | None = None
    cuts, stretches, softness, small = SceneCuts(), Stretches(), Softness(), _Small()
    for frame, at in frames:
        if strip is None:
            matrix = matrix_of(frame)
            shape = float(frame.width * (frames.picture.sample_aspect_ratio or 1) / frame.height)
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
    gaps = frames.gaps
    ranges = _without(gaps, stretches.found(seconds, cuts.recoloured()))
    found = _exact(cuts.beside(ranges), gaps, clip)
    black = [at for kind, *edges in ranges if kind == "black" for at in edges]
    return {
        "strip": base64.b64encode(strip.jpeg()).decode(),
        "size": [strip.width, HEIGHT, strip.count],
        "cuts": found,
        "ranges": [*ranges, *_without(gaps, softness.found(seconds, [*found, *black]))],
    }


def _exact(cuts: Sequence[float], gaps: dict[float, float], clip: IO[bytes]) -> list[float]:
    """Where the picture behind a gap is another one, all in the gap is decoded: the cut is in it, or there is none."""
    exact, looked_s = [at for at in cuts if at not in gaps], 0.0
    for end in (at for at in cuts if at in gaps):
        start = gaps[end]
        if looked_s < _LOOKED_S:
            looked_s += end - start
            inside, small = SceneCuts(), _Small()
            with _pictures(clip) as (source, picture):
                frames = _Frames(source, picture, [])
                source.seek(max(0, int((start + frames.zero) / (picture.time_base or 1))), stream=picture)
                for frame, at in frames:
                    inside.add(small.of(frame), at)
                    if at > end + _AFTER_S:
                        break
            exact += [at for at in inside.beside([]) if start < at <= end]
    return sorted(exact)


def _without(gaps: dict[float, float], found: Sequence[Found]) -> list[Found]:
    """Those that have no part in a gap."""
    return [each for each in found if not any(start < each[2] and each[1] < end for end, start in gaps.items())]


class _Frames:
    """Frames with the seconds at which a player shows them, in their order; of the packets that are chosen."""

    def __init__(self, source: InputContainer, picture: VideoStream, chosen: list[bool]) -> None:
        self._source, self.picture, self._chosen = source, picture, iter(chosen)
        self.zero = Fraction(source.start_time or 0, av.time_base)
        self._shown: list[float] = []
        self._left_out: list[float] = []

    def __iter__(self) -> Iterator[tuple[av.VideoFrame, float]]:
        last = 0.0
        for packet in self._packets():
            for frame in packet.decode():
                if frame.pts is not None and frame.time_base is not None:
                    # What an edit list hides is before the beginning.
                    last = max(last, float(frame.pts * frame.time_base - self.zero))
                    self._shown.append(last)
                    yield frame, last

    @property
    def gaps(self) -> dict[float, float]:
        """Where frames that are not decoded end, by the time of the next that is; and the time of the one before."""
        shown = [*self._shown, inf]
        after = {bisect_left(shown, each) for each in self._left_out}
        return {shown[at]: shown[max(at - 1, 0)] for at in after}

    def _packets(self) -> "Iterator[av.Packet[VideoStream]]":
        begins, is_cut_off, was_cut_off = 0, False, False
        for packet in self._source.demux(self.picture):
            is_chosen = next(self._chosen, True)
            if packet.is_keyframe:
                begins, was_cut_off, is_cut_off = packet.pts or 0, is_cut_off, False
            # What is shown before its keyframe is made from the group before it, too.
            if is_chosen and not (was_cut_off and packet.pts is not None and packet.pts < begins):
                yield packet
            elif packet.pts is not None and packet.time_base is not None:
                is_cut_off = is_cut_off or not is_chosen
                self._left_out.append(float(packet.pts * packet.time_base - self.zero))


class _Small:
    """Frames as pictures of one size, whatever theirs is: points of them, so that noise stays what it is."""

    def __init__(self) -> None:
        self._scaler = VideoReformatter()

    def of(self, frame: av.VideoFrame) -> Image.Image:
        small = self._scaler.reformat(frame, SIDE, SIDE, "rgb24", interpolation="FAST_BILINEAR", threads=1)
        plane = small.planes[0]
        return Image.frombuffer("RGB", (SIDE, SIDE), bytes(plane), "raw", "RGB", plane.line_size, 1)


SIDE = 128
