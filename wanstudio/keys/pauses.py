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
    key, wait = ProviderKey.at(provider), intervals.account()
    if key.stopped_at:
        why = key.stopped_why or words.blocked(provider, Reason.STOPPED)
    elif not (current := in_force.key_at(provider)).secret:
        why = words.blocked(provider, Reason.UNREADABLE if current.unreadable else Reason.NO_KEY)
    elif ProviderKey.opens_at(provider):
        why, wait = words.blocked(provider, Reason.RATE_LIMITED), until_open(provider)
    elif key.blocks_sending:
        why = words.blocked_by_pause(provider, key.pause)
    else:
        return None
    return Blocked(why, wait, whole_key=True)
