"""Files as answers, with ranges, or with a link to the bucket that has them."""

import re
from datetime import datetime
from functools import partial
from typing import cast

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.http import content_disposition_header

from wanstudio.media.ranged import ASKED_ABOUT, ServedFile, ranged_response
from wanstudio.storage.bucket_files import BucketFiles
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


def hand_out(
    request: HttpRequest, stored: str, modified: datetime, name: str, *, attachment: bool = False
) -> HttpResponseBase:
    """The stored file; of a clip a link to the bucket, where browsers can reach it. Pictures are kept by browsers."""
    kind = _type_of(stored)
    if not (settings.MEDIA_LINKS and kind.startswith("video/") and request.method == "GET"):
        return send(request, stored, modified, name, attachment=attachment)
    disposition = content_disposition_header(attachment, name) or "inline"
    link = cast(BucketFiles, default_storage).link(stored, kind, disposition)
    return HttpResponse(status=302, headers={"Location": link, "Cache-Control": "no-store"})


def _type_of(stored: str) -> str:
    return TYPES.get(stored.rsplit(".", 1)[-1], "application/octet-stream")


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
        content_type=_type_of(stored),
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
