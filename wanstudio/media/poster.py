"""Posters, and the last look at a result before it counts as archived."""

import io
from pathlib import Path
from typing import Literal

import av
from PIL import Image

from .boxes import SeekableFile
from .errors import MediaError, MediaProblem
from .frames import first_frame, late_frame
from .pictures import POSTER_SIDE, decode_picture
from .probe import VideoFacts, probe_video

_QUALITY = 82
# Of the duration; the last pictures of a clip may lie before its sound ends.
_LATE = 0.9


def poster(file: SeekableFile, kind: Literal["image", "video"]) -> bytes:
    """A JPEG of a picture, or of a clip's first frame, upright and at most 720 px on its longest side.

    A clip may be a RemoteFile with a generous budget. Raises MediaError (and FetchError).
    """
    small = decode_picture(file).small if kind == "image" else _small(first_frame(file))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=_QUALITY, optimize=True, progressive=True)
    return out.getvalue()


def verify_video(path: Path) -> VideoFacts:
    """Facts of a finished video: an MP4 that is whole, and whose first and late pictures can be decoded.

    Raises MediaError for everything that must not be archived, such as an empty file or a web page.
    """
    with path.open("rb") as file:
        facts = probe_video(file, decode=True)
        if facts.container == "mov":
            raise MediaError(MediaProblem.WRONG_FORMAT, "The result is a MOV file, and not the MP4 that was promised.")
        late_frame(file, facts.duration * _LATE)
        return facts


def _small(frame: av.VideoFrame) -> Image.Image:
    image: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]
    image.thumbnail((POSTER_SIDE, POSTER_SIDE))
    return image.rotate(frame.rotation, expand=True) if frame.rotation else image
