"""Hourly sweep: deletes what is no longer needed, on one machine at a time, because its row has a lease."""

import logging
import os
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import cast
from zlib import crc32

from django.conf import settings
from django.core.files.storage import default_storage
from django.db.models.functions import Now
from django.utils import timezone

from wanstudio.jobs.models import ENDED
from wanstudio.keys.verbs import forget_unneeded
from wanstudio.operations.backups import backup, media_files
from wanstudio.operations.older_posters import make_placeholders
from wanstudio.operations.pruning import prune
from wanstudio.storage import bucket
from wanstudio.storage.bucket import BucketRefused
from wanstudio.storage.bucket_files import BucketFiles
from wanstudio.uploads.arrivals.pieces import forget_old
from wanstudio.uploads.bridge import copies
from wanstudio.uploads.bridge.copies import BucketCopy
from wanstudio.videos.models import Video
from wanstudio.videos.verbs import empty_bin
from wanstudio.work import registry
from wanstudio.work.models import Chore

log = logging.getLogger(__name__)

VIDEOS_A_SHARE = 50_000
# So many can be the rest of a bad day. More, and more than the files that rows name, are those of another studio.
MAX_ORPHANS = 100


def sweep(chore: Chore) -> None:
    """Delete what was in the bin for 30 days, half-written files, files without a row, and rows by `pruning`.

    Finally it makes placeholders. Crash anywhere: the next sweep does what is left.
    """
    if erased := empty_bin():
        log.info("%d deleted after 30 days in the bin", erased)
    sweep_drafts()
    forget_old()
    forget_unneeded()
    sweep_bucket()
    if swept := sweep_orphans(_shares()):
        log.info("%d files without a row deleted", swept)
    if settings.MEDIA_BUCKET:
        sweep_media(_shares())
    prune()
    make_placeholders()
    chore.postpone(timedelta(hours=1))


def sweep_bucket() -> None:
    """Bucket copies of ended jobs become due, objects without a row are deleted; later if the bucket is away."""
    if not settings.BUCKET:
        return
    BucketCopy.objects.filter(due_at=None, job__state__in=ENDED).update(due_at=Now())
    try:
        if orphans := copies.sweep_orphans():
            log.info("%d objects without a row removed from the bucket", orphans)
    except BucketRefused as wrong:
        log.warning("the bucket could not be swept: %s", wrong.sentence)


def sweep_drafts() -> None:
    """Delete half-written files that a killed process left more than a day ago."""
    for draft in settings.FILE_UPLOAD_TEMP_DIR.iterdir():
        if _is_old(draft):
            # Its maker might delete it at this moment.
            draft.unlink(missing_ok=True)


def sweep_orphans(shares: int = 1) -> int:
    """Delete stored files that are over a day old and that no row names, here or in a database that was set aside.

    Returns how many. With more shares than one: those of this hour's share, so that each file is looked at once in so
    many hours, and only a part of all names is in memory.

    The rows are asked after the files were listed: a file whose row came in between is kept.
    """
    root, concerned = Path(settings.DATA_DIR) / "media", _share(shares)
    found = (Path(folder, name) for folder, _, names in os.walk(root) for name in names)
    old = [path for path in found if concerned(path.relative_to(root).as_posix()) and _is_old(path)]
    named = media_files.names(concerned) | backup.names_kept() if old else set()
    orphans = [path for path in old if path.relative_to(root).as_posix() not in named]
    for path in orphans:
        path.unlink(missing_ok=True)
    return len(orphans)


def sweep_media(shares: int = 1) -> None:
    """The same of the bucket; and what is on this disk and not in the bucket is put there, as after it was first set.

    Crash anywhere: the next sweep goes on.
    """
    files, concerned = cast(BucketFiles, default_storage), _share(shares)
    folder, yesterday = files.bucket.media_folder, timezone.now() - timedelta(days=1)
    try:
        pages = bucket.listed(folder, files.bucket)
        listed = ((key.removeprefix(folder), put_at) for page in pages for key, put_at in page)
        there = {name: put_at for name, put_at in listed if concerned(name)}
        named = media_files.names(concerned)
        orphans = {name for name, put_at in there.items() if put_at < yesterday} - named - backup.names_kept()
        if len(orphans) > max(len(named), MAX_ORPHANS):
            log.error("%d files in the bucket have no row, and stay: are they another studio’s?", len(orphans))
            orphans = set()
        for name in orphans:
            files.delete(name)
        only_here = list(filter(files.cache.exists, named - there.keys()))
        for name in only_here:
            files.put(name, Path(files.cache.path(name)))
        log.info("%d files put in the bucket, %d without a row removed from it", len(only_here), len(orphans))
        files.prune()
    except (BucketRefused, FileNotFoundError) as wrong:
        log.warning("the bucket of the media could not be swept: %s", wrong)


def _share(shares: int) -> Callable[[str], bool]:
    hour = int(time.time()) // 3600
    return lambda name: bool(name) and (crc32(name.encode()) - hour) % shares == 0


def _shares() -> int:
    newest = Video.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    return newest // VIDEOS_A_SHARE + 1


def _is_old(path: Path) -> bool:
    # A file is written before its row: a younger file can still get one.
    try:
        return path.is_file() and time.time() - path.stat().st_mtime > 24 * 60 * 60
    except FileNotFoundError:
        return False


registry.register(Chore, sweep)
registry.starts.append(lambda: Chore.enrol(Chore.SWEEP))
