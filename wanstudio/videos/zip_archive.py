"""Many videos as one archive, made while it is sent: nothing is written, and its length is known before.

Stored, not deflated: video does not get smaller, and with a known length the browser notices a broken download.
"""

import unicodedata
from collections.abc import Iterable, Iterator

from django.core.files.storage import Storage
from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header
from zipstream import ZipStream

from wanstudio.videos.models import Video

CHUNK = 256 * 1024
# With its number and ending a name stays under the 255 bytes that file systems take.
MAX_NAME_BYTES = 200
FORBIDDEN = frozenset('<>:"/\\|?*')
RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})


def zipped(videos: Iterable[Video], name: str) -> StreamingHttpResponse:
    """The archive as a download. Files gone from the storage are left out; each is opened when it is reached."""
    archive = ZipStream(sized=True)
    taken: set[str] = set()
    for video in videos:
        path, storage = str(video.file.name), video.file.storage
        try:
            size_bytes = storage.size(path)
        except FileNotFoundError:
            continue
        archive.add(_read(storage, path), unused(file_name(video.job.title), taken), size=size_bytes)
    return StreamingHttpResponse(
        archive,
        headers={
            "Content-Length": str(len(archive)),
            "Content-Type": "application/zip",
            "Content-Disposition": content_disposition_header(True, name) or "attachment",
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _read(storage: Storage, path: str) -> Iterator[bytes]:
    with storage.open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def file_name(title: str) -> str:
    """A title as a name that every system takes, without its ending; never empty, never a path, never hidden."""
    composed = unicodedata.normalize("NFC", title)
    kept = "".join(letter if letter.isprintable() and letter not in FORBIDDEN else " " for letter in composed)
    kept = " ".join(kept.split()).lstrip(".").encode()[:MAX_NAME_BYTES].decode(errors="ignore").strip(" .")
    if not kept or kept.partition(".")[0].strip().lower() in RESERVED:
        kept = f"video {kept}".strip()
    return kept


def unused(name: str, taken: set[str]) -> str:
    """`Mira walks.mp4`, and `Mira walks (2).mp4` if that is taken, in whatever case; notes it as taken."""
    number, candidate = 1, f"{name}.mp4"
    while (key := unicodedata.normalize("NFKC", candidate).casefold()) in taken:
        number += 1
        candidate = f"{name} ({number}).mp4"
    taken.add(key)
    return candidate
