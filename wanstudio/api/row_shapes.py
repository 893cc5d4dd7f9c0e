"""Rows as their shapes. Nothing secret is in any of them: no key, no signed link, no address of the provider's."""

from django.http import HttpRequest
from django.urls import reverse

from wanstudio.api.shapes import FailureOut, JobOut, QuoteOut, UploadOut, VideoOut
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.jobs.words import describe
from wanstudio.money.pricing import Quote
from wanstudio.uploads.models import Source
from wanstudio.videos.models import Video


def quote_row(quote: Quote, warnings: list[str]) -> QuoteOut:
    return QuoteOut(
        price=str(quote.price),
        currency="USD",
        resolution=quote.resolution,
        seconds=float(quote.duration),
        billed_seconds=float(quote.billed_seconds),
        unit_price=f"{quote.unit_price.normalize():f}",
        reason=quote.reason,
        warnings=warnings,
    )


def upload_row(source: Source) -> UploadOut:
    return UploadOut(
        id=source.pk,
        kind=source.kind,
        name=source.name,
        url=source.url or None,
        format=source.format,
        width=source.width,
        height=source.height,
        duration=source.duration,
        size_bytes=source.size_bytes,
        created_at=source.created_at,
    )


def job_row(request: HttpRequest, job: Job) -> JobOut:
    words = describe(job)
    failure = None
    if job.state == State.FAILED and (why := words.explanation):
        failure = FailureOut(code=job.failure, detail=why.cause, advice=words.money)
    return JobOut(
        id=job.pk,
        title=job.title,
        state=job.state,
        sentence=words.sentence,
        provider=job.provider,
        behaviour=job.behaviour,
        resolution=job.resolution,
        prompt=job.prompt,
        seed=job.seed,
        character=job.character_id,
        motion=job.motion_id,
        duration=job.duration,
        billed_seconds=float(job.billed_seconds),
        price=str(job.price),
        money=job.money,
        place=job.position,
        failure=failure,
        videos=_results(job),
        created_at=job.created_at,
        started_at=job.started_at,
        ended_at=job.ended_at,
        page=request.build_absolute_uri(reverse("jobs.show", args=[job.pk])),
    )


def video_row(request: HttpRequest, video: Video) -> VideoOut:
    job = video.job
    return VideoOut(
        id=video.pk,
        job=job.pk,
        title=job.title,
        behaviour=job.behaviour,
        resolution=job.resolution,
        width=video.width,
        height=video.height,
        duration=video.duration,
        size_bytes=video.size_bytes,
        sha256=video.sha256,
        archived_at=video.archived_at,
        file=request.build_absolute_uri(reverse("api:video_file", args=[video.pk])),
        page=request.build_absolute_uri(reverse("videos.show", args=[video.pk])),
    )


def _results(job: Job) -> list[int]:
    """Ids of its videos that can be fetched: those in the bin cannot."""
    found = [video for video in job.videos.all() if video.binned_at is None] if job.state == State.DONE else []
    return [video.pk for video in sorted(found, key=lambda video: video.position)]
