"""Why a job failed, in the sentence that its maker is told. Its page finds the same words by itself."""

from wanstudio.jobs.models.job import Job
from wanstudio.provider import providers
from wanstudio.provider.base import Failure


def cause(job: Job, code: str, message: str) -> str:
    failure = Failure(code, message, f"“{job.character.name}”", f"“{job.motion.name}”")
    return providers.get(job.provider).explain(failure).cause
