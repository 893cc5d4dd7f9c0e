"""Cuts: files of the part of a motion that is sent, made when it is sent.

They have no row: the sweep deletes each a day after it was last asked for, and it is made again where it is needed.
"""

import os
from pathlib import Path
from tempfile import mkstemp

from django.conf import settings
from django.core.files.storage import default_storage

from wanstudio.media import cutting, isolated
from wanstudio.uploads.models import Source
from wanstudio.uploads.trims import Trim


def stored_cut(source: Source, trim: Trim) -> str:
    """Its name in the storage. Stored files never change, so that the same name is the same cut."""
    stem = Path(str(source.file.name)).stem
    return f"cuts/{source.team_id}/{stem}-{round(trim.start * 1000)}-{round(trim.end * 1000)}.mp4"


def make_cut(source: Source, trim: Trim) -> float:
    """Its length in seconds, as a probe measures it; the file is there when this returns. Raises MediaError.

    A crash leaves a draft, which the sweep deletes.
    """
    path = Path(default_storage.path(stored_cut(source, trim)))
    if not path.exists():
        for folder in (path.parent.parent, path.parent):
            folder.mkdir(exist_ok=True)
            folder.chmod(settings.FILE_UPLOAD_DIRECTORY_PERMISSIONS or 0o700)
        handle, draft = mkstemp(".mp4", dir=settings.FILE_UPLOAD_TEMP_DIR)
        os.close(handle)
        try:
            cutting.cut(Path(source.file.path), Path(draft), trim.start, trim.end)
            Path(draft).chmod(settings.FILE_UPLOAD_PERMISSIONS or 0o600)
            Path(draft).replace(path)
        finally:
            Path(draft).unlink(missing_ok=True)
    os.utime(path)
    with path.open("rb") as file:
        return isolated.probe_clip_index(file).duration
