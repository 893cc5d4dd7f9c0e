"""Writing pictures and the clip's own sound as an MP4 that plays while it loads."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from PIL import Image

from .clip_motion import open_clip


def write(target: Path, pictures: Iterator[Image.Image], fps: Fraction, clip: Path, duration: float) -> None:
    """H.264 in yuv420p, AAC if `clip` has sound, the index in front. Holds a few frames at a time."""
    with (
        open_clip(clip) as source,
        av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as film,
    ):
        video = film.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "crf": "23"})
        video.pix_fmt = "yuv420p"
        # Without these words players take small films for the old television colours.
        context = video.codec_context
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
            frame = to_frame(picture).reformat(format="yuv420p", dst_colorspace="ITU709")
            frame.pts, frame.time_base = index, 1 / fps
            film.mux(video.encode(frame))
            # The sound goes along with the picture: all of one first would wait in memory for the other.
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
    """The same pictures, each made in a thread of its own while the one before is encoded."""
    with ThreadPoolExecutor(1, "pictures") as maker:
        coming = maker.submit(next, pictures, None)
        while picture := coming.result():
            coming = maker.submit(next, pictures, None)
            yield picture
