"""Pauses of a key: why, and for how long, nothing may be sent with it."""

from datetime import timedelta

from wanstudio.keys import in_force, intervals, words
from wanstudio.keys.models import ProviderKey
from wanstudio.keys.provider_calls import until_open
from wanstudio.keys.words import Reason


class Blocked(Exception):
    """Nothing may be sent: `why` in a sentence, and for how long. `whole_key`: the whole queue waits with this job."""

    def __init__(self, why: str, wait: timedelta, *, whole_key: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.wait = wait
        self.whole_key = whole_key


def blocked(provider: str) -> Blocked | None:
    """Why nothing may be sent to this provider now, or None."""
    key = ProviderKey.at(provider)
    wait = intervals.account()
    if key.stopped_at and key.stopped_why:
        return Blocked(key.stopped_why, wait, whole_key=True)
    if key.stopped_at:
        reason: str = Reason.STOPPED
    elif not (current := in_force.key_at(provider)).secret:
        reason = Reason.UNREADABLE if current.unreadable else Reason.NO_KEY
    elif ProviderKey.opens_at(provider):
        reason, wait = Reason.RATE_LIMITED, until_open(provider)
    elif key.blocks_sending:
        reason = key.pause
    else:
        return None
    return Blocked(words.blocked(provider, reason), wait, whole_key=True)
