"""A job's request as a command: for people who want to see, or to try, what the studio sends."""

from django.conf import settings

from wanstudio.jobs.models.job import Job
from wanstudio.keys import in_force
from wanstudio.provider import providers
from wanstudio.provider.calls import GenerateRequest
from wanstudio.uploads.file_links import input_link


def as_curl(job: Job) -> str:
    """A shell command with the key left to the environment, its callback left out: nobody would answer it."""
    request = GenerateRequest(
        behaviour=job.behaviour,
        image_url=input_link(job.character),
        video_url=input_link(job.motion),
        resolution=job.resolution,
        seed=job.seed,
        prompt=job.prompt,
    )
    return providers.get(job.provider).curl(in_force.base_url(job.provider), settings.MODEL, request)
