"""The step that spends money: one POST, written down before its first byte, never repeated on a guess."""

import logging
import shutil
from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.utils import timezone

from wanstudio import addresses
from wanstudio.media.fetch import FetchError
from wanstudio.media.probe import MediaError
from wanstudio.models import Attempt, Job, Money, ProviderKey, Source, Stale
from wanstudio.models.job_verbs import TaskTaken
from wanstudio.probing import probe_link
from wanstudio.provider.failures import Error, Outcome, Submission
from wanstudio.provider.messages import GenerateRequest, TaskStatus
from wanstudio.worker import waits
from wanstudio.worker.connection import connect

log = logging.getLogger(__name__)

MOST_RETRIES = 3
# What a second of result may weigh, and what must stay free besides.
RESULT_BYTES_A_SECOND = 2_000_000


def send(job: Job) -> None:
    """queued: hold it back, refuse it, or send it.

    Crash before the attempt's row: still queued. After it: uncertain at the next claim. After the answer's
    row: uncertain, and settled by the task id in that row.
    """
    key = ProviderKey.at(job.provider)
    if held := _held_back(job, key):
        return job.worry(*held)
    if refusal := _inputs_changed(job):
        return job.mark_failed("INPUT_CHANGED", refusal, Money.RELEASED, "Not sent")
    callback = addresses.is_reachable(job.provider)
    attempt = job.begin_submitting(callback=callback)
    request = GenerateRequest(
        behaviour=job.behaviour,
        image_url=addresses.input_link(job.character),
        video_url=addresses.input_link(job.motion),
        resolution=job.resolution,
        seed=job.seed,
        prompt=job.prompt,
        callback_url=addresses.callback_link(attempt) if callback else "",
    )

    def still_ours() -> None:
        if not job.may_write():
            attempt.record(outcome=Outcome.NOT_SENT, message="The lease had run out")
            raise Stale(f"{job}: lease lost before the first byte, nothing was written")

    answer = connect(job.provider).generate(request, before_write=still_ours)
    attempt.record(
        outcome=answer.outcome,
        http_status=answer.http_status,
        error=answer.error or "",
        message=answer.message,
        task_id=answer.task_id,
    )
    log.info("job %s attempt %s: %s %s", job.pk, attempt.pk, answer.outcome, answer.error or answer.task_id)
    try:
        _follow(job, key, attempt, answer)
    except Stale:
        # Somebody took it for lost. What we learned is in the attempt's row; wake whoever settles it.
        job.nudge()
        raise


def _follow(job: Job, key: ProviderKey, attempt: Attempt, answer: Submission) -> None:
    match answer.outcome:
        case Outcome.ACCEPTED:
            key.accepted()
            _run(job, answer.task_id, callback=attempt.callback)
        case Outcome.NOT_SENT | Outcome.NOT_ACCEPTED:
            _retry(job, answer)
        case Outcome.THROTTLED:
            wait = waits.throttled(key.throttles, answer.retry_after_s)
            key.throttle(wait)
            job.requeue("APIXO asked us to slow down. Nothing was charged; it goes out again by itself.", wait)
        case Outcome.ACCOUNT:
            _account_refused(job, key, answer)
        case Outcome.REJECTED:
            if answer.error == Error.FORBIDDEN:
                key.strike(waits.account())
            job.mark_failed(answer.error or "REJECTED", answer.message, Money.RELEASED, answer.message or "Refused")
        case Outcome.UNKNOWN:
            wait_for_callback = waits.paced(waits.UNCONFIRMED_FOR) if attempt.callback else None
            job.mark_uncertain(_what_broke(answer), wait_for_callback)


def _retry(job: Job, answer: Submission) -> None:
    if job.retries >= MOST_RETRIES:
        job.mark_failed(answer.error or "NOT_SENT", answer.message, Money.RELEASED, "Given up after 4 tries")
    else:
        why = "APIXO could not be reached." if answer.outcome == Outcome.NOT_SENT else "APIXO could not take it."
        job.requeue(f"{why} Nothing was charged; trying again.", waits.retry(job.retries), counts=True)


def _account_refused(job: Job, key: ProviderKey, answer: Submission) -> None:
    if answer.error == Error.INSUFFICIENT_BALANCE:
        key.suspend(ProviderKey.Pause.NO_BALANCE, job.price, waits.account())
        why = "The balance on the APIXO key does not cover it. Nothing was charged; it goes out once there is enough."
    else:
        key.suspend(ProviderKey.Pause.UNAUTHORIZED, Decimal(0), waits.account())
        why = "APIXO refuses the key. Nothing was charged; it goes out once the key works."
    job.requeue(why, waits.account())


def _run(job: Job, task_id: str, *, callback: bool) -> None:
    usual = Job.objects.usual_time(job.provider, job.resolution, job.billed_seconds)
    wait = waits.first_poll(job, callback=callback)
    try:
        job.mark_running(task_id, wait, callback=callback, usual=usual)
    except TaskTaken:
        # Two answers with one task id: which job the provider works on, nobody can tell.
        job.mark_uncertain("APIXO answered with the task of another job", None)


def _what_broke(answer: Submission) -> str:
    match answer.error:
        case Error.TIMED_OUT:
            return "No answer came in time"
        case Error.CONNECTION_LOST:
            return "The connection broke before an answer came"
        case Error.REDIRECTED:
            return f"The answer was a redirect (HTTP {answer.http_status})"
        case _:
            return f"The answer could not be read (HTTP {answer.http_status})"


def left_behind(job: Job) -> None:
    """submitting under a lease that ran out: its worker died, and whether the POST went out nobody knows."""
    attempt = job.submissions.last()
    listening = attempt is not None and attempt.callback
    job.mark_uncertain("The worker stopped while sending", waits.paced(waits.UNCONFIRMED_FOR) if listening else None)
    if attempt and (attempt.task_id or attempt.hinted_task_id or attempt.outcome == Outcome.NOT_SENT):
        job.nudge()


def settle(job: Job) -> None:
    """uncertain: believe a task id only after statusTask knows it; ask a person when the time is over."""
    attempts = list(job.submissions.order_by("-pk"))
    if attempts[0].outcome == Outcome.NOT_SENT:
        return job.back_to_queue()
    trouble = job.trouble
    for attempt, task_id in [(a, t) for a in attempts for t in (a.task_id, a.hinted_task_id) if t]:
        answer = connect(job.provider).status(task_id)
        if isinstance(answer, TaskStatus):
            return _attach(job, attempt, task_id)
        if answer.error != Error.NOT_FOUND:
            return job.worry(trouble, waits.setback(job.setbacks), setbacks=job.setbacks + 1)
        attempt.forget_task()
        trouble = f"APIXO knows no task {task_id[:60]}."
    left = attempts[0].created_at + waits.paced(waits.UNCONFIRMED_FOR) - timezone.now()
    if job.ask_person or not attempts[0].callback or left <= timedelta(0):
        return job.ask(trouble)
    return job.worry(trouble, left)


def _attach(job: Job, attempt: Attempt, task_id: str) -> None:
    usual = Job.objects.usual_time(job.provider, job.resolution, job.billed_seconds)
    try:
        job.mark_running(task_id, timedelta(0), callback=attempt.callback, usual=usual)
    except TaskTaken:
        attempt.forget_task()
        job.ask(f"Task {task_id[:60]} already belongs to another job.")


def _held_back(job: Job, key: ProviderKey) -> tuple[str, timedelta] | None:
    """Why it must wait, in a sentence, and how long; or None."""
    if opens := ProviderKey.opens_at(job.provider):
        return "APIXO asked us to slow down. It goes out by itself.", opens - timezone.now() + timedelta(seconds=0.1)
    if key.blocks_sending:
        return job.trouble or f"Sending is paused: {key.get_pause_display()}. Nothing was charged.", waits.account()
    needed = settings.MIN_FREE_BYTES + int(job.billed_seconds * RESULT_BYTES_A_SECOND)
    if shutil.disk_usage(settings.DATA_DIR).free < needed:
        return "The disk has no room for the result. Nothing was sent; make room and it goes out.", waits.account()
    return None


def _inputs_changed(job: Job) -> str:
    """One sentence if what would be sent is not what was priced, else an empty one. Looks at old links again."""
    if not addresses.is_reachable(job.provider) and not (job.character.url and job.motion.url):
        return "APIXO cannot reach this studio, so it could not fetch the uploaded file. Nothing was sent."
    for source in (job.character, job.motion):
        try:
            if source.is_older_than(waits.paced(waits.PROBE_GOOD_FOR)):
                source.learn(probe_link(source.kind, source.url))
        except (FetchError, MediaError) as gone:
            return f"The link to “{source.name}” no longer works: {gone} Nothing was sent."
    return _length_changed(job, job.motion)


def _length_changed(job: Job, motion: Source) -> str:
    if motion.duration == job.duration:
        return ""
    return (
        f"The clip behind the link changed from {job.duration:.1f} s to {motion.duration or 0:.1f} s, and so would the "
        "price. Nothing was sent; look at the new price and start it again."
    )
