"""Frames of clips by FFmpeg, kept at arm's length: one demuxer, no other file, no endless search, bounded pixels."""

from itertools import chain, islice
from time import process_time

import av

from wanstudio.media.errors import MediaError, MediaProblem
from wanstudio.media.movie import SeekableFile
from wanstudio.media.pictures.stills import MAX_PIXELS, POSTER_SIDE, jpeg

_MAX_PACKETS = 2_000
# Of the 10 s that a decoder process has: keyframes can be far apart in a sound clip.
_ENOUGH_CPU_S = 6.0
OPTIONS = {
    # With its choice of demuxers FFmpeg takes playlists and session descriptions for clips and opens what they name.
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2",
    "protocol_whitelist": "",
}


def clip_poster(file: SeekableFile) -> bytes:
    """A JPEG of a clip's first frame, upright and at most 720 px on its longest side. Raises MediaError, FetchError."""
    frame = frame_at(file)
    side = max(frame.width, frame.height, POSTER_SIDE)
    width, height = (max(length * POSTER_SIDE // side, 1) for length in (frame.width, frame.height))
    try:
        small = frame.to_image(width=width, height=height, interpolation="AREA", threads=1)  # type: ignore[no-untyped-call]
    except av.FFmpegError:
        raise MediaError(MediaProblem.UNREADABLE) from None
    return jpeg(small.rotate(frame.rotation, expand=True) if frame.rotation else small)


def frame_at(file: SeekableFile, after_s: float = 0.0) -> av.VideoFrame:
    """The first picture of a clip, or one shown `after_s` or later, or the last before. MediaError UNREADABLE: none."""
    file.seek(0)
    frame = None
    try:
        with av.open(file, mode="r", format="mov", options=OPTIONS, metadata_errors="replace") as container:
            stream = next(iter(container.streams.video), None)
            # PyAV gives a stream no codec context where FFmpeg has no decoder for it.
            if stream is None or getattr(stream, "codec_context", None) is None:
                raise MediaError(MediaProblem.UNREADABLE)
            stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
            # A machine of many cores would need as many stacks and frames, and reach the limit of memory sooner.
            stream.codec_context.thread_count = 1
            if after_s:
                container.seek(int(after_s * av.time_base))
            packets = islice(container.demux(stream), _MAX_PACKETS)
            for frame in chain.from_iterable(packet.decode() for packet in packets):
                is_late = not after_s or (frame.time is not None and frame.time >= after_s)
                if is_late or process_time() > _ENOUGH_CPU_S:
                    break
    except MemoryError:
        # One packet can claim to be as large as the memory.
        raise MediaError(MediaProblem.TOO_COSTLY) from None
    except av.FFmpegError:
        raise MediaError(MediaProblem.UNREADABLE) from None
    if frame is None:
        raise MediaError(MediaProblem.UNREADABLE)
    return frame
