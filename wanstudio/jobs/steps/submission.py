"""The step of a queued job, which spends money: one POST, recorded before its first byte, never repeated on a guess."""

import logging
import shutil
from functools import partial

from django.conf import settings
from django.urls import reverse

from wanstudio.jobs import queue, sent_marks, verbs
from wanstudio.jobs.models import ENDED, Job
from wanstudio.jobs.queries import request_of
from wanstudio.jobs.queue import OthersFirst
from wanstudio.jobs.steps.queue_update import LOOK_AGAIN, update
from wanstudio.jobs.steps.submission_outcome import follow
from wanstudio.jobs.steps.uncertain import was_taken_after_all
from wanstudio.jobs.words import NOT_BRIDGED, Sentence
from wanstudio.keys import call_budget, in_force, intervals
from wanstudio.keys.models import ProviderKey
from wanstudio.keys.provider_calls import Blocked, blocked, connect
from wanstudio.keys.words import Reason
from wanstudio.keys.words import blocked as why_blocked
from wanstudio.media.errors import FetchError, FetchProblem, MediaError
from wanstudio.money.models import Money
from wanstudio.money.pricing import quote
from wanstudio.provider import providers
from wanstudio.provider.calls import Outcome, Submission
from wanstudio.storage.bucket import BucketRefused
from wanstudio.uploads import verbs as source_verbs
from wanstudio.uploads.bridge import bucket_check, copies
from wanstudio.uploads.cleaning import ensure_clean
from wanstudio.uploads.crops import Crop
from wanstudio.uploads.cuts import encoded_part, make_crop, make_cut
from wanstudio.uploads.models import Source
from wanstudio.uploads.queries import probe_link
from wanstudio.uploads.trims import Trim
from wanstudio.web import addresses
from wanstudio.work.leases import LEASE, Stale
from wanstudio.work.log_context import also
from wanstudio.work.prepared import Prepared
from wanstudio.work.reconnect import durably

log = logging.getLogger(__name__)

# What a second of result can weigh, and what must stay free besides.
RESULT_BYTES_A_SECOND = 2_000_000


def send(job: Job) -> None:
    """queued: hold it back, let others go first, refuse it, or send it.

    Crash before the attempt's row: still queued. After it: the next claim finds it submitting, see `worker_died`.
    """
    job.character, job.motion = (_SOURCE.all(pk)[0] for pk in (job.character_id, job.motion_id))
    try:
        # Before anything that holds it back: a result of an earlier try is kept by the provider for a day only.
        if was_taken_after_all(job):
            return None
        _hold_back(job)
        key = ProviderKey.at(job.provider)
        position = queue.read(key, asking=job.pk).check(job.pk)
        if not call_budget.room(key):
            raise OthersFirst(position)
        good_for = intervals.paced(job.provider, intervals.PROBE_GOOD_FOR)
        is_encoded = bool(job.crop or encoded_part(job.motion, job.trim))
        is_encoded |= None in (job.character.cleaned_at, job.motion.cleaned_at)
        is_bridged = bool(settings.BUCKET and not (job.character.url and job.motion.url))
        if is_encoded or is_bridged or job.character.is_older_than(good_for) or job.motion.is_older_than(good_for):
            # While a link is read, or an input is cut or uploaded, it blocks no other job. A crash is found as usual.
            verbs.step_aside(job, job.problem, LEASE)
            update(job.provider)
        if refusal := what_changed(job):
            return verbs.mark_failed(
                job, verbs.Failure("INPUT_CHANGED", refusal, Money.RELEASED, Sentence.NOT_SENT.value, cause=refusal)
            )
        if refusal := _not_in_bucket(job) if is_bridged else "":
            return verbs.mark_failed(
                job, verbs.Failure(NOT_BRIDGED, refusal, Money.RELEASED, Sentence.NOT_SENT.value, cause=refusal)
            )
        return _post(job)
    except Blocked as held:
        if held.whole_key:
            return verbs.keep_queued(job, 1, held.wait, held.why)
        return verbs.step_aside(job, held.why, held.wait)
    except OthersFirst as others:
        return verbs.keep_queued(job, others.position, LOOK_AGAIN)
    except Busy as busy:
        return verbs.step_aside(job, str(busy), intervals.setback(job.provider, 0))


_SOURCE = Prepared(lambda pk: Source.objects.filter(pk=pk))


def _post(job: Job) -> None:
    # The mark first: if the key changes in between, the last look sees that it is not this one.
    mark = in_force.key_at(job.provider).mark
    client = connect(job.provider)
    callback = addresses.is_reachable(job.provider)
    # From here to the answer's row a crash leaves it open whether the provider has the task.
    attempt = verbs.begin_submitting(job, callback=callback, key_mark=mark)
    also(attempt=attempt.pk)
    hook = reverse(f"hooks.{providers.get(attempt.provider).hook}", args=[attempt.callback_token])
    request = request_of(job, settings.LINK_BASE + hook if callback else "", partial(copies.link, job.pk))

    def last_look() -> None:
        # Before the lease is looked at: a disk takes its time.
        try:
            sent_marks.note(attempt)
        except OSError as wrong:
            why = Sentence.NOT_MARKED.of(job.provider, why=wrong.strerror or wrong)
            raise Blocked(why, intervals.account(job.provider)) from wrong
        if not verbs.may_write(job):
            verbs.record_answer(attempt, Submission(Outcome.NOT_SENT, message="The lease had run out"))
            raise Stale(f"{job}: lease lost before the first byte, nothing was written")
        _hold_back(job)
        if in_force.key_at(job.provider).mark != mark:
            raise Blocked(why_blocked(job.provider, Reason.KEY_CHANGED), intervals.seconds(job.provider, 1, 2))

    try:
        answer = client.submit(request, before_write=last_look)
        log.info("sent: %s %s", answer.outcome, answer.error or answer.task_id)
        durably(lambda: verbs.record_answer(attempt, answer))
        follow(job, attempt, answer)
    except Blocked as held:
        verbs.record_answer(attempt, Submission(Outcome.NOT_SENT, message=held.why))
        verbs.requeue(job, held.why, held.wait, position=1 if held.whole_key else None)
    except Stale:
        # It was taken for lost. What we learned is in the attempt's row; wake the step that settles it.
        job.nudge()
        raise


def _hold_back(job: Job) -> None:
    """Raises Blocked while it must wait: for the key, for its owner, for room on the disk, the bucket, the database."""
    if held := blocked(job.provider):
        raise held
    if sent_marks.put_back():
        raise Blocked(Sentence.PUT_BACK.value, intervals.account(job.provider))
    needed = settings.MIN_FREE_BYTES + int(job.billed_seconds * RESULT_BYTES_A_SECOND)
    if shutil.disk_usage(settings.DATA_DIR).free < needed:
        raise Blocked(Sentence.NO_ROOM.value, intervals.account(job.provider))
    if problem := bucket_check.media_problem():
        raise Blocked(problem, intervals.account(job.provider))


class Busy(Exception):
    """Too many links are being read right now, by us."""


def what_changed(job: Job) -> str:
    """One sentence if what would be sent is not what was priced, else an empty one. Old links are read again."""
    if not addresses.can_fetch_uploads(job.provider) and not (job.character.url and job.motion.url):
        return Sentence.UNREACHABLE.of(job.provider)
    changed = _looked_at_again(job, job.character) or _looked_at_again(job, job.motion)
    return changed or _length_changed(job, job.motion) or (_not_cropped(job, job.crop) if job.crop else "")


def _not_in_bucket(job: Job) -> str:
    """Puts what is sent of its uploads where the provider can fetch it, unless that is done; a sentence if refused.

    Nothing is sent yet: a crash here puts it again.
    """
    source = job.character
    try:
        for source, part in ((job.character, job.crop), (job.motion, job.trim)):
            copies.put(job.pk, source, part)
    except BucketRefused as refused:
        bucket_check.ask()
        log.warning("%s could not be put in the bucket: %s", source, refused.sentence)
        sentence = Sentence.NOT_BRIDGED.of(job.provider, source=source.name, reason=refused.sentence)
        if refused.is_passing:
            raise Blocked(sentence, intervals.account(job.provider)) from None
        return sentence
    except OSError as wrong:
        log.warning("%s is not in the storage: %r", source, wrong)
        return Sentence.NOT_BRIDGED.of(job.provider, source=source.name, reason="Its file is missing.")
    if Job.objects.filter(pk=job.pk, state__in=ENDED).exists():
        # It was cancelled just before its copies had their rows.
        copies.let_go(job.pk)
    return ""


def _looked_at_again(job: Job, source: Source) -> str:
    try:
        ensure_clean(source)
    except FetchError as busy:
        raise Busy(busy.sentence) from None
    except (MediaError, OSError) as wrong:
        log.warning("%s could not be cleaned: %r", source, wrong)
        return Sentence.NOT_CLEANED.of(job.provider, source=source.name)
    if not source.is_older_than(intervals.paced(job.provider, intervals.PROBE_GOOD_FOR)):
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


def _not_cropped(job: Job, crop: Crop) -> str:
    """Crops the picture, unless that is done."""
    try:
        make_crop(job.character, crop)
    except FetchError as busy:
        raise Busy(busy.sentence) from None
    except (MediaError, OSError) as wrong:
        log.warning("%s could not be cropped: %r", job.character, wrong)
        return Sentence.NOT_CROPPED.of(job.provider, source=job.character.name)
    return ""


def _length_changed(job: Job, motion: Source) -> str:
    if job.trim is None and motion.duration != job.duration:
        return Sentence.LENGTH_CHANGED.of(job.provider, before=job.duration, now=motion.duration or 0)
    part = encoded_part(motion, job.trim)
    return _cut_differs(job, motion, part) if part else ""


def _cut_differs(job: Job, motion: Source, trim: Trim) -> str:
    """Cuts the clip, unless that is done, and holds its price against the job's."""
    try:
        seconds = make_cut(motion, trim)
    except FetchError as busy:
        raise Busy(busy.sentence) from None
    except (MediaError, OSError) as wrong:
        log.warning("%s could not be cut: %r", motion, wrong)
        return Sentence.NOT_CUT.of(job.provider, source=motion.name)
    billing = in_force.model().billing
    price = quote(seconds, job.resolution, {job.resolution: job.unit_price}, billing).price
    if price == job.price:
        return ""
    return Sentence.CUT_DIFFERS.of(job.provider, before=job.duration, now=seconds, price=price)
