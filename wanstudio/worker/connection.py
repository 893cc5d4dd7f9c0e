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

T = TypeVar("T")


def connect(provider: str) -> Client:
    """The client as it is, for submissions. Raises ValueError without a key: see `has_key`."""
    base_url, key = settings.PROVIDERS[provider]
    return Client(base_url, key, settings.APIXO_MODEL, read_timeout_s=settings.PROVIDER_READ_TIMEOUT_S)


def has_key(provider: str) -> bool:
    """False if its key was taken away while jobs of its were under way."""
    return bool(settings.PROVIDERS[provider][1])


def ask_status(provider: str, task_id: str) -> TaskStatus | StatusProblem:
    return _ask(provider, lambda client: client.status(task_id))


def ask_balance(provider: str) -> Decimal | StatusProblem:
    return _ask(provider, lambda client: client.balance())


def until_open(provider: str) -> timedelta:
    """How long a 429 still holds calls back, and a little more, so that not all of them go out at once."""
    opens = ProviderKey.opens_at(provider)
    rest = opens - timezone.now() if opens else timedelta(0)
    return max(rest, timedelta(0)) + waits.seconds(0.1, 2)


def _ask(provider: str, call: Callable[[Client], T | StatusProblem]) -> T | StatusProblem:
    """A question to the provider. While its key is closed: RATE_LIMITED with no HTTP status, and nothing is sent."""
    if not has_key(provider):
        return StatusProblem(Error.UNAUTHORIZED, message="The studio has no key for it any more.")
    if ProviderKey.opens_at(provider):
        return StatusProblem(Error.RATE_LIMITED)
    answer = call(connect(provider))
    key = ProviderKey.at(provider)
    if not isinstance(answer, StatusProblem):
        key.answered()
    elif answer.error == Error.RATE_LIMITED:
        key.throttle(waits.throttled(key.throttles, answer.retry_after_s))
    return answer
