"""Posters, and the last look at a result before it counts as archived."""

import io
from pathlib import Path
from typing import Literal

import av
from PIL import Image

from .boxes import SeekableFile
from .errors import MediaError, MediaProblem, unreadable
from .frames import first_frame, late_frame
from .pictures import POSTER_SIDE, decode_picture
from .probe import VideoFacts, probe_video

_QUALITY = 82
# Of the duration; the last pictures of a clip may lie before its sound ends.
_LATE = 0.9
_DELIVERIES = {
    MediaProblem.EMPTY: "The delivered file is empty.",
    MediaProblem.TRUNCATED: "The delivered video ends too early.",
    MediaProblem.NOT_A_VIDEO: "What was delivered is not a video.",
    MediaProblem.WRONG_FORMAT: "The delivered video is not an MP4.",
    MediaProblem.NO_VIDEO: "The delivered file has no picture.",
}


def poster(file: SeekableFile, kind: Literal["image", "video"]) -> bytes:
    """A JPEG of a picture, or of a clip's first frame, upright and at most 720 px on its longest side.

    A clip may be a RemoteFile with a generous budget. Raises MediaError (and FetchError).
    """
    small = decode_picture(file).small if kind == "image" else _small(first_frame(file))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=_QUALITY, optimize=True, progressive=True)
    return out.getvalue()


def verify_video(path: Path) -> VideoFacts:
    """Facts of a delivered video: an MP4 that is whole, and whose first and late pictures can be decoded.

    Raises MediaError, worded for a delivery, for whatever must not be archived, such as a web page or an empty file.
    """
    try:
        with path.open("rb") as file:
            facts = probe_video(file, decode=True)
            late_frame(file, facts.duration * _LATE)
    except MediaError as error:
        raise MediaError(error.code, _DELIVERIES.get(error.code, "The delivered video cannot be played.")) from error
    if facts.container == "mov":
        raise MediaError(MediaProblem.WRONG_FORMAT, _DELIVERIES[MediaProblem.WRONG_FORMAT])
    return facts


def _small(frame: av.VideoFrame) -> Image.Image:
    try:
        image: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]
    except av.FFmpegError:
        raise unreadable() from None
    image.thumbnail((POSTER_SIDE, POSTER_SIDE))
    return image.rotate(frame.rotation, expand=True) if frame.rotation else image
