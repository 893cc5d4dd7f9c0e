"""The worker's steps for uploads: posters of links, previews of what browsers do not play, scans of clips."""

import logging
import shutil
from datetime import timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from time import monotonic
from typing import BinaryIO, cast

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import F
from django.db.models.functions import Now

from wanstudio.media import isolated, scanning
from wanstudio.media.errors import FetchError, MediaError
from wanstudio.media.fetch import Limits
from wanstudio.media.remote_file import RemoteFile
from wanstudio.uploads import cuts, scans, verbs, words
from wanstudio.uploads.arrivals.link_copies import LinkCopy
from wanstudio.uploads.bridge import bucket_check, copies
from wanstudio.uploads.cleaning import ensure_clean, uncleaned
from wanstudio.uploads.forms import take
from wanstudio.uploads.models import Source
from wanstudio.uploads.scans import Scan
from wanstudio.web.addresses import fetcher
from wanstudio.work import registry
from wanstudio.work.elsewhere import elsewhere
from wanstudio.work.leases import Stale

log = logging.getLogger(__name__)

MAX_CLAIMS = 3
# Of a clip behind a link: bytes a minute below which its server only holds a thread.
DOWNLOAD_S, MIN_SPEED = 60 * 60, 8 * 1024 * 60
# Until another preview is done, or there is room on the disk.
BUSY, NO_ROOM = timedelta(seconds=5), timedelta(minutes=10)


def look_after(source: Source) -> None:
    if source.file and source.cleaned_at is None:
        clean(source)
    elif source.file:
        make_preview(source)
    else:
        make_poster(source)


def clean(source: Source) -> None:
    """Cleans a file of an earlier version; given up after 3 claims. A crash leaves the row due, and uncleaned."""
    if source.claims <= MAX_CLAIMS:
        try:
            ensure_clean(source)
        except FetchError:
            return source.postpone(BUSY, claims=F("claims") - 1)
        except (MediaError, OSError) as wrong:
            log.warning("%s cannot be cleaned, so it is not handed out: %r", source, wrong)
            source.claims = MAX_CLAIMS + 1
    # What could not be cleaned is passed over from now on.
    is_over = source.cleaned_at is None or not source.conversion
    source.postpone(None if is_over else timedelta(0), claims=0 if source.cleaned_at else source.claims)
    clean_following(1)
    return None


def clean_following(count: int = 2) -> None:
    """The longest kept of those that are neither clean nor due become due: a few at a time."""
    rows = uncleaned().filter(due_at=None, claims__lte=MAX_CLAIMS).order_by("cleaned_at", "pk")
    for pk in list(rows.values_list("pk", flat=True)[:count]):
        if Source.objects.filter(pk=pk, due_at=None).update(due_at=Now()):
            Source(pk=pk).wake()


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


def make_preview(source: Source) -> None:
    """An H.264 MP4 of the clip, one at a time on a machine. Given up if it cannot be made, or was cut off 3 times.

    Crash: made again by the next claim; what was made is an orphan file, which the sweep deletes.
    """
    if not source.awaits_preview or source.claims > MAX_CLAIMS:
        return source.postpone(None)
    if shutil.disk_usage(settings.DATA_DIR).free < settings.MIN_FREE_BYTES + 2 * (source.size_bytes or 0):
        return source.postpone(NO_ROOM, claims=F("claims") - 1)
    try:
        # The work is another process's: the place of this thread is free for steps of jobs.
        with elsewhere():
            made = cuts.make_preview(source)
        verbs.keep_preview(source, made)
    except FetchError:
        return source.postpone(BUSY, claims=F("claims") - 1)
    except (MediaError, OSError) as wrong:
        log.warning("%s gets no preview: %r", source, wrong)
    return source.postpone(None)


def scan_clip(scan: Scan) -> None:
    """What is in the clip's pictures. A clip that cannot be scanned, or whose scan died 3 times, has no findings."""
    clip = scan.source
    if scan.finished_at or not clip.file or scan.claims > MAX_CLAIMS:
        return scan.postpone(None)
    try:
        with elsewhere():
            found = scanning.scan(Path(clip.file.path), clip.duration or 0)
    except FetchError:
        return scan.postpone(timedelta(seconds=2), claims=F("claims") - 1)
    except (MediaError, FileNotFoundError):
        return scan.postpone(None)
    return scans.keep(scan, found)


def bring_in(copy: LinkCopy) -> None:
    """What is behind a link, streamed to the disk and then checked and kept as an upload is.

    Crash: fetched again by the next claim; the draft is the sweep's. Cancelled: the row is gone, and so is the lease.
    """
    link, began = copy.link, monotonic()
    if copy.upload_id or copy.claims > MAX_CLAIMS:
        return copy.postpone(
            None, problem=copy.problem or words.NOT_BROUGHT_IN.format(thing=words.THINGS[Source.Kind(link.kind)])
        )
    with NamedTemporaryFile("w+b", dir=settings.FILE_UPLOAD_TEMP_DIR, prefix="link-") as draft:

        def still_asked() -> None:
            draft.flush()
            mine = copy.keep_lease() and copy.held().update(received_bytes=draft.tell())
            if not mine:
                raise Stale(f"{copy} was cancelled, or its lease is lost")

        most = settings.CLIP_MAX_BYTES if link.is_motion else settings.IMAGE_MAX_BYTES
        limits = Limits(most, DOWNLOAD_S, min_bytes_a_minute=MIN_SPEED, heartbeat=still_asked)
        try:
            with elsewhere():
                fetcher().download(link.url, cast(BinaryIO, draft), limits)
            still_asked()
            received, took_s = draft.tell(), monotonic() - began
            file = UploadedFile(draft, link.file_name or link.name, size=received)
            upload = take(link.kind, team=link.team, file=file).keep(link.team, copy.person)
        except FetchError as wrong:
            return copy.postpone(None, problem=wrong.sentence)
        except ValidationError as refused:
            return copy.postpone(None, problem=str(refused.messages[0]))
    return copy.postpone(None, upload=upload, received_bytes=received, took_s=took_s)


registry.register(Source, look_after)
registry.starts.append(clean_following)
registry.register(LinkCopy, bring_in)
registry.register(Scan, scan_clip)
registry.register(copies.BucketCopy, copies.remove)
registry.register(bucket_check.BucketCheck, bucket_check.look)
if settings.BUCKET or settings.MEDIA_BUCKET:
    registry.starts.append(bucket_check.ask)
