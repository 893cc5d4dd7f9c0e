"""Facts about an input: from a file that was sent, or through the guarded fetcher from a link.

The web process may fetch these and nothing else: within 5 s, and at most 4 at once.
"""

from threading import BoundedSemaphore

from django.conf import settings

from wanstudio.media.errors import FetchError, FetchProblem, too_large
from wanstudio.media.movie import SeekableFile
from wanstudio.media.pictures import probe_image
from wanstudio.media.probe import probe_video
from wanstudio.media.remote_file import UNKNOWN_SIZE, RemoteFile
from wanstudio.uploads.models import Facts, Source
from wanstudio.uploads.words import BUSY
from wanstudio.web.addresses import peoples_fetcher

DEADLINE_S = 5.0
_SLOTS = BoundedSemaphore(4)


def probe_file(kind: str, file: SeekableFile) -> Facts:
    """Facts of a local file; a clip's first picture is decoded. Raises MediaError."""
    if kind == Source.Kind.CHARACTER:
        image = probe_image(file)
        return Facts(image.format, image.width, image.height, image.size_bytes)
    return _clip(file, decode=True)


def probe_link(kind: str, url: str) -> Facts:
    """Facts of what is behind a link. Raises FetchError or MediaError."""
    if not _SLOTS.acquire(timeout=DEADLINE_S):
        raise FetchError(FetchProblem.BUSY, BUSY)
    try:
        if kind == Source.Kind.MOTION:
            return _clip(RemoteFile(peoples_fetcher(), url, deadline_s=DEADLINE_S), decode=False)
        limit = settings.IMAGE_MAX_BYTES
        remote = RemoteFile(peoples_fetcher(), url, max_bytes=limit, deadline_s=DEADLINE_S)
        if UNKNOWN_SIZE > remote.size > limit:
            raise too_large(limit)
        return probe_file(kind, remote)
    finally:
        _SLOTS.release()


def _clip(file: SeekableFile, *, decode: bool) -> Facts:
    facts = probe_video(file, decode=decode)
    size, length = (facts.width, facts.height, facts.size_bytes), (facts.duration, facts.fps, facts.has_audio)
    return Facts(facts.container, *size, *length)
