"""Intervals of the worker, in numbers."""

import pytest
from pytest_django import Settings

from wanstudio.keys import intervals

pytestmark = pytest.mark.django_db
SAMPLES = 200


@pytest.fixture(autouse=True)
def on_this_machine(settings: Settings) -> None:
    """Where a pace below 1 is allowed."""
    settings.PROVIDERS = settings.PROVIDERS | {"apixo": ("http://127.0.0.1:9/api/v1", "")}


def sampled(wait: object, *args: object, **kwargs: object) -> tuple[float, float]:
    """The shortest and the longest of many samples, in seconds."""
    seconds = [wait(*args, **kwargs).total_seconds() for _ in range(SAMPLES)]  # type: ignore[operator]
    return min(seconds), max(seconds)


@pytest.mark.parametrize(
    ("duration", "callback", "first", "following"),
    [
        (14.2, False, (60, 60), (5.5, 10)),
        (60.0, False, (60, 60), (5.5, 10)),
        (60.1, False, (120, 120), (10, 12)),
        (14.2, True, (120, 135), (60, 70)),
        (120.0, True, (120, 135), (60, 70)),
    ],
)
def test_polls_keep_the_providers_intervals(
    settings: Settings,
    duration: float,
    callback: bool,
    first: tuple[float, float],
    following: tuple[float, float],
) -> None:
    for pace in (1.0, 0.03, 4.0):
        settings.PACE = pace
        low, high = sampled(intervals.first_poll, "apixo", duration, callback=callback)
        assert first[0] * pace - 0.001 <= low <= high <= first[1] * pace + 0.001
        low, high = sampled(intervals.next_poll, "apixo", duration, callback=callback)
        assert following[0] * pace - 0.001 <= low <= high <= following[1] * pace + 0.001
        spread = (following[1] - following[0]) * pace
        assert high - low > spread * 0.7, "random over the whole interval"


@pytest.mark.parametrize(("retries", "roof"), [(0, 10), (1, 20), (2, 40), (10, 300)])
def test_retries_have_full_jitter(settings: Settings, retries: int, roof: float) -> None:
    settings.PACE = 1
    low, high = sampled(intervals.retry, "apixo", retries)
    assert 1 <= low < roof * 0.3
    assert roof * 0.7 < high <= roof


@pytest.mark.parametrize(("rate_limits", "roof"), [(0, 10), (1, 20), (2, 40), (3, 80), (4, 160), (5, 300), (50, 300)])
def test_rate_limit_backoff_grows_to_five_minutes(settings: Settings, rate_limits: int, roof: float) -> None:
    settings.PACE = 1
    low, high = sampled(intervals.rate_limit_backoff, "apixo", rate_limits, None)
    assert roof <= low < high <= roof * 1.25


@pytest.mark.parametrize(("asked", "waited"), [(0, 1), (17, 17), (3600, 3600), (99999, 3600)])
def test_retry_after_is_not_paced(settings: Settings, asked: float, waited: float) -> None:
    settings.PACE = 0.01
    assert sampled(intervals.rate_limit_backoff, "apixo", 0, asked) == (waited, waited)


def test_setbacks_grow_to_some_ten_minutes(settings: Settings) -> None:
    settings.PACE = 1
    assert sampled(intervals.setback, "apixo", 0)[0] >= 5.5
    low, high = sampled(intervals.setback, "apixo", 99)
    assert 352 <= low < high <= 640
