"""The worker's steps for keys: the balance of a key, and the check of one that was set in the page."""

from datetime import timedelta

from wanstudio.jobs.models.job import Job
from wanstudio.keys import in_force as keyring
from wanstudio.keys import intervals as waits
from wanstudio.keys import provider_calls as connection
from wanstudio.keys.models.key_in_page import StoredKey
from wanstudio.keys.models.provider_key import ProviderKey
from wanstudio.provider import providers
from wanstudio.provider.base import Failure
from wanstudio.provider.calls import Error, StatusProblem
from wanstudio.work import registry


def ask_balance(key: ProviderKey) -> None:
    """The balance, noted with its time; lifts a pause that it answers. Crash anywhere: asked again."""
    if (
        key.provider != keyring.provider_in_use()
        and not Job.objects.unfinished().filter(provider=key.provider).exists()
    ):
        # A sandbox that has ended, or a key that was taken away: nobody waits for its balance.
        return key.postpone(None, problem="")
    answer, mark = connection.ask_balance(key.provider)
    if isinstance(answer, StatusProblem):
        wait = max(waits.account(), connection.until_open(key.provider))
        return key.postpone(wait, problem=answer.message[:300] or str(answer.error))
    key.note_balance(answer, mark)
    if key.pause != ProviderKey.Pause.NO_BALANCE or answer >= key.needed:
        key.resume()
    return key.ask_again(waits.BALANCE_EVERY, waits.account())


def check_key(offered: StoredKey) -> None:
    """A key that was set in the page: in force once the provider tells its balance. Crash anywhere: asked again."""
    if offered.state != StoredKey.State.CHECKING:
        return offered.postpone(None)
    key = keyring.opened(offered)
    if key.unreadable:
        return offered.refuse("It could not be read again, because the encryption key has changed.")
    answer = connection.balance_of(offered.provider, key.secret)
    if not isinstance(answer, StatusProblem):
        return offered.accept(answer, waits.BALANCE_EVERY)
    if answer.error in (Error.UNAUTHORIZED, Error.FORBIDDEN) or answer.http_status in (401, 403):
        return offered.refuse(f"{providers.get(offered.provider).opening_name} refuses this key.")
    if answer.error == Error.RATE_LIMITED:
        wait = waits.throttled(offered.claims, answer.retry_after_s)
    else:
        wait = waits.retry(offered.claims)
    explained = providers.get(offered.provider).explain(Failure(answer.error, answer.message))
    return offered.postpone(wait, problem=explained.cause[:300])


def ask_balance_soon() -> None:
    """At the start of a worker; a moment later, because the sandbox starts together with it."""
    ProviderKey.at(keyring.provider_in_use()).ask_balance_after(timedelta(seconds=2))


registry.register(ProviderKey, ask_balance)
registry.register(StoredKey, check_key)
registry.set_pace(waits.pace)
registry.at_start(ask_balance_soon)
