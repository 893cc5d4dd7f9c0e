"""Files: stored whole, and as answers, with ranges."""

from datetime import datetime
from functools import partial
from pathlib import Path

from django.core.files import File
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponseBase

from wanstudio.media.ranged import ServedFile, ranged_response

TYPES = {
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "mp4": "video/mp4",
    "m4v": "video/mp4",
    "mov": "video/quicktime",
}


class WholeFiles(FileSystemStorage):
    """Stores a file whole, or leaves nothing of it: on a full disk Django's own would keep a half."""

    def _save(self, name: str, content: "File[bytes]") -> str:
        try:
            return str(super()._save(name, content))  # type: ignore[misc]
        except OSError:
            Path(self.path(name)).unlink(missing_ok=True)
            raise


def send(
    request: HttpRequest, stored: str, modified: datetime, name: str, *, attachment: bool = False
) -> HttpResponseBase:
    """The stored file. Stored names are random and never written again: a name is its own ETag."""
    try:
        size_bytes = default_storage.size(stored)
    except FileNotFoundError:
        raise Http404("the file is gone") from None
    if not connection.in_atomic_block:
        # A viewer may take an hour, and PostgreSQL has connections for a hundred.
        connection.close_if_unusable_or_obsolete()
    served = ServedFile(
        partial(default_storage.open, stored, "rb"),  # type: ignore[arg-type]
        size_bytes,
        etag=f'"{stored.rsplit("/", 1)[-1].partition(".")[0]}"',
        modified=modified,
        content_type=TYPES.get(stored.rsplit(".", 1)[-1], "application/octet-stream"),
        filename=name,
        attachment=attachment,
    )
    return ranged_response(request, served)
