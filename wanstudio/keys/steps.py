"""The worker's steps for keys: the balance of the key in force, and the check of one that was entered."""

from datetime import timedelta

from wanstudio.keys import in_force, intervals, provider_calls, verbs, words
from wanstudio.keys.models import ProviderKey, StudioKey
from wanstudio.provider import providers
from wanstudio.provider.base import Failure
from wanstudio.provider.calls import Error, StatusProblem
from wanstudio.work import registry


def ask_balance(key: ProviderKey) -> None:
    """The balance, noted with its time; lifts a pause that it answers. Crash anywhere: asked again."""
    if key.provider != in_force.provider_in_use() and not in_force.key_user().unfinished(key.provider):
        # A sandbox that has ended, or a key that was taken away: no one waits for its balance.
        return key.postpone(None, problem="")
    current = in_force.key_at(key.provider)
    answer = provider_calls.ask(key.provider, current, lambda client, check: client.balance(check), poll=True)
    if isinstance(answer, StatusProblem):
        wait = max(intervals.account(key.provider), provider_calls.until_open(key.provider))
        return key.postpone(wait, problem=answer.message[:300] or str(answer.error))
    verbs.note_balance(key, answer, current.mark)
    if key.pause != ProviderKey.Pause.NO_BALANCE or answer >= key.needed:
        verbs.resume(key)
    return verbs.ask_again(key, intervals.BALANCE_EVERY, intervals.account(key.provider))


def check_key(offered: StudioKey) -> None:
    """A key that was entered: in force once the provider answers with its balance. Crash anywhere: asked again."""
    if offered.state != StudioKey.State.CHECKING:
        return offered.postpone(None)
    key = in_force.opened(offered)
    if key.unreadable:
        return verbs.refuse(offered, words.OFFER_UNREADABLE)
    # Straight to the provider: what blocks the key in force does not block this one.
    answer = provider_calls.connect(offered.provider, key.secret).balance()
    if not isinstance(answer, StatusProblem):
        return verbs.accept(offered, answer, intervals.BALANCE_EVERY)
    if answer.error in (Error.UNAUTHORIZED, Error.FORBIDDEN) or answer.http_status in (401, 403):
        return verbs.refuse(offered, providers.named(words.OFFER_REFUSED, offered.provider))
    if answer.error == Error.RATE_LIMITED:
        wait = intervals.rate_limit_backoff(offered.provider, offered.claims, answer.retry_after_s)
    else:
        wait = intervals.retry(offered.provider, offered.claims)
    explained = providers.get(offered.provider).explain(Failure(answer.error, answer.message))
    return offered.postpone(wait, problem=explained.cause[:300])


def ask_balance_soon() -> None:
    """At the start of a worker; a moment later, because the sandbox starts together with it."""
    verbs.ask_balance(ProviderKey.at(in_force.provider_in_use()), timedelta(seconds=2))


registry.register(ProviderKey, ask_balance)
registry.register(StudioKey, check_key)
registry.pace = intervals.pace_of_hints
registry.starts.append(ask_balance_soon)
