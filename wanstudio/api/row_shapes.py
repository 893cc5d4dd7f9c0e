"""Rows as their shapes. Nothing secret is in any of them: no key, no signed link, no address of the provider's."""

from typing import TypeVar

from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from ninja import Schema

from wanstudio.api.shapes import FailureOut, JobOut, QuoteOut, UploadOut, VideoOut
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.jobs.words import describe
from wanstudio.money.pricing import Quote
from wanstudio.uploads.models import Source
from wanstudio.videos.models import Video

Out = TypeVar("Out", bound=Schema)


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
    return _shaped(UploadOut, source, url=source.url or None)


def job_row(request: HttpRequest, job: Job) -> JobOut:
    words = describe(job)
    failure = None
    if job.state == State.FAILED and (why := words.explanation):
        failure = FailureOut(code=job.failure, detail=why.cause, advice=words.money)
    return _shaped(
        JobOut,
        job,
        sentence=words.sentence,
        character=job.character_id,
        motion=job.motion_id,
        billed_seconds=float(job.billed_seconds),
        price=str(job.price),
        place=job.position,
        failure=failure,
        videos=_results(job),
        page=request.build_absolute_uri(reverse("jobs.show", args=[job.pk])),
    )


def video_row(request: HttpRequest, video: Video) -> VideoOut:
    job = video.job
    return _shaped(
        VideoOut,
        video,
        job=job.pk,
        title=job.title,
        behaviour=job.behaviour,
        resolution=job.resolution,
        file=request.build_absolute_uri(reverse("api:video_file", args=[video.pk])),
        page=request.build_absolute_uri(reverse("videos.show", args=[video.pk])),
    )


def _shaped(shape: type[Out], row: Model, **more: object) -> Out:
    """The row's columns under the names that the shape has, and `more`."""
    same = {name: getattr(row, name) for name in shape.model_fields.keys() - more.keys()}
    return shape(**same, **more)


def _results(job: Job) -> list[int]:
    """Ids of its videos that can be fetched: those in the bin cannot."""
    found = [video for video in job.videos.all() if video.binned_at is None] if job.state == State.DONE else []
    return [video.pk for video in sorted(found, key=lambda video: video.position)]
