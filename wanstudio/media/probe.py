"""Facts about a clip, and refusals of other files, each with a sentence for the person who chose it.

Clips are read box by box instead of being opened by a decoder: so the same code measures a file at hand and one on a
server, from a few small pieces, and the duration is the container's, which is what is billed.
"""

from dataclasses import replace

from .decoder_messages import UNKNOWN_SIZE, VideoFacts
from .errors import MediaError, MediaProblem, unknown_codec
from .fragments import fragments_seconds
from .movie import Box, Movie, SeekableFile, Track, read_movie, size_of, top_boxes
from .pictures.file_kinds import MATROSKA, describe, not_by_link, not_taken
from .pictures.frames import HDR, Still, frame_at, poster_of, still_at
from .pictures.matroska import matroska_facts
from .pictures.sample_entries import DECODED
from .pictures.stills import MAX_PIXELS

# What only a file can be: it is sent as MP4.
_BY_FILE = ("a WebM video", "a Matroska video", "a 3GP video")
# Eleven days: beyond it a header is wrong, and numbers overflow further on.
_MAX_S = 1_000_000.0
# What a MOV older than ftyp begins with.
_ATOMS = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
# Of the duration; the last pictures of a clip can be before its sound ends.
_LATE = 0.9
_DELIVERIES = {
    MediaProblem.EMPTY: "The delivered file is empty.",
    MediaProblem.TRUNCATED: "The delivered video ends too early.",
    MediaProblem.NOT_A_VIDEO: "The delivered file is not a video.",
    MediaProblem.WRONG_FORMAT: "The delivered video is not an MP4.",
    MediaProblem.NO_VIDEO: "The delivered file has no picture.",
}


def probe_video(file: SeekableFile, *, decode: bool) -> VideoFacts:
    """Facts of an MP4, MOV or M4V by its content. Raises MediaError, and FetchError if the file is a RemoteFile.

    With `decode`, for a file at hand, every box and fragment is visited and the first picture is decoded.
    """
    facts = _facts(file, whole=decode)
    if decode:
        frame_at(file)
    return facts


def clip_with_poster(file: SeekableFile) -> tuple[VideoFacts, bytes]:
    """The same with `decode`, also of WebM and Matroska, what it is to become, and a poster of its first picture."""
    file.seek(0)
    if file.read(len(MATROSKA)) == MATROSKA:
        still = still_at(file)
        return matroska_facts(file, still), poster_of(still)
    facts = _facts(file, whole=True)
    still = still_at(file)
    conversion = _conversion(facts.container, still)
    if still.pixel != 1:
        # The pictures themselves say it, too, and some indexes do not.
        facts = replace(facts, width=still.size[0], height=still.size[1])
    if conversion == "sent":
        facts = replace(facts, duration=round(facts.duration, 3))
    return replace(facts, codec=still.codec, conversion=conversion), poster_of(still)


def _conversion(container: str, still: Still) -> str:
    a, b, c, d = still.matrix
    if container == "3gp" or still.pixel != 1 or a * d - b * c < 0 or still.frame.color_trc in HDR:
        # Decoders of a provider take the pixels as they are stored.
        return "sent"
    plays_everywhere = still.codec == "h264" and still.frame.format.name in ("yuv420p", "yuvj420p")
    return "" if plays_everywhere else "shown"


def _facts(file: SeekableFile, *, whole: bool) -> VideoFacts:
    size = size_of(file)
    if not size:
        raise MediaError(MediaProblem.EMPTY)
    file.seek(0)
    head = file.read(min(size, 512))
    kind = describe(head)
    if kind.endswith("a sound recording"):
        raise MediaError(MediaProblem.NO_VIDEO)
    if kind in _BY_FILE and not (whole and kind == "a 3GP video"):
        raise not_by_link(kind, "video")
    if kind not in ("an MP4 video", "a 3GP video") and (head[4:8] not in _ATOMS or kind == "a text file"):
        raise not_taken(kind, "video")
    moov = _find_index(file, size, whole=whole)
    movie = read_movie(file, moov)
    track = _picture_of(movie)
    duration = _duration(file, movie, moov, size, whole=whole)
    width = max(round(track.width * track.pixel), 1)
    return VideoFacts(
        container=_container(head[8:12] if head[4:8] == b"ftyp" else b"qt  "),
        duration=duration,
        width=width if track.matrix[0] else track.height,
        height=track.height if track.matrix[0] else width,
        fps=round(track.frames * track.timescale / track.frame_ticks, 3) if track.frame_ticks else 0.0,
        codec=track.codec,
        has_audio=any(track.handler == "soun" for track in movie.tracks),
        size_bytes=0 if size == UNKNOWN_SIZE else size,
    )


def _container(brand: bytes) -> str:
    if brand.startswith((b"3gp", b"3g2", b"3gr", b"3gs", b"3ge", b"3gg")):
        return "3gp"
    return "mov" if brand == b"qt  " else "m4v" if brand.startswith(b"M4V") else "mp4"


def verify_video(file: SeekableFile) -> tuple[VideoFacts, bytes]:
    """Facts and poster of a delivered video: an MP4 that is whole, and whose first and late pictures can be decoded.

    Raises MediaError, worded for a delivery, for whatever must not be archived, such as a web page or an empty file.
    """
    try:
        facts, poster = clip_with_poster(file)
        frame_at(file, facts.duration * _LATE)
    except MediaError as error:
        raise MediaError(error.code, _DELIVERIES.get(error.code, "The delivered video cannot be played.")) from error
    if facts.container not in ("mp4", "m4v"):
        raise MediaError(MediaProblem.WRONG_FORMAT, _DELIVERIES[MediaProblem.WRONG_FORMAT])
    return facts, poster


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
        raise MediaError(MediaProblem.NO_INDEX)
    if not media:
        raise MediaError(MediaProblem.TRUNCATED)
    return moov


def _picture_of(movie: Movie) -> Track:
    track = next((track for track in movie.tracks if track.handler == "vide" and track.codec), None)
    if track is None:
        raise MediaError(MediaProblem.NO_VIDEO)
    if track.codec in ("encv", "drmi"):
        raise MediaError(MediaProblem.PROTECTED)
    if track.codec not in DECODED:
        raise unknown_codec(track.codec.upper())
    if not track.width or not track.height:
        raise MediaError(MediaProblem.UNREADABLE)
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
        seconds = max((track.ticks / track.timescale for track in movie.tracks if track.timescale), default=0.0)
    if not 0 < seconds < _MAX_S:
        raise MediaError(MediaProblem.NO_DURATION)
    return seconds
