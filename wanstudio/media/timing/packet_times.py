"""Packet times of a clip, by FFmpeg without decoding: as a browser counts them, edit lists and reordering included."""

from itertools import islice

import av

from wanstudio.media.errors import MediaError, MediaProblem
from wanstudio.media.movie import SeekableFile
from wanstudio.media.pictures.frames import OPTIONS
from wanstudio.media.timing.frame_times import MAX_FRAMES, FrameTimes


def read_frame_times(file: SeekableFile) -> str:
    """As `FrameTimes.text`. Raises MediaError UNREADABLE."""
    file.seek(0)
    try:
        with av.open(file, mode="r", format="mov", options=OPTIONS, metadata_errors="replace") as container:
            stream = next(iter(container.streams.video), None)
            if stream is None or not stream.time_base:
                raise MediaError(MediaProblem.UNREADABLE)
            packets = islice(container.demux(stream), MAX_FRAMES)
            times = {packet.pts for packet in packets if packet.pts is not None and not packet.is_discard}
            scale = stream.time_base
    except MemoryError:
        raise MediaError(MediaProblem.TOO_COSTLY) from None
    except av.FFmpegError:
        raise MediaError(MediaProblem.UNREADABLE) from None
    if not times:
        raise MediaError(MediaProblem.UNREADABLE)
    return FrameTimes.of(scale.denominator, [each * scale.numerator for each in sorted(times)]).text
