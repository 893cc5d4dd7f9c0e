"""Files made of a motion: of the part that is sent, and previews of what browsers cannot show, or a provider not take.

Here is decided what of a motion is sent. Cuts are made when they are sent and have no row: the sweep deletes each a day
after it was last asked for. The preview of a clip is kept with it, and is what is sent of the whole of such a clip.
"""

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import mkstemp
from uuid import uuid4

from django.conf import settings
from django.core.files.storage import default_storage

from wanstudio.media import cutting, isolated
from wanstudio.uploads.models import Source
from wanstudio.uploads.trims import Trim

NEVER_SERVED = ("webm", "mkv")
"""Formats whose metadata nobody takes out: people, too, get what is made of them."""
# Of a preview that is only shown: no page has room for more.
_SHOWN_SIDE = 1920


def encoded_part(motion: Source, trim: Trim | None) -> Trim | None:
    """The part of it that is encoded anew when it is sent; None where the file or link itself is sent."""
    if trim is None and motion.conversion == Source.Conversion.SENT and not motion.url:
        return Trim(0, motion.duration or 0)
    return trim


def stored_cut(source: Source, trim: Trim) -> str:
    """Its name in the storage. Stored files never change, so that the same name is the same cut."""
    if source.preview and trim == encoded_part(source, None):
        return str(source.preview.name)
    stem = Path(str(source.file.name)).stem
    return f"cuts/{source.team_id}/{stem}-{round(trim.start * 1000)}-{round(trim.end * 1000)}.mp4"


def make_cut(source: Source, trim: Trim) -> float:
    """Its length in seconds, as a probe measures it; the file is there when this returns. Raises MediaError.

    A crash leaves a draft, which the sweep deletes.
    """
    path = Path(default_storage.path(stored_cut(source, trim)))
    if not path.exists():
        _write(path, lambda draft: cutting.cut(Path(source.file.path), draft, trim.start, trim.end))
    os.utime(path)
    with path.open("rb") as file:
        return isolated.probe_clip_index(file).duration


def make_preview(source: Source) -> str:
    """Its name in the storage. Raises MediaError; FetchError BUSY while another one is made; OSError.

    A crash leaves a draft or a file without a row, which the sweep deletes.
    """
    side = 0 if source.conversion == Source.Conversion.SENT else _SHOWN_SIDE
    name = f"sources/{source.team_id}/{uuid4().hex}.mp4"
    path = Path(default_storage.path(name))
    _write(path, lambda draft: cutting.convert(Path(source.file.path), draft, source.duration or 0, side))
    return name


def _write(path: Path, make: Callable[[Path], None]) -> None:
    """The whole file, or nothing of it."""
    for folder in (path.parent.parent, path.parent):
        folder.mkdir(exist_ok=True)
        folder.chmod(settings.FILE_UPLOAD_DIRECTORY_PERMISSIONS or 0o700)
    handle, draft = mkstemp(".mp4", dir=settings.FILE_UPLOAD_TEMP_DIR)
    os.close(handle)
    try:
        make(Path(draft))
        Path(draft).chmod(settings.FILE_UPLOAD_PERMISSIONS or 0o600)
        Path(draft).replace(path)
    finally:
        Path(draft).unlink(missing_ok=True)
