"""A job's request as a command: for people who want to see, or to try, what the studio sends."""

import json

from django.conf import settings

from wanstudio.jobs.models.job import Job
from wanstudio.provider.messages import GenerateRequest
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
    # Within single quotes a shell takes everything literally but the quote itself.
    body = json.dumps(request.body(), indent=2, ensure_ascii=False).replace("'", "'\\''")
    url = f"{settings.APIXO_BASE_URL}/generateTask/{settings.APIXO_MODEL}"
    return (
        f"curl -X POST '{url}' \\\n"
        '  -H "Authorization: Bearer $APIXO_API_KEY" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        f"  -d '{body}'"
    )
