"""The cut: frames between two times, re-encoded in one pass with the sound in sync and the index in front."""

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import chain, pairwise
from typing import IO, NamedTuple

import av
from av.container import InputContainer, OutputContainer
from av.filter import Graph
from av.video.stream import VideoStream

from wanstudio.media.cutting import MAX_SIDE
from wanstudio.media.cutting.sound_cut import SOUND_FRAME, SOUND_RATE, sound_in
from wanstudio.media.errors import MediaError, MediaProblem
from wanstudio.media.pictures.frames import HDR, matrix_of, opened
from wanstudio.media.pictures.sample_entries import pixel_of
from wanstudio.media.pictures.stills import MAX_PIXELS

CLOCK = 90_000
# Handles are whole milliseconds, frames are not: what begins within one belongs to the handle.
_TOLERANCE = Fraction(1, 1000)
# Decoders want the keyframe before; an index can say a second less than what is shown.
_BEFORE_S = 1
_THREADS = 2
# Without B-frames the first picture is at 0, and nothing has to be hidden. The road not taken is CABAC: a quarter of
# the time for a tenth of the bytes.
_ENCODER = {"preset": "ultrafast", "crf": "17", "bf": "0"}
# What the fastest preset leaves out and costs little is switched on again, but for noise, of which a picture has more
# bits a pixel; bounded are its bits, as it would become many times as large as it was.
_FINER, _NOISE_BITS, _TIMES, _MIN_BITS = "deblock=0,0:aq-mode=1:8x8dct=1", 0.2, 3, 20_000_000
# Of the index, for a frame of picture or of sound; what is left over of it becomes a `free` box.
_INDEX_BYTES, _INDEX_BASE = 64, 64 * 1024
# With 8 bits the tones of HDR are too few: so its light is brought into what every screen shows.
# That is the costly part: with bilinear colour a third less, 51 dB from bicubic. A too large picture is scaled first.
_TO_709 = "out_primaries=bt709:out_transfer=bt709:out_color_matrix=bt709:out_range=tv:intent=perceptual:flags=bilinear"
# The signs of a display matrix (a, b, c, d) as filters of FFmpeg.
_ORIENTATIONS: dict[tuple[int, ...], tuple[tuple[str, str], ...]] = {
    (0, 1, -1, 0): (("transpose", "clock"),),
    (-1, 0, 0, -1): (("hflip", ""), ("vflip", "")),
    (0, -1, 1, 0): (("transpose", "cclock"),),
    (-1, 0, 0, 1): (("hflip", ""),),
    (1, 0, 0, -1): (("vflip", ""),),
    (0, 1, 1, 0): (("transpose", "cclock_flip"),),
    (0, -1, -1, 0): (("transpose", "clock_flip"),),
}


class Span(NamedTuple):
    """Seconds on the file's own clock."""

    start: Fraction
    end: Fraction

    @property
    def length(self) -> Fraction:
        return self.end - self.start


def cut_clip(clips: tuple[IO[bytes], IO[bytes]], target: IO[bytes], start: float, end: float) -> None:
    """`clips` are the clip, opened twice, because sound and picture are far apart in some files.

    Raises MediaError if there is no picture in the span, and what FFmpeg raises.
    """
    with opened(clips[0]) as source, opened(clips[1]) as sound_source:
        zero = Fraction(source.start_time or 0, av.time_base)
        span = Span(Fraction(round(start * 1000), 1000) + zero, Fraction(round(end * 1000), 1000) + zero)
        picture = next(iter(source.streams.video), None)
        if picture is None or getattr(picture, "codec_context", None) is None or span.length <= 0:
            raise MediaError(MediaProblem.UNREADABLE)
        picture.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
        picture.codec_context.thread_count, picture.codec_context.thread_type = _THREADS, "AUTO"
        # For a variable rate this value can be wrong; it only sizes the index and the groups of pictures.
        rate = min(max(picture.average_rate or Fraction(30), Fraction(1)), Fraction(240))
        entries = round(span.length * (rate + SOUND_RATE // SOUND_FRAME))
        options = {
            "moov_size": str(_INDEX_BASE + _INDEX_BYTES * entries),
            "video_track_timescale": str(CLOCK),
            "use_editlist": "0",
        }
        shown = _shown(source, picture, span)
        pixel = picture.sample_aspect_ratio or Fraction(1)
        shape = pixel_of(pixel.numerator, pixel.denominator)
        with av.open(target, "w", format="mp4", options=options) as made:
            video = made.add_stream("libx264", rate=rate, options=_options(picture, source.bit_rate, rate))
            _write(made, video, _filtered(shown, span, shape), sound_in(sound_source, span.start, span.length))


def _options(picture: VideoStream, bit_rate: int, rate: Fraction) -> dict[str, str]:
    bits = picture.bit_rate or bit_rate
    is_noise, most = bits > _NOISE_BITS * picture.width * picture.height * rate, max(_TIMES * bits, _MIN_BITS)
    more = {"g": str(round(rate * 2)), "maxrate": str(most), "bufsize": str(2 * most)}
    return {**_ENCODER, **more, "x264-params": "aq-mode=0" if is_noise else _FINER}


def _shown(source: InputContainer, picture: VideoStream, span: Span) -> Iterator[av.VideoFrame]:
    """The frame that is on the screen at the start, and all after it before the end."""
    for begin in (span.start - _BEFORE_S, Fraction(0)):
        source.seek(max(0, int(begin / (picture.time_base or 1))), stream=picture)
        frames = _timed(source, picture)
        first = next(frames, None)
        if first is not None and _time(first) <= span.start + _TOLERANCE:
            break
    if first is None:
        raise MediaError(MediaProblem.UNREADABLE)
    current = first
    for frame in frames:
        if _time(frame) >= span.end - _TOLERANCE:
            break
        if _time(frame) > span.start + _TOLERANCE:
            yield current
        current = frame
    yield current


def _timed(source: InputContainer, picture: VideoStream) -> Iterator[av.VideoFrame]:
    frames = chain.from_iterable(packet.decode() for packet in source.demux(picture))
    return (frame for frame in frames if frame.pts is not None)


def _time(frame: av.VideoFrame) -> Fraction:
    return Fraction(frame.pts or 0) * (frame.time_base or Fraction(1, CLOCK))


def _filtered(shown: Iterator[av.VideoFrame], span: Span, shape: Fraction) -> Iterator[av.VideoFrame]:
    """Upright, with square pixels and even sides, on the cut's own clock, each with its duration."""
    graph, ends = None, round(span.length * CLOCK)
    before: av.VideoFrame | None = None
    for frame in shown:
        graph = graph or _graph(frame, shape)
        begins = max(0, round((_time(frame) - span.start) * CLOCK)) if before else 0
        graph.push(frame)
        made = graph.pull()
        if not isinstance(made, av.VideoFrame):
            raise MediaError(MediaProblem.UNREADABLE)
        made.pts, made.time_base = begins, Fraction(1, CLOCK)
        if before:
            before.duration = begins - (before.pts or 0)
            yield before
        before = made
    if before:
        before.duration = ends - (before.pts or 0)
        yield before


def _graph(frame: av.VideoFrame, shape: Fraction) -> Graph:
    wide = frame.width * shape
    smaller = min(Fraction(1), MAX_SIDE / max(wide, Fraction(frame.height)))
    width, height = max(2, round(wide * smaller / 2) * 2), max(2, int(frame.height * smaller) // 2 * 2)
    graph = Graph()
    steps = [
        graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base or Fraction(1, CLOCK)
        )
    ]
    if (width, height) != (frame.width, frame.height):
        steps.append(graph.add("scale", f"{width}:{height}"))
    if frame.color_trc in HDR:
        steps.append(graph.add("scale", _TO_709))
    steps += [graph.add(name, args) for name, args in _ORIENTATIONS.get(matrix_of(frame), ())]
    steps += [graph.add("format", "yuv420p"), graph.add("setsar", "1"), graph.add("buffersink")]
    for before, after in pairwise(steps):
        before.link_to(after)
    graph.configure()
    return graph


def _write(
    made: OutputContainer, video: VideoStream, pictures: Iterator[av.VideoFrame], sound: Iterator[av.AudioFrame]
) -> None:
    context = video.codec_context
    context.thread_count, context.time_base = _THREADS, Fraction(1, CLOCK)
    pending = next(sound, None)
    audio = made.add_stream("aac", rate=SOUND_RATE, layout=pending.layout.name) if pending else None
    durations: dict[int, int] = {}
    for index, frame in enumerate(pictures):
        if index == 0:
            video.width, video.height, video.pix_fmt = frame.width, frame.height, "yuv420p"
            context.color_range, context.colorspace = frame.color_range, frame.colorspace
            context.color_primaries, context.color_trc = frame.color_primaries, frame.color_trc
        durations[frame.pts or 0] = frame.duration
        frame.pict_type = 0
        _mux(made, video.encode(frame), durations)
        # The sound goes along with the picture: all of one first would wait in memory for the other.
        while audio and pending and (pending.pts or 0) * CLOCK <= (frame.pts or 0) * SOUND_RATE:
            made.mux(audio.encode(pending))
            pending = next(sound, None)
    _mux(made, video.encode(None), durations)
    if audio:
        while pending:
            made.mux(audio.encode(pending))
            pending = next(sound, None)
        made.mux(audio.encode(None))


def _mux(made: OutputContainer, packets: "list[av.Packet[VideoStream]]", durations: dict[int, int]) -> None:
    for packet in packets:
        with suppress(KeyError):
            packet.duration = durations.pop(packet.pts or 0)
        made.mux(packet)
