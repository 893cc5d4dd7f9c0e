"""The step that brings a result home before the provider deletes it: streamed, checked, hashed, then Ready."""

import logging
import os
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.core.files.base import ContentFile, File

from wanstudio.addresses import results_fetcher
from wanstudio.media.fetch import FetchError
from wanstudio.media.poster import poster, verify_video
from wanstudio.media.probe import MediaError, VideoFacts
from wanstudio.models import Job, Money, Stale, Video
from wanstudio.worker import waits
from wanstudio.worker.check import fresh_urls

log = logging.getLogger(__name__)

RESULT_MAX_BYTES = 4 * 1024**3
DOWNLOAD_S = 60 * 60
GONE = (403, 404, 410)
LOST = "The video was made and paid for, but its download kept failing until APIXO deleted it."


def save(job: Job) -> None:
    """archiving: fetch what is not here yet; done when all is.

    Crash anywhere: the same again; a video's row comes last, so nothing half is ever shown.
    """
    have = set(job.videos.values_list("position", flat=True))
    try:
        for position, url in enumerate(job.result_urls):
            if position not in have:
                _bring_home(job, position, url)
    except (FetchError, MediaError) as wrong:
        log.warning("job %s: result not archived yet: %s", job.pk, wrong)
        return _again(job, wrong.sentence, wrong.http_status if isinstance(wrong, FetchError) else None)
    except OSError as wrong:
        log.warning("job %s: result could not be stored: %s", job.pk, wrong)
        return _again(job, f"The studio's storage failed: {wrong.strerror or wrong}.", None)
    return job.mark_done()


def _again(job: Job, reason: str, http_status: int | None) -> None:
    if job.is_lost:
        return job.mark_failed("RESULT_LOST", reason, Money.SETTLED, LOST)
    changes: dict[str, Any] = {"setbacks": job.setbacks + 1}
    # Not at the first refusal: the task was asked about a moment ago, and status calls keep their distance.
    if http_status in GONE and job.setbacks and (answer := fresh_urls(job)):
        changes["result_urls"] = list(answer.result_urls)
    trouble = f"The finished video could not be saved yet. {reason} It is paid for, and we keep trying."
    return job.worry(trouble, waits.setback(job.setbacks), **changes)


def _bring_home(job: Job, position: int, url: str) -> None:
    with NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, prefix="result-", suffix=".mp4", delete=False) as draft:
        path = Path(draft.name)
        try:
            got = results_fetcher(job.provider).download(
                url,
                cast(BinaryIO, draft),
                max_bytes=RESULT_MAX_BYTES,
                deadline_s=DOWNLOAD_S,
                heartbeat=lambda: _still_ours(job),
            )
            draft.flush()
            os.fsync(draft.fileno())
            facts = verify_video(path)
            with path.open("rb") as clip:
                still = poster(clip, "video")
            _store(job, position, path, still, got.sha256, facts)
        finally:
            path.unlink(missing_ok=True)


def _still_ours(job: Job) -> None:
    if not job.keep_lease():
        raise Stale(f"{job}: lease lost while its result was fetched")


def _store(job: Job, position: int, path: Path, still: bytes, sha256: str, facts: VideoFacts) -> None:
    video = Video(
        job=job,
        position=position,
        sha256=sha256,
        size_bytes=facts.size_bytes,
        width=facts.width,
        height=facts.height,
        duration=facts.duration,
    )
    _still_ours(job)
    try:
        with path.open("rb") as clip:
            video.file.save("video.mp4", _Moved(clip, path), save=False)
        video.poster.save("poster.jpg", ContentFile(still), save=False)
        video.save(force_insert=True)
    except Exception:
        # Without its row nobody would ever find the files again.
        for file in (video.file, video.poster):
            if file:
                file.delete(save=False)
        raise


class _Moved(File):  # type: ignore[type-arg]
    """A file that storage may take by renaming it instead of copying hundreds of megabytes."""

    def __init__(self, file: object, path: Path) -> None:
        super().__init__(file, name=path.name)  # type: ignore[arg-type]
        self._path = path

    def temporary_file_path(self) -> str:
        return str(self._path)
