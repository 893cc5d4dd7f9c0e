"""Intervals between the worker's calls, as the provider asks for them (see its page), times `WANSTUDIO_PACE`."""

import random
import time
from datetime import timedelta

from django.conf import settings

from wanstudio.keys import in_force
from wanstudio.keys.models import StudioKey
from wanstudio.provider import providers
from wanstudio.settings_types import is_loopback

MISSING_FOR = timedelta(minutes=10)
PROBE_GOOD_FOR = timedelta(minutes=10)
UNCONFIRMED_FOR = timedelta(minutes=60)
OVERDUE_AFTER = timedelta(hours=24)
BALANCE_EVERY = timedelta(minutes=10)
KEY_CHECKED_EVERY_S = 1.0

_has_key = True
_checked_at = float("-inf")


def pace(provider: str) -> float:
    """The factor on every interval there: as set, else the provider's own. Below 1 only on this machine."""
    if settings.PACE is None:
        return providers.get(provider).pace
    return settings.PACE if is_loopback(in_force.base_url(provider)) else max(settings.PACE, 1.0)


def pace_of_hints() -> float:
    """For rows of any provider: the sandbox's only while no key is there. Looked at once a second a process."""
    global _has_key, _checked_at
    if time.monotonic() - _checked_at >= KEY_CHECKED_EVERY_S:
        _has_key = in_force.is_from_environment() or StudioKey.objects.exclude(secret="").exists()
        _checked_at = time.monotonic()
    return pace(in_force.PROVIDER if _has_key else in_force.SANDBOX)


def paced(provider: str, wait: timedelta) -> timedelta:
    return wait * pace(provider)


def seconds(provider: str, low: float, high: float | None = None) -> timedelta:
    return paced(provider, timedelta(seconds=random.uniform(low, high or low)))  # noqa: S311 (jitter, not a secret)


def first_poll(provider: str, duration: float, *, callback: bool) -> timedelta:
    """Until the first status call of a task whose motion has `duration` seconds."""
    return seconds(provider, *in_force.model(provider).polling.intervals(duration, callback=callback)[0])


def next_poll(provider: str, duration: float, *, callback: bool) -> timedelta:
    return seconds(provider, *in_force.model(provider).polling.intervals(duration, callback=callback)[1])


def balance_soon(provider: str) -> timedelta:
    """After the money has moved. At most once a second at any pace: many jobs a second are answered by one reading."""
    return max(seconds(provider, 5), timedelta(seconds=1))


def retry(provider: str, retries: int) -> timedelta:
    """Full jitter under a doubling roof of 10 s to 300 s, never under 1 s."""
    return seconds(provider, 1, min(10 * 2**retries, 300))


def setback(provider: str, setbacks: int) -> timedelta:
    """After a poll or a download that went wrong: 5–10 s, doubling to some 10 minutes."""
    factor = 2 ** min(setbacks, 6)
    return seconds(provider, 5.5 * factor, 10 * factor)


def rate_limit_backoff(provider: str, rate_limits: int, retry_after_s: float | None) -> timedelta:
    """After a 429: what the provider asks for, unchanged; else 10 s doubling to 300 s with jitter.

    Never under 1 s: "Retry-After: 0" again and again must not become a storm.
    """
    if retry_after_s is not None:
        return timedelta(seconds=min(max(retry_after_s, 1), 3600))
    roof = min(10 * 2 ** min(rate_limits, 5), 300)
    return seconds(provider, roof, roof * 1.25)


def account(provider: str, before: int = 0) -> timedelta:
    """Between two looks at the balance of a key that was refused.

    `before`: how often it refused this job already, though the balance seemed to cover it; 20 minutes at most.
    """
    factor: int = 2 ** min(before, 5)
    return seconds(provider, 30, 40) * factor
