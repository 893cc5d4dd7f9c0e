"""The step that spends money: one POST, written down before its first byte, never repeated on a guess."""

import logging
import shutil
from datetime import timedelta

from django.conf import settings

from wanstudio import addresses
from wanstudio.logs import also
from wanstudio.models import Job, Money, ProviderKey, Stale
from wanstudio.provider.failures import Outcome
from wanstudio.provider.messages import GenerateRequest
from wanstudio.worker import waits
from wanstudio.worker.connection import connect, has_key, until_open
from wanstudio.worker.follow import PAUSED, SLOW_DOWN, follow
from wanstudio.worker.inputs import Busy, what_changed
from wanstudio.worker.settle import was_taken_after_all

log = logging.getLogger(__name__)

# What a second of result may weigh, and what must stay free besides.
RESULT_BYTES_A_SECOND = 2_000_000
STOPPED = "Sending is stopped in the settings. Nothing was charged; it goes out when the owner starts it again."


class HeldBack(Exception):
    """It must wait: `why` in a sentence, and how long."""

    def __init__(self, why: str, wait: timedelta) -> None:
        super().__init__(why)
        self.why = why
        self.wait = wait


def send(job: Job) -> None:
    """queued: hold it back, refuse it, or send it.

    Crash before the attempt's row: still queued. After it: the next claim finds it submitting, see `left_behind`.
    """
    try:
        _hold_back(job)
        if was_taken_after_all(job):
            return None
        refusal = what_changed(job)
    except HeldBack as held:
        return job.worry(held.why, held.wait)
    except Busy as busy:
        return job.worry(str(busy), waits.setback(0))
    if refusal:
        return job.mark_failed("INPUT_CHANGED", refusal, Money.RELEASED, "Not sent")
    return _post(job)


def _post(job: Job) -> None:
    client = connect(job.provider)
    image_url, video_url = addresses.input_link(job.character), addresses.input_link(job.motion)
    callback = addresses.is_reachable(job.provider)
    # From here to the answer's row a crash leaves it open whether the provider has the task.
    attempt = job.begin_submitting(callback=callback)
    also(attempt=attempt.pk)
    request = GenerateRequest(
        behaviour=job.behaviour,
        image_url=image_url,
        video_url=video_url,
        resolution=job.resolution,
        seed=job.seed,
        prompt=job.prompt,
        callback_url=addresses.callback_link(attempt) if callback else "",
    )

    def last_look() -> None:
        if not job.may_write():
            attempt.record(outcome=Outcome.NOT_SENT, message="The lease had run out")
            raise Stale(f"{job}: lease lost before the first byte, nothing was written")
        _hold_back(job)

    try:
        answer = client.generate(request, before_write=last_look)
        log.info("sent: %s %s", answer.outcome, answer.error or answer.task_id)
        attempt.record(
            outcome=answer.outcome,
            http_status=answer.http_status,
            error=answer.error or "",
            message=answer.message,
            task_id=answer.task_id,
        )
        follow(job, attempt, answer)
    except HeldBack as held:
        attempt.record(outcome=Outcome.NOT_SENT, message=held.why)
        job.requeue(held.why, held.wait)
    except Stale:
        # Somebody took it for lost. What we learned is in the attempt's row; wake whoever settles it.
        job.nudge()
        raise


def _hold_back(job: Job) -> None:
    """Raises HeldBack while it must wait: for the key, for its owner, for room on the disk."""
    key = ProviderKey.at(job.provider)
    if key.stopped_at:
        raise HeldBack(STOPPED, waits.account())
    if not has_key(job.provider):
        raise HeldBack(
            "The APIXO key was taken away. Nothing was sent; it goes out once there is one.", waits.account()
        )
    if ProviderKey.opens_at(job.provider):
        raise HeldBack(SLOW_DOWN, until_open(job.provider))
    if key.blocks_sending:
        raise HeldBack(PAUSED[ProviderKey.Pause(key.pause)], waits.account())
    needed = settings.MIN_FREE_BYTES + int(job.billed_seconds * RESULT_BYTES_A_SECOND)
    if shutil.disk_usage(settings.DATA_DIR).free < needed:
        raise HeldBack(
            "The disk has no room for the result. Nothing was sent; make room and it goes out.", waits.account()
        )
