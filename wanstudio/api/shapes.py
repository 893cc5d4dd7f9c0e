"""Shapes of answers, in JSON. Money: dollars, as text (`"1.14"`). Times: ISO 8601, UTC. Lengths: s.

Nothing secret is in any of them: no key, no signed link, no address of the provider's.
"""

from datetime import datetime
from typing import TypeVar

from django.urls import reverse
from ninja import Schema
from pydantic import Field

from wanstudio.jobs.models import Job, State
from wanstudio.jobs.words import describe
from wanstudio.money.pricing import Quote
from wanstudio.uploads.models import Source
from wanstudio.videos.models import Video
from wanstudio.web.addresses import address_of

Out = TypeVar("Out", bound=Schema)


class QuoteOut(Schema):
    price: str
    currency: str
    resolution: str
    seconds: float
    billed_seconds: float
    unit_price: str
    reason: str = Field(examples=["14.2 s × $0.08 = $1.14"])
    warnings: list[str] = Field(description="Reasons why a job would wait or be refused, in sentences.")


class UploadOut(Schema):
    id: int
    kind: str
    name: str
    url: str | None = Field(description="The link that was given, if it was one.")
    format: str
    width: int
    height: int
    duration: float | None
    size_bytes: int | None
    created_at: datetime


class FailureOut(Schema):
    code: str
    detail: str
    advice: str


class JobOut(Schema):
    """`state`: queued, submitting, running, archiving, then done, failed or cancelled; uncertain needs a decision.

    `money`: reserved, settled, released, assumed (released, we assume) or unknown (possibly charged).
    """

    id: int
    title: str
    state: str
    sentence: str
    provider: str
    behaviour: str
    resolution: str
    prompt: str
    seed: int
    character: int
    motion: int
    duration: float
    billed_seconds: float
    price: str
    money: str
    place: int | None = Field(description="Position in the queue; 1 is next.")
    failure: FailureOut | None
    videos: list[int]
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    page: str


class VideoOut(Schema):
    id: int
    job: int
    title: str
    behaviour: str
    resolution: str
    width: int
    height: int
    duration: float
    size_bytes: int
    sha256: str
    archived_at: datetime
    file: str = Field(description="The MP4, with this token; ranges are served.")
    page: str


class Uploads(Schema):
    items: list[UploadOut]
    next: str | None = Field(description="The address of the next page, or null at the end.")


class Jobs(Schema):
    items: list[JobOut]
    next: str | None


class Videos(Schema):
    items: list[VideoOut]
    next: str | None


class ProblemOut(Schema):
    """RFC 9457. `errors` names fields; `quote` is there when the price is what is wrong."""

    type: str
    title: str
    status: int
    detail: str
    errors: dict[str, list[str]] | None = None
    quote: dict[str, object] | None = None


def quote_row(quote: Quote, warnings: list[str]) -> QuoteOut:
    per_second = f"{quote.unit_price.normalize():f}"
    lengths = {"seconds": float(quote.duration), "billed_seconds": float(quote.billed_seconds)}
    money = {"price": str(quote.price), "currency": "USD", "unit_price": per_second}
    return _shaped(QuoteOut, quote, **money, **lengths, warnings=warnings)


def upload_row(source: Source) -> UploadOut:
    return _shaped(UploadOut, source, url=source.url or None)


def job_row(job: Job) -> JobOut:
    words = describe(job)
    failure = None
    if job.state == State.FAILED and (why := words.explanation):
        failure = FailureOut(code=job.failure, detail=why.cause, advice=words.money)
    # Those in the bin cannot be fetched.
    found = [video for video in job.videos.all() if video.binned_at is None] if job.state == State.DONE else []
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
        videos=[video.pk for video in sorted(found, key=lambda video: video.position)],
        page=address_of(reverse("jobs.show", args=[job.pk])),
    )


def video_row(video: Video) -> VideoOut:
    job = video.job
    return _shaped(
        VideoOut,
        video,
        job=job.pk,
        title=job.title,
        behaviour=job.behaviour,
        resolution=job.resolution,
        file=address_of(reverse("api:video_file", args=[video.pk])),
        page=address_of(reverse("videos.show", args=[video.pk])),
    )


def _shaped(shape: type[Out], row: object, **more: object) -> Out:
    """The row's columns under the names that the shape has, and `more`."""
    same = {name: getattr(row, name) for name in shape.model_fields.keys() - more.keys()}
    return shape(**same, **more)
