"""The last look at a job's inputs before money is spent: they must be what was priced."""

from wanstudio.jobs.models.job import Job
from wanstudio.jobs.words import Sentence
from wanstudio.keys import intervals
from wanstudio.media.errors import FetchError, FetchProblem, MediaError
from wanstudio.uploads import verbs as source_verbs
from wanstudio.uploads.models import Source
from wanstudio.uploads.probing import probe_link
from wanstudio.web import addresses


class Busy(Exception):
    """Too many links are being read right now, by us."""


def are_old(job: Job) -> bool:
    """Whether `what_changed` will read a link again."""
    good_for = intervals.paced(intervals.PROBE_GOOD_FOR)
    return job.character.is_older_than(good_for) or job.motion.is_older_than(good_for)


def what_changed(job: Job) -> str:
    """One sentence if what would be sent is not what was priced, else an empty one. Old links are read again."""
    if not addresses.is_reachable(job.provider) and not (job.character.url and job.motion.url):
        return Sentence.UNREACHABLE.of(job.provider)
    return _looked_at_again(job, job.character) or _looked_at_again(job, job.motion) or _length_changed(job, job.motion)


def _looked_at_again(job: Job, source: Source) -> str:
    if not source.is_older_than(intervals.paced(intervals.PROBE_GOOD_FOR)):
        return ""
    before = source.format
    try:
        source_verbs.learn(source, probe_link(source.kind, source.url))
    except (FetchError, MediaError) as gone:
        if gone.code == FetchProblem.BUSY:
            raise Busy(gone.sentence) from None
        return Sentence.LINK_BROKEN.of(job.provider, source=source.name, reason=gone.sentence)
    if source.format != before:
        return Sentence.FORMAT_CHANGED.of(job.provider, source=source.name, before=before, now=source.format)
    return ""


def _length_changed(job: Job, motion: Source) -> str:
    if motion.duration == job.duration:
        return ""
    return Sentence.LENGTH_CHANGED.of(job.provider, before=job.duration, now=motion.duration or 0)
