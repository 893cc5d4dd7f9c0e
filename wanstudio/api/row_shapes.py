"""Rows as their shapes. Nothing secret is in any of them: no key, no signed link, no address of the provider's."""

from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.jobs.words import describe
from wanstudio.money.pricing import Quote
from wanstudio.uploads.models import Source
from wanstudio.videos.models.video import Video


def quote_row(quote: Quote, warnings: list[str]) -> dict[str, Any]:
    return {
        "price": str(quote.price),
        "currency": "USD",
        "resolution": quote.resolution,
        "seconds": float(quote.duration),
        "billed_seconds": float(quote.billed_seconds),
        "unit_price": _plain(quote.unit_price),
        "reason": quote.reason,
        "warnings": warnings,
    }


def upload_row(source: Source) -> dict[str, Any]:
    names = ("kind", "name", "format", "width", "height", "duration", "size_bytes", "created_at")
    return {"id": source.pk, "url": source.url or None} | {name: getattr(source, name) for name in names}


def job_row(request: HttpRequest, job: Job) -> dict[str, Any]:
    words = describe(job)
    failure = None
    if job.state == State.FAILED and (why := words.explanation):
        failure = {"code": job.failure, "detail": why.cause, "advice": words.money}
    names = ("title", "state", "behaviour", "resolution", "prompt", "seed", "duration", "money")
    times = ("created_at", "started_at", "ended_at")
    return {name: getattr(job, name) for name in (*names, *times)} | {
        "id": job.pk,
        "place": job.position,
        "sentence": words.sentence,
        "provider": job.provider,
        "character": job.character_id,
        "motion": job.motion_id,
        "billed_seconds": float(job.billed_seconds),
        "price": str(job.price),
        "failure": failure,
        "videos": _results(job),
        "page": request.build_absolute_uri(reverse("jobs.show", args=[job.pk])),
    }


def video_row(request: HttpRequest, video: Video) -> dict[str, Any]:
    job = video.job
    names = ("width", "height", "duration", "size_bytes", "sha256", "archived_at")
    return {name: getattr(video, name) for name in names} | {
        "id": video.pk,
        "job": job.pk,
        "title": job.title,
        "behaviour": job.behaviour,
        "resolution": job.resolution,
        "file": request.build_absolute_uri(reverse("api:video_file", args=[video.pk])),
        "page": request.build_absolute_uri(reverse("videos.show", args=[video.pk])),
    }


def _results(job: Job) -> list[int]:
    """Ids of its videos that can be fetched: those in the bin cannot."""
    found = [video for video in job.videos.all() if video.binned_at is None] if job.state == State.DONE else []
    return [video.pk for video in sorted(found, key=lambda video: video.position)]


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"
