"""Files: stored whole, and as answers, with ranges."""

import re
from datetime import datetime
from functools import partial
from pathlib import Path

from django.conf import settings
from django.core.files import File
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase

from wanstudio.media.ranged import ASKED_ABOUT, ServedFile, ranged_response
from wanstudio.web.middleware import SENDS_FILES

# With `Vary: Cookie`, which the session adds: after signing out, the browser asks.
FOR_GOOD = "private, max-age=31536000, immutable"
# Names as the studio makes them, which mean the same in a path, a header and an address. Others it sends itself.
_PLAIN = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*\.[A-Za-z0-9]{1,5}")

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


def tag_of(stored: str) -> str:
    """Names what is in a stored file: the name is random, and never written again."""
    return re.sub("[^A-Za-z0-9_-]", "-", stored.rsplit("/", 1)[-1].partition(".")[0])


def send(
    request: HttpRequest, stored: str, modified: datetime, name: str, *, attachment: bool = False
) -> HttpResponseBase:
    """The stored file. An address with `v`, the file's tag, is of these bytes alone: its browser need not ask again."""
    try:
        size_bytes = default_storage.size(stored)
    except FileNotFoundError:
        raise Http404("the file is gone") from None
    if not connection.in_atomic_block:
        # A viewer can take an hour, and PostgreSQL has connections for a hundred.
        connection.close_if_unusable_or_obsolete()
    served = ServedFile(
        partial(default_storage.open, stored, "rb"),  # type: ignore[arg-type]
        size_bytes,
        etag=tag_of(stored),
        modified=modified,
        content_type=TYPES.get(stored.rsplit(".", 1)[-1], "application/octet-stream"),
        filename=name,
        attachment=attachment,
        cache_control=FOR_GOOD if request.GET.get("v") == tag_of(stored) else ASKED_ABOUT,
    )
    if settings.ACCEL and request.META.get(SENDS_FILES) == "X-Accel-Redirect" and _PLAIN.fullmatch(stored):
        # Ranges and conditions are nginx's, with its own tags.
        return HttpResponse(
            headers={**served.headers(), "Content-Length": "0", "X-Accel-Redirect": settings.ACCEL + stored}
        )
    return ranged_response(request, served)
