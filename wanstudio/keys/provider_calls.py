"""The calls to a provider with its key: the only place that joins the two, and where a 429 holds every call back."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

from django.conf import settings
from django.utils import timezone

from wanstudio.jobs.models.job import Job
from wanstudio.keys import in_force as keyring
from wanstudio.keys import intervals as waits
from wanstudio.keys.in_force import Key
from wanstudio.keys.models.provider_key import ProviderKey
from wanstudio.provider import providers
from wanstudio.provider.base import Account, Client
from wanstudio.provider.calls import Error, StatusProblem, TaskStatus
from wanstudio.settings_types import is_loopback
from wanstudio.work.reconnect import refresh

T = TypeVar("T")
LEAST_PATIENCE_S = 60.0
# How an account says that a task is not its.
DENIALS = (Error.NOT_FOUND, Error.BAD_REQUEST)
KEYLESS = "The studio has no key for it any more."


def connect(provider: str, secret: str | None = None) -> Client:
    """A client with this key, or with the one in force. Raises ValueError without a key."""
    secret = keyring.key_at(provider).secret if secret is None else secret
    base_url, patience_s = keyring.base_url(provider), settings.PROVIDER_READ_TIMEOUT_S
    if not is_loopback(base_url) and not keyring.is_from_environment():
        # The settings' own default is the sandbox's if the key came later. A POST cut short may have been charged.
        patience_s = max(patience_s, LEAST_PATIENCE_S)
    return providers.get(provider).client(Account(base_url, secret, settings.MODEL, read_timeout_s=patience_s))


def taken_by(job: Job) -> str:
    """The mark of the key whose account has this job's task, empty if nobody noted it."""
    attempt = job.recovered_from or job.submissions.filter(task_id=job.task_id).last()
    return attempt.key_mark if attempt else ""


def ask_status(provider: str, task_id: str, mark: str = "") -> TaskStatus | StatusProblem:
    """Asks with the key that took the task: to another account it does not exist.

    Where that key is gone, or refused by now, the one in force is asked; but its "no such task" proves nothing.
    """
    now = keyring.key_at(provider)
    taker = keyring.key_that_took(provider, mark) if mark else now
    if taker is not None:
        answer = _ask(provider, taker, lambda client, look: client.status(task_id, look))
        if taker.mark == now.mark or not _is_refusal(answer):
            return answer
    answer = _ask(provider, now, lambda client, look: client.status(task_id, look))
    if isinstance(answer, StatusProblem) and (_is_refusal(answer) or answer.error in DENIALS):
        return StatusProblem(Error.NO_KEY, answer.http_status)
    return answer


def _is_refusal(answer: TaskStatus | StatusProblem) -> bool:
    return isinstance(answer, StatusProblem) and answer.error in (Error.UNAUTHORIZED, Error.FORBIDDEN, Error.NO_KEY)


def ask_balance(provider: str) -> tuple[Decimal | StatusProblem, str]:
    """The balance of the key in force, and its mark."""
    key = keyring.key_at(provider)
    return _ask(provider, key, lambda client, look: client.balance(look)), key.mark


def balance_of(provider: str, secret: str) -> Decimal | StatusProblem:
    """The balance of a key that is not in force yet: nothing that holds the other one holds it."""
    return connect(provider, secret).balance()


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


def _ask(
    provider: str, with_key: Key, call: Callable[[Client, Callable[[], None]], T | StatusProblem]
) -> T | StatusProblem:
    """A question to the provider. While its key is closed: RATE_LIMITED with no HTTP status, and nothing is sent."""
    if not with_key.secret:
        return StatusProblem(Error.NO_KEY, message=KEYLESS)
    if ProviderKey.opens_at(provider):
        return StatusProblem(Error.RATE_LIMITED)
    key = ProviderKey.at(provider)

    def last_look() -> None:
        # Many are asked at once: the 429 that one of them gets holds back those that are just connecting.
        if ProviderKey.opens_at(provider):
            raise _Closed

    try:
        answer = call(connect(provider, with_key.secret), last_look)
    except _Closed:
        return StatusProblem(Error.RATE_LIMITED)
    refresh()
    if not isinstance(answer, StatusProblem):
        if key.throttles:
            key.answered()
    elif answer.error == Error.RATE_LIMITED:
        throttle(provider, answer.retry_after_s)
    return answer
