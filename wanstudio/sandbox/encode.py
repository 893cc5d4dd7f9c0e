"""Writes pictures and the clip's own sound as an MP4 that plays while it loads."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image

from wanstudio.sandbox.motion import open_clip

RATES = frozenset({48000, 44100, 32000, 24000, 22050, 16000})


def write(
    target: Path, pictures: Iterable[Image.Image], size: tuple[int, int], fps: Fraction, clip: Path, duration: float
) -> None:
    """H.264 in yuv420p, AAC if `clip` has sound, the index in front. Holds a few frames at a time."""
    with (
        open_clip(clip) as source,
        av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as film,
    ):
        video = film.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "crf": "23", "tune": "fastdecode"})
        video.width, video.height = size
        video.pix_fmt = "yuv420p"
        # Without these words players take small films for the old television colours.
        context = video.codec_context
        context.color_primaries = context.color_trc = context.colorspace = 1
        context.gop_size = round(fps * 2)
        sound = _sound(source, duration)
        first = next(sound, None)
        audio = film.add_stream("aac", rate=first.sample_rate, layout=first.layout.name) if first else None
        pending = first
        for index, picture in enumerate(pictures):
            frame = av.VideoFrame.from_image(picture).reformat(format="yuv420p", dst_colorspace="ITU709")
            frame.pts, frame.time_base = index, 1 / fps
            film.mux(video.encode(frame))
            # The sound goes along with the picture: all of one first would wait in memory for the other.
            while audio and pending and (pending.time or 0.0) <= (index + 1) / fps:
                film.mux(audio.encode(pending))
                pending = next(sound, None)
        film.mux(video.encode(None))
        if audio:
            film.mux(audio.encode(None))


def _sound(source: av.container.InputContainer, duration: float) -> Iterator[av.AudioFrame]:
    """The clip's first sound track up to `duration` seconds, as an AAC encoder wants it; nothing if it is unreadable."""
    if not source.streams.audio:
        return
    stream = source.streams.audio[0]
    rate = stream.rate if stream.rate in RATES else 48000
    resampler = av.AudioResampler("fltp", "mono" if stream.channels == 1 else "stereo", rate)
    left = round(duration * rate)
    try:
        for frame in source.decode(stream):
            for piece in resampler.resample(frame):
                if left < piece.samples:
                    return
                left -= piece.samples
                yield piece
    except av.FFmpegError:
        # A picture without the rest of its sound is still the video that was asked for.
        return
