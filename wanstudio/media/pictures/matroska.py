"""WebM and Matroska clips: their facts, from every packet of the picture, because many say no length or a wrong one."""

from fractions import Fraction

import av

from wanstudio.media.decoder_messages import VideoFacts
from wanstudio.media.errors import MediaError, MediaProblem
from wanstudio.media.movie import SeekableFile, size_of
from wanstudio.media.pictures.frames import Still, opened

# Browsers that record write no more than this of a frame rate.
_RATES = (1, 240)
_SIMILAR = 1.05


def matroska_facts(file: SeekableFile, still: Still) -> VideoFacts:
    """Facts of a clip whose first picture is `still`; its length is that of its pictures, in ms. Raises MediaError."""
    file.seek(0)
    container = "webm" if b"webm" in file.read(64) else "mkv"
    try:
        with opened(file) as clip:
            picture = clip.streams.video[0]
            tick = picture.time_base or Fraction(1, 1000)
            shown = [(packet.pts, packet.duration or 0) for packet in clip.demux(picture) if packet.pts is not None]
            zero = Fraction(clip.start_time or 0, av.time_base)
            said = float(picture.average_rate or 0)
            has_audio = bool(clip.streams.audio)
    except av.FFmpegError:
        raise MediaError(MediaProblem.UNREADABLE) from None
    if not shown:
        raise MediaError(MediaProblem.NO_VIDEO)
    times = sorted(shown)[-2:]
    last, lasts = times[-1]
    gap = last - times[0][0] if len(times) > 1 else 0
    seconds = float((last + (lasts or gap)) * tick - zero)
    if seconds <= 0:
        raise MediaError(MediaProblem.NO_DURATION)
    counted = len(shown) / seconds
    is_said = _RATES[0] <= said <= _RATES[1] and max(said, counted) <= _SIMILAR * min(said, counted)
    width, height = still.size
    return VideoFacts(
        container=container,
        duration=round(seconds, 3),
        width=width,
        height=height,
        fps=round(said if is_said else counted, 3),
        codec=still.codec,
        has_audio=has_audio,
        size_bytes=size_of(file),
        conversion="sent",
    )
