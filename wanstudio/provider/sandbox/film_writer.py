"""Writes pictures and the clip's own sound as an MP4 that plays while it loads."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from queue import Full, Queue
from threading import Event, Thread

import av
from av.container import InputContainer
from PIL import Image

from wanstudio.provider.sandbox.clip_motion import open_clip

RATES = frozenset({48000, 44100, 32000, 24000, 22050, 16000})
AHEAD = 3


def write(
    target: Path, pictures: Iterator[Image.Image], size: tuple[int, int], fps: Fraction, clip: Path, duration: float
) -> None:
    """H.264 in yuv420p, AAC if `clip` has sound, the index in front. Holds a few frames at a time."""
    with (
        open_clip(clip) as source,
        av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as film,
    ):
        video = film.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "crf": "23"})
        video.width, video.height = size
        video.pix_fmt = "yuv420p"
        # Without these words players take small films for the old television colours.
        context = video.codec_context
        context.color_primaries = context.color_trc = context.colorspace = 1
        context.gop_size = round(fps * 2)
        sound = _sound(source, duration)
        pending = next(sound, None)
        audio = film.add_stream("aac", rate=pending.sample_rate, layout=pending.layout.name) if pending else None
        for index, picture in enumerate(_ahead(pictures)):
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
    plane = frame.planes[0]
    plane.update(picture.tobytes("raw", "RGB", plane.line_size, 1))
    return frame


def _sound(source: InputContainer, duration: float) -> Iterator[av.AudioFrame]:
    """The clip's first sound track up to `duration` seconds, as an AAC encoder wants it; nothing if unreadable."""
    if not source.streams.audio:
        return
    stream = source.streams.audio[0]
    rate = stream.rate if stream.rate in RATES else 48000
    resampler = av.AudioResampler("fltp", "mono" if stream.channels == 1 else "stereo", rate)
    try:
        for frame in source.decode(stream):
            for piece in resampler.resample(frame):
                if (piece.time or 0.0) + piece.samples / rate > duration + 0.001:
                    return
                yield piece
    except av.FFmpegError:
        # A picture without the rest of its sound is still the video that was asked for.
        return


def _ahead(pictures: Iterable[Image.Image]) -> Iterator[Image.Image]:
    """The same pictures, made in a thread of their own while the last ones are encoded. Raises what making raises."""
    ready: Queue[Image.Image | BaseException | None] = Queue(AHEAD)
    ended = Event()

    def put(item: Image.Image | BaseException | None) -> bool:
        while not ended.is_set():
            try:
                ready.put(item, timeout=0.2)
            except Full:
                continue
            return True
        return False

    def make() -> None:
        try:
            for picture in pictures:
                if not put(picture):
                    return
            put(None)
        except BaseException as error:
            put(error)

    maker = Thread(target=make, name="pictures", daemon=True)
    maker.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        ended.set()
        maker.join()
