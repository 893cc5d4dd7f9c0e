"""Frames of clips by FFmpeg, restricted: one demuxer, no other file, bounded search, bounded pixels."""

import struct
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice
from time import process_time

import av
from av.container import InputContainer
from av.sidedata.sidedata import SideData
from av.video.reformatter import ColorTrc
from PIL import Image

from wanstudio.media.errors import MediaError, MediaProblem
from wanstudio.media.movie import SeekableFile
from wanstudio.media.pictures.file_kinds import MATROSKA
from wanstudio.media.pictures.sample_entries import pixel_of
from wanstudio.media.pictures.stills import MAX_PIXELS, POSTER_SIDE, jpeg

_MAX_PACKETS = 2_000
# Of the 10 s that a decoder process has: keyframes can be far apart in a sound clip.
_ENOUGH_CPU_S = 6.0
OPTIONS = {
    # With its choice of demuxers FFmpeg takes playlists and session descriptions for clips and opens what they name.
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm",
    "protocol_whitelist": "",
}
HDR = (ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67)
"""Transfer functions of PQ and HLG."""
UPRIGHT = (1, 0, 0, 1)
TRANSPOSES: dict[tuple[int, ...], Image.Transpose] = {
    (0, 1, -1, 0): Image.Transpose.ROTATE_270,
    (-1, 0, 0, -1): Image.Transpose.ROTATE_180,
    (0, -1, 1, 0): Image.Transpose.ROTATE_90,
    (-1, 0, 0, 1): Image.Transpose.FLIP_LEFT_RIGHT,
    (1, 0, 0, -1): Image.Transpose.FLIP_TOP_BOTTOM,
    (0, 1, 1, 0): Image.Transpose.TRANSPOSE,
    (0, -1, -1, 0): Image.Transpose.TRANSVERSE,
}
"""Transposes by which a player turns or mirrors pictures, by the signs of a display matrix (a, b, c, d)."""


@dataclass(frozen=True)
class Still:
    """A picture of a clip as it is stored; `pixel` is the shape of its pixels, `matrix` how players turn it."""

    frame: av.VideoFrame
    codec: str
    pixel: Fraction

    @property
    def matrix(self) -> tuple[int, ...]:
        return matrix_of(self.frame)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in square pixels, as displayed."""
        width = max(round(self.frame.width * self.pixel), 1)
        return (width, self.frame.height) if self.matrix[0] else (self.frame.height, width)


def opened(file: SeekableFile) -> InputContainer:
    """The clip, by the one demuxer that its first bytes ask for."""
    file.seek(0)
    demuxer = "matroska" if file.read(len(MATROSKA)) == MATROSKA else "mov"
    file.seek(0)
    return av.open(file, "r", format=demuxer, options=OPTIONS, metadata_errors="replace")


def matrix_of(frame: av.VideoFrame) -> tuple[int, ...]:
    """The display matrix by its signs: (0, 1, -1, 0) is a quarter turn clockwise, (-1, 0, 0, 1) a mirror."""
    matrix = None
    # EXIF of Motion JPEG, for which PyAV has no name.
    with suppress(ValueError):
        matrix = frame.side_data.get("DISPLAYMATRIX")
    if not isinstance(matrix, SideData):
        return UPRIGHT
    a, b, _, c, d = struct.unpack_from("=5i", matrix)
    axes = (0, b, c, 0) if abs(b) + abs(c) > abs(a) + abs(d) else (a, 0, 0, d)
    return tuple((part > 0) - (part < 0) for part in axes)


def poster_of(still: Still) -> bytes:
    """A JPEG of it, as a player shows it, at most 720 px on its longest side. Raises MediaError."""
    across = still.size if still.matrix[0] else still.size[::-1]
    side = max(*across, POSTER_SIDE)
    width, height = (max(length * POSTER_SIDE // side, 1) for length in across)
    try:
        small = still.frame.to_image(width=width, height=height, interpolation="AREA", threads=1)  # type: ignore[no-untyped-call]
    except av.FFmpegError:
        raise MediaError(MediaProblem.UNREADABLE) from None
    turn = TRANSPOSES.get(still.matrix)
    return jpeg(small if turn is None else small.transpose(turn))


def clip_poster(file: SeekableFile) -> bytes:
    return poster_of(still_at(file))


def frame_at(file: SeekableFile, after_s: float = 0.0) -> av.VideoFrame:
    return still_at(file, after_s).frame


def still_at(file: SeekableFile, after_s: float = 0.0) -> Still:
    """The first picture of a clip, or one shown `after_s` or later, or the last before. MediaError UNREADABLE: none."""
    frame = None
    try:
        with opened(file) as container:
            stream = next(iter(container.streams.video), None)
            # PyAV gives a stream no codec context where FFmpeg has no decoder for it.
            if stream is None:
                raise MediaError(MediaProblem.NO_VIDEO)
            if getattr(stream, "codec_context", None) is None:
                raise MediaError(MediaProblem.CODEC)
            codec, pixel = stream.codec.canonical_name, stream.sample_aspect_ratio or Fraction(1)
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
    return Still(frame, codec, pixel_of(pixel.numerator, pixel.denominator))
