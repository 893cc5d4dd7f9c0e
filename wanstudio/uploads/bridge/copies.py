"""Copies in the bucket: an input of one job, put there before it is sent and removed once the job has ended."""

import hmac
import logging
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from wanstudio.storage import bucket
from wanstudio.storage.bucket import BucketRefused
from wanstudio.uploads.cuts import Part
from wanstudio.uploads.models import Source
from wanstudio.uploads.queries import FILE_LINK_S, input_link, stored_input
from wanstudio.work.leases import Leased, Stale

log = logging.getLogger(__name__)

# After that it is put again before a job is sent: a rule of the bucket can have removed what is a day old.
GOOD_FOR = timedelta(hours=20)
MAX_WAIT_MINUTES = 240


class BucketCopy(Leased):
    """Due once its job has ended: the worker removes the object, and then this row. The row comes before the object."""

    job = models.ForeignKey("Job", on_delete=models.CASCADE, related_name="+")
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="+")
    stored = models.CharField(max_length=250, help_text="The name in our own storage of what was put.")
    key = models.CharField(max_length=250, unique=True)
    put_at = models.DateTimeField(null=True)

    class Meta(Leased.Meta):
        constraints = [models.UniqueConstraint(fields=["job", "source"], name="one_copy_an_input")]

    def __str__(self) -> str:
        return f"bucket copy {self.pk}"


def own_folder() -> str:
    """Several studios can share a bucket: each looks for orphans in its own folder only."""
    mark = hmac.digest(settings.SECRET_KEY.encode(), b"wanstudio.bucket", "sha256").hex()[:16]
    folder = bucket.in_use().folder
    return f"{folder}/{mark}/" if folder else f"{mark}/"


def put(job_id: int, source: Source, part: Part | None) -> None:
    """What is sent of this input is in the bucket when this returns. Nothing for a link, or if it is there.

    Crash before the end: put again under the same name, before anything is sent. Raises BucketRefused, OSError, and
    Stale if the job let go of it meanwhile.
    """
    if not (stored := stored_input(source, part)):
        return
    begun = {"stored": stored, "key": f"{own_folder()}{uuid4().hex}{Path(stored).suffix}"}
    copy, _ = BucketCopy.objects.get_or_create(job_id=job_id, source=source, defaults=begun)
    good = BucketCopy.objects.filter(stored=stored, put_at__gt=Now() - GOOD_FOR, due_at=None)
    if good.filter(pk=copy.pk).exists():
        return
    # Of another job, so that a slow line sends the same file once.
    like = good.exclude(pk=copy.pk).values_list("key", flat=True).first()
    bucket.put(copy.key, Path(default_storage.path(stored)), like or "")
    if not BucketCopy.objects.filter(pk=copy.pk, due_at=None).update(stored=stored, put_at=Now()):
        bucket.remove(copy.key)
        raise Stale(f"{copy} is not needed any more")


def link(job_id: int, source: Source, part: Part | None) -> str:
    """Where the provider finds it, signed again at each call. A secret."""
    if not settings.BUCKET or source.url:
        return input_link(source, part)
    return bucket.link(BucketCopy.objects.get(job=job_id, source=source).key, FILE_LINK_S)


def shown_link(source: Source, part: Part | None) -> str:
    """The same for a page, where no presigned link is shown."""
    return input_link(source, part) if source.url or not settings.BUCKET else f"LINK_TO_THE_{source.kind.upper()}"


def let_go(job_id: int) -> None:
    """The job has ended, in the same transaction: what it has in the bucket is removed by the worker."""
    if settings.BUCKET:
        BucketCopy.objects.filter(job=job_id, due_at=None).update(due_at=Now())


def remove(copy: BucketCopy) -> None:
    """The object, and then its row: a crash in between removes it once more."""
    try:
        bucket.remove(copy.key)
    except BucketRefused as wrong:
        log.warning("%s could not be removed: %s", copy, wrong.sentence)
        return copy.postpone(timedelta(minutes=min(2 ** min(copy.claims, 8), MAX_WAIT_MINUTES)))
    copy.held().delete()
    return None


def sweep_orphans() -> int:
    """Removes objects without a row to which no link can lead any more, and returns how many."""
    removed, oldest = 0, timezone.now() - timedelta(seconds=FILE_LINK_S)
    for page in bucket.listed(own_folder()):
        old = [key for key, put_at in page if put_at < oldest]
        kept = set(BucketCopy.objects.filter(key__in=old).values_list("key", flat=True))
        for key in old:
            if key not in kept:
                bucket.remove(key)
                removed += 1
    return removed
