"""How long the worker waits, in the provider's words (see its page), times `WANSTUDIO_PACE`."""

import random
import time
from datetime import timedelta

from django.conf import settings

from wanstudio.jobs.models.job import Job
from wanstudio.keys import in_force as keyring
from wanstudio.provider import providers
from wanstudio.provider.base import Polling
from wanstudio.provider.providers import model_of

MISSING_FOR = timedelta(minutes=10)
PROBE_GOOD_FOR = timedelta(minutes=10)
UNCONFIRMED_FOR = timedelta(minutes=60)
OVERDUE_AFTER = timedelta(hours=24)
BALANCE_EVERY = timedelta(minutes=10)
CHECK_KEY_EVERY_S = 1.0

_min_pace = 0.0
_checked_at = float("-inf")


def pace() -> float:
    """The factor on every interval. With a key that was set in the page the sandbox's hurry ends.

    Looked at once a second a process; a job can be sent with a key only after that was checked, over the network.
    """
    global _min_pace, _checked_at
    if settings.PACE < 1 and time.monotonic() - _checked_at >= CHECK_KEY_EVERY_S:
        _min_pace, _checked_at = (1.0 if keyring.must_not_hurry() else 0.0), time.monotonic()
    return max(settings.PACE, _min_pace)


def paced(wait: timedelta) -> timedelta:
    return wait * pace()


def seconds(low: float, high: float | None = None) -> timedelta:
    """A wait drawn between `low` and `high`, paced."""
    return paced(timedelta(seconds=random.uniform(low, high or low)))  # noqa: S311 (jitter, not a secret)


def first_poll(job: Job, *, callback: bool) -> timedelta:
    return seconds(*_polling(job).until_first(job.duration, callback=callback))


def next_poll(job: Job) -> timedelta:
    return seconds(*_polling(job).until_next(job.duration, callback=job.callback))


def _polling(job: Job) -> Polling:
    return model_of(providers.get(job.provider), settings.MODEL).polling


def retry(tries: int) -> timedelta:
    """Full jitter under a doubling roof of 10 s to 300 s, never under 1 s."""
    return seconds(1, min(10 * 2**tries, 300))


def setback(setbacks: int) -> timedelta:
    """After a poll or a download that went wrong: 5–10 s, doubling to some 10 minutes."""
    factor = 2 ** min(setbacks, 6)
    return seconds(5.5 * factor, 10 * factor)


def throttled(throttles: int, retry_after_s: float | None) -> timedelta:
    """After a 429: what the provider asks for, as it stands; else 10 s doubling to 300 s with jitter.

    Never under 1 s: "Retry-After: 0" again and again must not become a storm.
    """
    if retry_after_s is not None:
        return timedelta(seconds=min(max(retry_after_s, 1), 3600))
    roof = min(10 * 2 ** min(throttles, 5), 300)
    return seconds(roof, roof * 1.25)


def account(before: int = 0) -> timedelta:
    """Between two looks at the balance of a key that was refused.

    `before`: how often it refused this job already, though the balance seemed to cover it; 20 minutes at most.
    """
    factor: int = 2 ** min(before, 5)
    return seconds(30, 40) * factor
