"""The check of the buckets: the worker puts, fetches, lists and removes a tiny object, and keeps what came of it."""

from datetime import timedelta
from io import BytesIO
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from wanstudio.keys import in_force
from wanstudio.media.errors import FetchError
from wanstudio.media.fetch import Limits
from wanstudio.provider import providers
from wanstudio.settings_bucket import Bucket
from wanstudio.storage import bucket
from wanstudio.storage.bucket import BucketRefused
from wanstudio.uploads.bridge.copies import own_folder
from wanstudio.web.addresses import can_fetch_uploads, fetcher, is_reachable
from wanstudio.web.studio_checks import Check, in_words, registered
from wanstudio.work.leases import Leased

TITLE, TITLE_OF_MEDIA = "Bucket for uploads", "Bucket for videos and files"
# The ids of their rows.
UPLOADS, MEDIA = 1, 2
EVERY, EVERY_WHILE_BROKEN, SPACING = timedelta(hours=6), timedelta(minutes=5), timedelta(seconds=10)
PROBE = b"Wan Studio checks that it can put, fetch and remove files here."
NO_ADDRESS = "{Name} cannot fetch uploaded files from this studio, because it has no public address."
PRIVATE_BUCKET = "{Name} cannot fetch uploaded files from {{origin}}, because that is no public address."
BROKEN_BUCKET = "Uploaded files cannot be handed to {name}. {problem}"
UNSET = "Not set. With AWS_STORAGE_BUCKET_NAME, uploads reach {name} without a public address of the studio."
WORKS = "Files can be put, fetched by link, listed and removed in {where}. Checked {ago} ago."
LINKS = " Browsers get links to it that expire after five minutes."
STREAMS = " Browsers get its files through the studio."
MEDIA_BROKEN = "Sending is paused, so that no paid result is lost: the bucket for videos and files fails. {problem}"
CHECKING = "Checking {where}…"


class BucketCheck(Leased):
    """One row a bucket. `problem`: the sentence of the last look; `is_passing`: the same can work in a while."""

    problem = models.TextField(blank=True)
    is_passing = models.BooleanField(default=False)
    checked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return "check of the bucket"


def ask() -> None:
    """Due now, unless it was looked at in the last 10 s: a crowd at the button is one look."""
    for pk in filter(_bucket, (UPLOADS, MEDIA)):
        BucketCheck.objects.get_or_create(pk=pk)
        recent = models.Q(checked_at__gt=Now() - SPACING)
        if BucketCheck.objects.filter(~recent | models.Q(checked_at=None), pk=pk).update(due_at=Now()):
            BucketCheck(pk=pk).wake()


def _bucket(pk: int) -> Bucket | None:
    found: Bucket | None = settings.BUCKET if pk == UPLOADS else settings.MEDIA_BUCKET
    return found


def look(check: BucketCheck) -> None:
    """A crash leaves the tiny object, for the sweep, and the row due."""
    if not (where := _bucket(check.pk)):
        return check.postpone(None, problem="", checked_at=None)
    problem, is_passing = "", False
    try:
        examine(where)
    except BucketRefused as refused:
        problem, is_passing = refused.sentence, refused.is_passing
    wait = EVERY_WHILE_BROKEN if problem else EVERY
    return check.postpone(wait, problem=problem, is_passing=is_passing, checked_at=Now(), claims=0)


def examine(where: Bucket) -> None:
    """Raises BucketRefused with the first thing that does not work."""
    folder = own_folder() if where == settings.BUCKET else where.media_folder
    key = f"{folder}{uuid4().hex}.txt"
    bucket.put_bytes(key, PROBE, "text/plain", where)
    try:
        _fetch(bucket.link(key, 60, where), where)
    finally:
        bucket.remove(key, where)
    try:
        next(bucket.listed(folder, where))
    except BucketRefused as refused:
        # Only what a crash leaves there is not found: no reason to send nothing.
        raise BucketRefused(refused.sentence, is_passing=True) from None


def _fetch(link: str, where: Bucket) -> None:
    """As a provider or a browser does it: without the key."""
    arrived = BytesIO()
    try:
        fetcher(where.origin).download(link, arrived, Limits(10_000, 30))
    except FetchError as wrong:
        if not wrong.http_status:
            raise BucketRefused(wrong.sentence, is_passing=True) from None
        # A call with the key finds the region automatically; a link is signed for the one that is set.
        sentence = bucket.OTHER_REGION.format(region="") if wrong.http_status in (301, 307, 400) else bucket.NOT_READ
        raise BucketRefused(sentence.format(bucket=where.name, answer=wrong.http_status)) from None
    if arrived.getvalue() != PROBE:
        raise BucketRefused(bucket.NOT_READ.format(bucket=where.name, answer="another file"))


def last_look(pk: int = UPLOADS) -> BucketCheck:
    return BucketCheck.objects.filter(pk=pk).first() or BucketCheck(pk=pk)


def media_problem() -> str:
    """The reason why no result could be kept now; empty if one can. One query, and only where a bucket is set."""
    last = last_look(MEDIA) if settings.MEDIA_BUCKET else BucketCheck()
    return last.problem and MEDIA_BROKEN.format(problem=last.problem)


def fetch_problem(provider: str) -> str:
    """The reason why uploads cannot be sent there; empty if they can. One query, and only where a bucket is set."""
    if not settings.BUCKET:
        return "" if is_reachable(provider) else providers.named(NO_ADDRESS, provider)
    if not can_fetch_uploads(provider):
        return providers.named(PRIVATE_BUCKET, provider).format(origin=settings.BUCKET.origin)
    last = last_look()
    if not last.problem or last.is_passing:
        return ""
    return BROKEN_BUCKET.format(name=providers.get(provider).display_name, problem=last.problem)


def as_check() -> list[Check]:
    """For the settings page. Calls no one."""
    more = LINKS if settings.MEDIA_LINKS else STREAMS
    media = [_found(TITLE_OF_MEDIA, last_look(MEDIA), more)] if settings.MEDIA_BUCKET else []
    return _of_uploads() + media


def _of_uploads() -> list[Check]:
    provider = in_force.provider_in_use()
    name = providers.get(provider).display_name
    if not settings.BUCKET:
        return [] if is_reachable(provider) else [Check(TITLE, None, UNSET.format(name=name))]
    if not can_fetch_uploads(provider):
        return [Check(TITLE, False, fetch_problem(provider), reverse("bucket.check"))]
    return [_found(TITLE, last_look())]


def _found(title: str, last: BucketCheck, more: str = "") -> Check:
    found, action = _bucket(last.pk), reverse("bucket.check")
    where = f"{found.name} at {found.host}" if found else ""
    if last.checked_at is None or (last.due_at and BucketCheck.objects.filter(pk=last.pk, due_at__lte=Now()).exists()):
        return Check(title, None, CHECKING.format(where=where), action, is_checking=True)
    if last.problem:
        return Check(title, False, last.problem, action)
    works = WORKS.format(where=where, ago=in_words(timezone.now() - last.checked_at))
    return Check(title, True, works + more, action)


registered.append(as_check)
