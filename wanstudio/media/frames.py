"""The decoder (FFmpeg, through PyAV), kept on a leash: one demuxer, no other file, no endless search."""

from collections.abc import Iterator
from contextlib import contextmanager

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from .boxes import SeekableFile
from .errors import unreadable

MAX_PIXELS = 64_000_000
_MAX_PACKETS = 2_000
_OPTIONS = {
    # With its choice of demuxers FFmpeg takes playlists and session descriptions for clips and opens what they name.
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2",
    "protocol_whitelist": "",
}


def first_frame(file: SeekableFile) -> av.VideoFrame:
    """The first picture of a clip. Raises MediaError UNREADABLE if there is none to be decoded."""
    with _opened(file) as (container, stream):
        return _first(container, stream)


def late_frame(file: SeekableFile, after_s: float) -> av.VideoFrame:
    """A picture shown `after_s` or later, or the last one before. Raises MediaError UNREADABLE."""
    with _opened(file) as (container, stream):
        container.seek(int(after_s * av.time_base))
        frame = None
        for frame in _frames(container, stream):
            if frame.time is not None and frame.time >= after_s:
                break
        if frame is None:
            raise unreadable()
        return frame


@contextmanager
def _opened(file: SeekableFile) -> Iterator[tuple[InputContainer, VideoStream]]:
    file.seek(0)
    try:
        with av.open(file, mode="r", format="mov", options=_OPTIONS, metadata_errors="replace") as container:
            stream = next(iter(container.streams.video), None)
            # PyAV gives a stream no codec context where FFmpeg has no decoder for it.
            if stream is None or getattr(stream, "codec_context", None) is None:
                raise unreadable()
            stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
            stream.thread_type = "SLICE"
            yield container, stream
    except av.FFmpegError:
        raise unreadable() from None


def _first(container: InputContainer, stream: VideoStream) -> av.VideoFrame:
    frame = next(_frames(container, stream), None)
    if frame is None:
        raise unreadable()
    return frame


def _frames(container: InputContainer, stream: VideoStream) -> Iterator[av.VideoFrame]:
    for number, packet in enumerate(container.demux(stream)):
        if number == _MAX_PACKETS:
            return
        yield from packet.decode()
