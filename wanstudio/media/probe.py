"""Facts of a picture or a clip, and the refusal of what is neither, with a sentence for whoever chose it.

Clips are read box by box instead of being opened by a decoder: so the same code measures a file at hand and one on a
server, from a few small pieces, and the duration is the container's, which is what is billed.
"""

from dataclasses import dataclass

from .boxes import Box, SeekableFile, size_of, top_boxes
from .errors import MediaError, MediaProblem, truncated, unreadable
from .fetch import UNKNOWN_SIZE
from .fragments import fragments_seconds
from .frames import MAX_PIXELS, first_frame
from .movie import Movie, Track, read_movie
from .pictures import decode_picture
from .sniff import describe

__all__ = ["ImageFacts", "MediaError", "MediaProblem", "VideoFacts", "probe_image", "probe_video"]

# Eleven days: beyond it a header is wrong, and numbers overflow further on.
_MAX_S = 1_000_000.0
# What a MOV older than ftyp begins with.
_ATOMS = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")


@dataclass(frozen=True)
class ImageFacts:
    """`format` is JPEG, PNG or WEBP; width and height in pixels as displayed: turned as its camera noted."""

    format: str
    width: int
    height: int
    size_bytes: int


@dataclass(frozen=True)
class VideoFacts:
    """`container` is mp4, mov or m4v; `duration` in seconds, the container's; width and height in pixels as displayed;
    `fps` 0 where it cannot be told; `size_bytes` 0 where a server did not tell."""

    container: str
    duration: float
    width: int
    height: int
    fps: float
    codec: str
    has_audio: bool
    size_bytes: int


def probe_image(file: SeekableFile) -> ImageFacts:
    """Facts of a JPEG, PNG or WebP by its content, decoded to be sure that it is whole. Raises MediaError."""
    picture = decode_picture(file)
    return ImageFacts(picture.format, picture.width, picture.height, picture.size_bytes)


def probe_video(file: SeekableFile, *, decode: bool) -> VideoFacts:
    """Facts of an MP4, MOV or M4V by its content. Raises MediaError, and FetchError if the file is a RemoteFile.

    With `decode`, for a file at hand, every box and fragment is visited and the first picture is decoded.
    """
    size = size_of(file)
    if not size:
        raise MediaError(MediaProblem.EMPTY, "The file is empty. Choose it again, or export it again.")
    file.seek(0)
    head = file.read(min(size, 512))
    _refuse_other_kinds(head)
    moov = _find_index(file, size, whole=decode)
    movie = read_movie(file, moov)
    track = _picture_of(movie)
    duration = _duration(file, movie, moov, size, whole=decode)
    if decode:
        first_frame(file)
    return VideoFacts(
        container=_container(head),
        duration=duration,
        width=track.height if track.turned else track.width,
        height=track.width if track.turned else track.height,
        fps=round(track.frames * track.timescale / track.frame_ticks, 3) if track.frame_ticks else 0.0,
        codec=track.codec,
        has_audio=movie.has_audio,
        size_bytes=0 if size == UNKNOWN_SIZE else size,
    )


def _refuse_other_kinds(head: bytes) -> None:
    kind = describe(head)
    if kind == "an MP4 video" or (head[4:8] in _ATOMS and kind != "a text file"):
        return
    if kind == "a sound recording":
        raise _no_video()
    if kind.endswith("video"):
        raise MediaError(MediaProblem.WRONG_FORMAT, f"This is {kind}. Save it as MP4, MOV or M4V.")
    if kind == "a web page":
        raise MediaError(
            MediaProblem.NOT_A_VIDEO, "This is a web page, not a video. Use the direct link of the video file itself."
        )
    what = f"This is {kind}, not a video." if kind else "This is not a video."
    raise MediaError(MediaProblem.NOT_A_VIDEO, f"{what} Choose an MP4, MOV or M4V clip.")


def _find_index(file: SeekableFile, size: int, *, whole: bool) -> Box:
    """The moov box. Over the network the search ends when index and content are both known to be there."""
    moov = None
    media = False
    for box in top_boxes(file, 0, size):
        moov = moov or (box if box.kind == "moov" else None)
        media = media or box.kind in ("mdat", "moof")
        if moov and media and not whole:
            break
    if moov is None:
        raise unreadable()
    if not media:
        raise truncated()
    return moov


def _picture_of(movie: Movie) -> Track:
    track = movie.picture
    if track is None:
        raise _no_video()
    if track.codec == "encv":
        raise MediaError(MediaProblem.UNREADABLE, "The clip is copy-protected. Use one without protection.")
    if not track.width or not track.height:
        raise unreadable()
    if track.width * track.height > MAX_PIXELS:
        raise MediaError(
            MediaProblem.TOO_BIG_PICTURE, "The pictures of this clip are far too large. Export it at 1080p or smaller."
        )
    return track


def _duration(file: SeekableFile, movie: Movie, moov: Box, size: int, *, whole: bool) -> float:
    seconds = movie.seconds
    if movie.fragmented:
        seconds = max(seconds, fragments_seconds(file, movie, moov, size, whole=whole))
    if seconds <= 0:
        seconds = max((track.seconds for track in movie.tracks), default=0.0)
    if not 0 < seconds < _MAX_S:
        raise MediaError(
            MediaProblem.NO_DURATION, "The clip does not say plausibly how long it is. Export it again as MP4."
        )
    return seconds


def _container(head: bytes) -> str:
    brand = head[8:12] if head[4:8] == b"ftyp" else b"qt  "
    if brand == b"qt  ":
        return "mov"
    return "m4v" if brand.startswith(b"M4V") else "mp4"


def _no_video() -> MediaError:
    return MediaError(MediaProblem.NO_VIDEO, "This file has sound but no picture. Choose a clip that shows the motion.")
