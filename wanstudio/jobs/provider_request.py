"""The request of a job to its provider, and the link by which the provider calls back."""

from django.conf import settings
from django.urls import reverse

from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.job import Job
from wanstudio.provider import providers
from wanstudio.provider.calls import GenerateRequest
from wanstudio.uploads.queries import input_link


def request_of(job: Job, callback_url: str = "") -> GenerateRequest:
    return GenerateRequest(
        behaviour=job.behaviour,
        image_url=input_link(job.character),
        video_url=input_link(job.motion),
        resolution=job.resolution,
        seed=job.seed,
        prompt=job.prompt,
        callback_url=callback_url,
    )


def callback_link(attempt: Attempt) -> str:
    hook = providers.get(attempt.provider).hook
    return str(settings.LINK_BASE + reverse(f"hooks.{hook}", args=[attempt.callback_token]))
