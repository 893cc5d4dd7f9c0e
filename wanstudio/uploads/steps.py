"""The worker's steps for uploads: a poster for a linked input, the scan of a clip."""

from datetime import timedelta
from pathlib import Path

from django.db.models import F

from wanstudio.media import isolated, scanning
from wanstudio.media.errors import FetchError, MediaError
from wanstudio.media.remote_file import RemoteFile
from wanstudio.uploads import scans, verbs
from wanstudio.uploads.models import Source
from wanstudio.uploads.scans import Scan
from wanstudio.web.addresses import fetcher
from wanstudio.work import registry
from wanstudio.work.elsewhere import elsewhere

MAX_CLAIMS = 3


def make_poster(source: Source) -> None:
    """A still of what is behind a link, so that browsers load nothing from foreign hosts. Given up after 3 claims."""
    if source.poster or source.claims > MAX_CLAIMS:
        return source.postpone(None)
    remote = RemoteFile(fetcher(), source.url, max_bytes=64 * 1024 * 1024, max_requests=200, deadline_s=12)
    try:
        verbs.keep_poster(source, isolated.poster(remote, clip=source.is_motion))
    except (FetchError, MediaError):
        return source.postpone(timedelta(seconds=30))
    return source.postpone(None)


def scan_clip(scan: Scan) -> None:
    """What is in the clip's pictures. A clip that cannot be scanned, or whose scan died 3 times, has no findings."""
    clip = scan.source
    if scan.finished_at or not clip.file or scan.claims > MAX_CLAIMS:
        return scan.postpone(None)
    try:
        # The work is another process's: the place of this thread is free for steps of jobs.
        with elsewhere():
            found = scanning.scan(Path(clip.file.path), clip.duration or 0)
    except FetchError:
        return scan.postpone(timedelta(seconds=2), claims=F("claims") - 1)
    except (MediaError, FileNotFoundError):
        return scan.postpone(None)
    return scans.keep(scan, found)


registry.register(Source, make_poster)
registry.register(Scan, scan_clip)
