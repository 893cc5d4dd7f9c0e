"""Calls to a provider with its key, a 429 that blocks all other calls, and the reasons why nothing can be sent."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from django.conf import settings
from django.utils import timezone

from wanstudio.keys import call_budget, in_force, intervals, verbs, words
from wanstudio.keys.in_force import Key
from wanstudio.keys.models import ProviderKey
from wanstudio.keys.words import Reason
from wanstudio.provider import providers
from wanstudio.provider.base import Account, Client
from wanstudio.provider.calls import Error, StatusProblem, TaskStatus
from wanstudio.work.reconnect import refresh

T = TypeVar("T")
# How an account says that a task is not its.
DENIALS = (Error.NOT_FOUND, Error.BAD_REQUEST)


def connect(provider: str, secret: str | None = None) -> Client:
    """A client with this key, or with the one in force. Raises ValueError without a key."""
    secret = in_force.key_at(provider).secret if secret is None else secret
    this = providers.get(provider)
    read_timeout_s = settings.PROVIDER_READ_TIMEOUT_S or this.read_timeout_s
    return this.client(Account(in_force.base_url(provider), secret, settings.MODEL, read_timeout_s=read_timeout_s))


def ask_status(provider: str, task_id: str, mark: str = "", *, poll: bool = False) -> TaskStatus | StatusProblem:
    """Asks with the key that took the task: to another account it does not exist. `poll`: only because it is time.

    Where that key is gone, or refused by now, the one in force is asked; but its "no such task" proves nothing.
    """
    now = in_force.key_at(provider)
    taker = in_force.key_that_took(provider, mark) if mark else now
    if taker.secret or not mark:
        answer = ask(provider, taker, lambda client, check: client.status(task_id, check), poll=poll)
        if taker.mark == now.mark or not _is_refusal(answer):
            return answer
    answer = ask(provider, now, lambda client, check: client.status(task_id, check), poll=poll)
    if isinstance(answer, StatusProblem) and (_is_refusal(answer) or answer.error in DENIALS):
        return StatusProblem(Error.NO_KEY, answer.http_status)
    return answer


def _is_refusal(answer: TaskStatus | StatusProblem) -> bool:
    return isinstance(answer, StatusProblem) and answer.error in (Error.UNAUTHORIZED, Error.FORBIDDEN, Error.NO_KEY)


def until_open(provider: str) -> timedelta:
    """How long a 429 still blocks calls, and then until it is the turn of one more that was put off."""
    opens = ProviderKey.opens_at(provider)
    left = opens - timezone.now() if opens else timedelta(0)
    booked = call_budget.book(ProviderKey.at(provider))
    return max(left, timedelta(0)) + booked + intervals.seconds(provider, 0.1, 2)


def back_off(provider: str, retry_after_s: float | None, tasks: int | None = None) -> None:
    """A 429 came: every call on this key waits. `tasks`: how many others were in flight, if it met a submission."""
    # In this order: a refusal that is noted between the two looks is then not counted twice.
    key = ProviderKey.at(provider)
    before = max(key.rate_limits - 1, 0) if ProviderKey.opens_at(provider) else key.rate_limits
    verbs.back_off(key, intervals.rate_limit_backoff(provider, before, retry_after_s), tasks)


class Blocked(Exception):
    """Nothing can be sent: `why` in a sentence, and for how long. `whole_key`: the whole queue waits with this job."""

    def __init__(self, why: str, wait: timedelta, *, whole_key: bool = False) -> None:
        super().__init__(why)
        self.why, self.wait, self.whole_key = why, wait, whole_key


def blocked(provider: str) -> Blocked | None:
    """Why nothing can be sent to this provider now, or None."""
    key, wait = ProviderKey.at(provider), intervals.account(provider)
    if key.stopped_at:
        why = key.stopped_why or words.blocked(provider, Reason.STOPPED)
    elif not (current := in_force.key_at(provider)).secret:
        why = words.blocked(provider, Reason.UNREADABLE if current.unreadable else Reason.NO_KEY)
    elif key.paused_until and ProviderKey.opens_at(provider):
        why, wait = words.blocked(provider, Reason.RATE_LIMITED), until_open(provider)
    elif key.pause:
        why = words.blocked_by_pause(provider, key.pause)
    else:
        return None
    return Blocked(why, wait, whole_key=True)


class _Closed(Exception):
    """The key was closed while the connection was made."""


def ask(
    provider: str, with_key: Key, call: Callable[[Client, Callable[[], None]], T | StatusProblem], *, poll: bool = False
) -> T | StatusProblem:
    """A question to the provider. While its key is closed or has no call left: RATE_LIMITED without an HTTP status, and
    nothing is sent. `poll`: it leaves one call for urgent ones."""
    if not with_key.secret:
        return StatusProblem(Error.NO_KEY, message=words.NO_KEY_HERE)
    key = ProviderKey.at(provider)
    if key.paused_until and ProviderKey.opens_at(provider):
        return StatusProblem(Error.RATE_LIMITED)
    if not call_budget.take(key, poll=poll):
        return StatusProblem(Error.RATE_LIMITED)

    def last_check() -> None:
        # Many are asked at once: the 429 that one of them gets blocks those that are just connecting.
        if ProviderKey.opens_at(provider):
            raise _Closed

    try:
        answer = call(connect(provider, with_key.secret), last_check)
    except _Closed:
        return StatusProblem(Error.RATE_LIMITED)
    refresh()
    if not isinstance(answer, StatusProblem):
        if key.rate_limits:
            verbs.clear_rate_limits(key)
    elif answer.error == Error.RATE_LIMITED:
        back_off(provider, answer.retry_after_s)
    return answer
