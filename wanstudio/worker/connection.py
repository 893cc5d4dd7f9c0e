"""The calls to a provider with its key: the only place that joins the two, and where a 429 holds every call back."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

from django.conf import settings
from django.utils import timezone

from wanstudio.models import ProviderKey
from wanstudio.provider.client import Client
from wanstudio.provider.failures import Error, StatusProblem
from wanstudio.provider.messages import TaskStatus
from wanstudio.worker import waits
from wanstudio.worker.database import refresh

T = TypeVar("T")


def connect(provider: str) -> Client:
    """The client as it is, for submissions. Raises ValueError without a key: see `has_key`."""
    base_url, key = settings.PROVIDERS[provider]
    return Client(base_url, key, settings.APIXO_MODEL, read_timeout_s=settings.PROVIDER_READ_TIMEOUT_S)


def has_key(provider: str) -> bool:
    """False if its key was taken away while jobs of its were under way."""
    return bool(settings.PROVIDERS[provider][1])


def ask_status(provider: str, task_id: str) -> TaskStatus | StatusProblem:
    return _ask(provider, lambda client, look: client.status(task_id, look))


def ask_balance(provider: str) -> Decimal | StatusProblem:
    return _ask(provider, lambda client, look: client.balance(look))


def until_open(provider: str) -> timedelta:
    """How long a 429 still holds calls back, and a little more, so that not all of them go out at once."""
    opens = ProviderKey.opens_at(provider)
    rest = opens - timezone.now() if opens else timedelta(0)
    return max(rest, timedelta(0)) + waits.seconds(0.1, 2)


def throttle(provider: str, retry_after_s: float | None) -> None:
    """A 429 was told: every call on this key waits."""
    # In this order: a refusal that is noted between the two looks is then not counted twice.
    key = ProviderKey.at(provider)
    before = max(key.throttles - 1, 0) if ProviderKey.opens_at(provider) else key.throttles
    key.throttle(waits.throttled(before, retry_after_s))


class _Closed(Exception):
    """The key was closed while the connection was made."""


def _ask(provider: str, call: Callable[[Client, Callable[[], None]], T | StatusProblem]) -> T | StatusProblem:
    """A question to the provider. While its key is closed: RATE_LIMITED with no HTTP status, and nothing is sent."""
    if not has_key(provider):
        return StatusProblem(Error.UNAUTHORIZED, message="The studio has no key for it any more.")
    if ProviderKey.opens_at(provider):
        return StatusProblem(Error.RATE_LIMITED)
    key = ProviderKey.at(provider)

    def last_look() -> None:
        # Many are asked at once: the 429 that one of them gets holds back those that are just connecting.
        if ProviderKey.opens_at(provider):
            raise _Closed

    try:
        answer = call(connect(provider), last_look)
    except _Closed:
        return StatusProblem(Error.RATE_LIMITED)
    refresh()
    if not isinstance(answer, StatusProblem):
        if key.throttles:
            key.answered()
    elif answer.error == Error.RATE_LIMITED:
        throttle(provider, answer.retry_after_s)
    return answer
