"""The last look at a job's inputs before money is spent: they must be what was priced."""

from wanstudio.jobs.models.job import Job
from wanstudio.keys import intervals
from wanstudio.media.fetch import FetchError, FetchProblem
from wanstudio.media.probe import MediaError
from wanstudio.provider import providers
from wanstudio.uploads import verbs as source_verbs
from wanstudio.uploads.models import Source
from wanstudio.uploads.probing import probe_link
from wanstudio.web import fetchers as addresses

UNREACHABLE = "{Name} cannot reach this studio, so it could not fetch the uploaded file. Nothing was sent."


class Busy(Exception):
    """Too many links are being read right now, by us."""


def are_old(job: Job) -> bool:
    """Whether `what_changed` will read a link again."""
    good_for = intervals.paced(intervals.PROBE_GOOD_FOR)
    return job.character.is_older_than(good_for) or job.motion.is_older_than(good_for)


def what_changed(job: Job) -> str:
    """One sentence if what would be sent is not what was priced, else an empty one. Old links are read again."""
    if not addresses.is_reachable(job.provider) and not (job.character.url and job.motion.url):
        return providers.named(UNREACHABLE, job.provider)
    return _looked_at_again(job.character) or _looked_at_again(job.motion) or _length_changed(job, job.motion)


def _looked_at_again(source: Source) -> str:
    if not source.is_older_than(intervals.paced(intervals.PROBE_GOOD_FOR)):
        return ""
    before = source.format
    try:
        source_verbs.learn(source, probe_link(source.kind, source.url))
    except (FetchError, MediaError) as gone:
        if gone.code == FetchProblem.BUSY:
            raise Busy(gone.sentence) from None
        return f"The link to “{source.name}” no longer works: {gone.sentence} Nothing was sent."
    if source.format != before:
        return f"The file behind “{source.name}” changed from {before} to {source.format}. Nothing was sent."
    return ""


def _length_changed(job: Job, motion: Source) -> str:
    if motion.duration == job.duration:
        return ""
    return (
        f"The clip behind the link changed from {job.duration:.1f} s to {motion.duration or 0:.1f} s, and so would the "
        "price. Nothing was sent; look at the new price and start it again."
    )
