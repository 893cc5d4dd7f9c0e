"""What the worker does besides jobs: a poster for a linked clip, the balance of a key."""

from datetime import timedelta

from wanstudio import keyring
from wanstudio.addresses import peoples_fetcher
from wanstudio.media.fetch import FetchError
from wanstudio.media.poster import poster
from wanstudio.media.probe import MediaError
from wanstudio.media.remote import RemoteFile
from wanstudio.models import Job, ProviderKey, Source, StoredKey
from wanstudio.provider.failures import Error, StatusProblem
from wanstudio.provider.sentences import explain
from wanstudio.worker import connection, waits

POSTER_MAX_BYTES = 64 * 1024 * 1024
POSTER_REQUESTS = 200
POSTER_S = 60
MOST_TRIES = 3


def make_poster(source: Source) -> None:
    """A still of what is behind a link, so that browsers load nothing from foreign hosts.

    Nice to have: given up after 3 tries.
    """
    if source.poster or source.attempts > MOST_TRIES:
        return source.postpone(None)
    remote = RemoteFile(
        peoples_fetcher(), source.url, max_bytes=POSTER_MAX_BYTES, max_requests=POSTER_REQUESTS, deadline_s=POSTER_S
    )
    try:
        source.keep_poster(poster(remote, "video" if source.is_motion else "image"))
    except (FetchError, MediaError):
        return source.postpone(timedelta(seconds=30))
    return source.postpone(None)


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
        return offered.refuse("APIXO refuses this key.")
    if answer.error == Error.RATE_LIMITED:
        wait = waits.throttled(offered.attempts, answer.retry_after_s)
    else:
        wait = waits.retry(offered.attempts)
    return offered.postpone(wait, problem=explain(answer.error, answer.message).cause[:300])
