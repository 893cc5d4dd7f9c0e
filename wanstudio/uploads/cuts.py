"""Files made of an input: of the part that is sent, and previews of what browsers cannot show, or a provider not take.

Here is decided what of an input is sent. Cuts, of a motion's trim or a character's crop, are made when they are sent
and have no row: the sweep deletes each a day after it was last asked for. The preview of a clip is kept with it, and is
what is sent of the whole of such a clip.
"""

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import mkstemp
from typing import cast
from uuid import uuid4

from django.conf import settings
from django.core.files.storage import default_storage

from wanstudio.media import cutting, isolated
from wanstudio.storage.whole_files import Moved, WholeFiles
from wanstudio.uploads.crops import Crop
from wanstudio.uploads.models import Facts, Source
from wanstudio.uploads.trims import Trim

NEVER_SERVED = ("webm", "mkv")
"""Formats whose metadata is not removed: what is made of them is handed out instead, to people, too."""

Part = Trim | Crop


def encoded_part(motion: Source, trim: Trim | None) -> Trim | None:
    """The part of it that is re-encoded when it is sent; None where the file or link itself is sent."""
    if trim is None and motion.conversion == Source.Conversion.SENT and not motion.url:
        return Trim(0, motion.duration or 0)
    return trim


def sent_facts(motion: Source | Facts, trim: Trim | None) -> Source | Facts:
    """Facts of what is sent of it: what is re-encoded has another codec."""
    if trim is None and motion.conversion != Source.Conversion.SENT:
        return motion
    smaller = min(1, cutting.MAX_SIDE / max(motion.width, motion.height, 1))
    width, height = (round(side * smaller) for side in (motion.width, motion.height))
    return Facts("mp4", width, height, duration=motion.duration, fps=motion.fps, codec="h264")


def stored_cut(source: Source, part: Part) -> str:
    """Its name in the storage. Stored files never change, so that the same name is the same cut."""
    if source.preview and part == encoded_part(source, None):
        return str(source.preview.name)
    stem = Path(str(source.file.name)).stem
    if isinstance(part, Trim):
        return f"cuts/{source.team_id}/{stem}-{round(part.start * 1000)}-{round(part.end * 1000)}.mp4"
    millionths = "-".join(str(round(number * 1_000_000)) for number in part.numbers)
    return f"cuts/{source.team_id}/{stem}-{millionths}.{'jpg' if source.format == 'JPEG' else 'png'}"


def make_cut(source: Source, trim: Trim) -> float:
    """Length of the finished file in seconds. Raises MediaError. A crash leaves a draft, which the sweep deletes."""
    path = _kept(source, trim, lambda draft: cutting.cut(Path(source.file.path), draft, trim.start, trim.end))
    with path.open("rb") as file:
        return isolated.probe_clip_index(file).duration


def make_crop(source: Source, crop: Crop) -> None:
    """The file is there when this returns. Raises MediaError; FetchError BUSY; OSError. A crash as above."""

    def make(draft: Path) -> None:
        with source.file.open("rb") as picture:
            draft.write_bytes(isolated.frame_picture(picture, crop.box(source.width, source.height)))

    _kept(source, crop, make)


def _kept(source: Source, part: Part, make: Callable[[Path], None]) -> Path:
    name = stored_cut(source, part)
    if default_storage.exists(name):
        cast(WholeFiles, default_storage).used(name)
    else:
        write_whole(name, make)
    return Path(default_storage.path(name))


def make_preview(source: Source) -> str:
    """Its name in the storage. Raises MediaError; FetchError BUSY while another one is made; OSError.

    A crash leaves a draft or a file without a row, which the sweep deletes.
    """
    name = f"sources/{source.team_id}/{uuid4().hex}.mp4"
    write_whole(name, lambda draft: cutting.convert(Path(source.file.path), draft, source.duration or 0))
    return name


def write_whole(name: str, make: Callable[[Path], None]) -> None:
    """A stored file, whole or not at all."""
    handle, draft = mkstemp(Path(name).suffix, dir=settings.FILE_UPLOAD_TEMP_DIR)
    os.close(handle)
    try:
        make(Path(draft))
        with Path(draft).open("rb") as file:
            default_storage.save(name, Moved(file, draft))
    finally:
        Path(draft).unlink(missing_ok=True)
