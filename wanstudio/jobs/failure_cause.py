"""Why a job failed, in the sentence that its maker is told. Its page finds the same words by itself."""

from wanstudio.jobs.models.job import Job
from wanstudio.provider.sentences import explain


def cause(job: Job, code: str, message: str) -> str:
    return explain(code, message, character=f"“{job.character.name}”", motion=f"“{job.motion.name}”").cause
