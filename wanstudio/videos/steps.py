"""Archiving of results, before the provider deletes them: streamed, checked, hashed, then the job is done."""

import errno
import logging
import os
import shutil
import time
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO, cast

from django.conf import settings
from django.core.files.base import ContentFile
from django.utils import timezone

from wanstudio.jobs import verbs
from wanstudio.jobs.models import Job, State
from wanstudio.jobs.steps.polling import fresh_urls
from wanstudio.keys import intervals
from wanstudio.media.errors import FetchError, MediaError
from wanstudio.media.fetch import Limits, unpacked
from wanstudio.media.isolated import verify_video
from wanstudio.media.pictures.placeholders import placeholder_of
from wanstudio.money.models import Money
from wanstudio.provider import providers
from wanstudio.storage.whole_files import Moved
from wanstudio.videos import words
from wanstudio.videos.models import Video
from wanstudio.web.addresses import fetcher
from wanstudio.work import registry
from wanstudio.work.leases import Stale
from wanstudio.work.prepared import PreparedRows

log = logging.getLogger(__name__)

RESULT_MAX_BYTES = 4 * 1024**3
# Space that results never use: the database has to keep writing.
KEPT_FREE_BYTES = 64 * 1024**2
DOWNLOAD_S = 60 * 60
# 8 KiB a second: a slower server only blocks a thread.
MIN_BYTES_A_MINUTE = 8 * 1024 * 60
# For how long one step tries further results after one that failed.
STEP_S = 120.0
# From this failure in a row on the owner has to know: about a minute after the first.
ALERT_AFTER = 3
GONE = (403, 404, 410)


def save(job: Job) -> None:
    """archiving: fetch what is not here yet; done when all is. One bad result holds up no other.

    Crash anywhere: the same again; a video's row comes last, so nothing half is ever shown.
    """
    have = {position for (position,) in _SAVED.all(job.pk)}
    missing = [(position, url) for position, url in enumerate(job.result_urls) if position not in have]
    began, wrong = time.monotonic(), None
    for position, url in missing:
        try:
            _archive(job, position, url)
        except (FetchError, MediaError, OSError) as failed:
            log.warning("job %s: result %s not archived yet: %s", job.pk, position, failed)
            wrong = wrong or failed
            if isinstance(failed, OSError) or time.monotonic() - began > STEP_S:
                break
    return _again(job, wrong) if wrong else verbs.mark_done(job)


_SAVED = PreparedRows(lambda pk: Video.objects.filter(job=pk).values_list("position"))


def _again(job: Job, wrong: FetchError | MediaError | OSError) -> None:
    reason = words.reason(wrong)
    if _is_over(job):
        return _give_up(job, reason)
    # Not at the first failure: the task was asked about a moment ago, and status calls keep their distance.
    gone = isinstance(wrong, FetchError) and wrong.http_status in GONE
    changes: dict[str, object] = {"setbacks": job.setbacks + 1}
    wait = intervals.setback(job.provider, job.setbacks)
    if job.setbacks and (gone or job.setbacks >= ALERT_AFTER) and (answer := fresh_urls(job)):
        changes["result_urls"] = urls = list(answer.result_urls)
        if urls != job.result_urls:
            wait = intervals.seconds(job.provider, 1, 2)
    problem = words.NOT_ARCHIVED_YET.format(reason=reason)
    if job.setbacks + 1 >= ALERT_AFTER:
        return verbs.alert_owner(job, problem, wait, **changes)
    return verbs.flag_problem(job, problem, wait, **changes)


def _is_over(job: Job) -> bool:
    """Whether the provider's copy must be gone, and we have tried for an hour: its clock might have told us nonsense.

    Tried more than once, and so with a link that was asked for again: a studio that slept for a day has tried nothing.
    """
    if job.setbacks < ALERT_AFTER:
        return False
    since = job.transitions.filter(to_state=State.ARCHIVING).values_list("at", flat=True).last()
    return job.is_lost and (since is None or timezone.now() - since > intervals.paced(job.provider, timedelta(hours=1)))


def _give_up(job: Job, reason: str) -> None:
    """The 24 hours are over: what is here is the result, however little; without any, it is lost and paid for."""
    if saved := job.videos.count():
        return verbs.mark_done(job, words.PARTLY_ARCHIVED.format(count=saved, total=len(job.result_urls)))
    name = providers.get(job.provider).display_name
    lost, cause = words.LOST.format(provider=name), words.LOST_CAUSE.format(provider=name)
    return verbs.mark_failed(job, verbs.Failure("RESULT_LOST", reason, Money.SETTLED, lost, cause=cause))


def _archive(job: Job, position: int, url: str) -> None:
    with NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, prefix="result-", suffix=".mp4", delete=False) as draft:
        path = Path(draft.name)
        try:
            ours = partial(_still_ours, job)
            limits = Limits(_room(), DOWNLOAD_S, min_bytes_a_minute=MIN_BYTES_A_MINUTE, heartbeat=ours)
            arrived = fetcher(settings.PROVIDERS[job.provider][0]).download(url, cast(BinaryIO, draft), limits)
            draft.flush()
            os.fsync(draft.fileno())
            sha256 = unpacked(path, _room()) or arrived
            facts, poster, frame_times = verify_video(path)
            row = Video(job=job, position=position, sha256=sha256, size_bytes=facts.size_bytes, duration=facts.duration)
            row.width, row.height, row.frame_times = facts.width, facts.height, frame_times
            _store(row, path, poster)
        finally:
            path.unlink(missing_ok=True)


def _room() -> int:
    """The maximum size of a result in bytes. Raises OSError if the disk is full."""
    free = shutil.disk_usage(settings.DATA_DIR).free - KEPT_FREE_BYTES
    if free <= 0:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return min(RESULT_MAX_BYTES, free)


def _still_ours(job: Job) -> None:
    if not job.keep_lease():
        raise Stale(f"{job}: lease lost while its result was fetched")


def _store(video: Video, path: Path, poster: bytes) -> None:
    """Files first, then the row: a crash between them leaves files that the hourly sweep deletes."""
    _still_ours(video.job)
    try:
        with path.open("rb") as clip:
            video.file.save("video.mp4", Moved(clip, str(path)), save=False)
        video.poster.save("poster.jpg", ContentFile(poster), save=False)
        video.placeholder = placeholder_of(poster)
        video.save(force_insert=True)
    except Exception:
        # Without its row the files would never be found again.
        for file in (video.file, video.poster):
            if file:
                file.delete(save=False)
        raise


registry.register(Job, save, State.ARCHIVING)
