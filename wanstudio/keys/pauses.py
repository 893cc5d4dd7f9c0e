"""What holds every submission of a key back, in a sentence for the jobs that wait."""

from datetime import timedelta

from wanstudio.keys import in_force as keyring
from wanstudio.keys import intervals as waits
from wanstudio.keys.models.provider_key import ProviderKey
from wanstudio.keys.provider_calls import until_open
from wanstudio.provider import providers

STOPPED = "Sending is stopped in the settings. Nothing was charged; it goes out when the owner starts it again."
KEYLESS = "The {key} was taken away. Nothing was sent; it goes out once there is one."
UNREADABLE = (
    "The stored {key} cannot be read, because the encryption key has changed. Nothing was sent; it goes out once "
    "the key is entered again in the settings."
)
KEY_CHANGED = "The {key} was changed just now. Nothing was sent; it goes out with the new one."
SLOW_DOWN = "{Name} asked us to slow down. Nothing was charged; it goes out again by itself."
PAUSED = {
    ProviderKey.Pause.UNAUTHORIZED: "{Name} refuses the key. Nothing was charged; it goes out once the key works.",
    ProviderKey.Pause.NO_BALANCE: (
        "The balance on the {key} does not cover it. Nothing was charged; it goes out once there is enough."
    ),
    ProviderKey.Pause.FORBIDDEN: (
        "{Name} refused three videos in a row, so sending rests for a moment. Nothing was charged; it goes out again."
    ),
}


class HeldBack(Exception):
    """It must wait: `why` in a sentence, and how long. `in_queue`: the whole key waits, this job with it."""

    def __init__(self, why: str, wait: timedelta, *, in_queue: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.wait = wait
        self.position = 1 if in_queue else None


def held_back(provider: str) -> HeldBack | None:
    """Why nothing may be sent to this provider now, or None."""
    key = ProviderKey.at(provider)
    if key.stopped_at:
        return HeldBack(key.stopped_why or STOPPED, waits.account(), in_queue=True)
    if not (in_force := keyring.key_at(provider)).secret:
        return HeldBack(
            providers.named(UNREADABLE if in_force.unreadable else KEYLESS, provider), waits.account(), in_queue=True
        )
    if ProviderKey.opens_at(provider):
        return HeldBack(providers.named(SLOW_DOWN, provider), until_open(provider), in_queue=True)
    if key.blocks_sending:
        return HeldBack(providers.named(PAUSED[ProviderKey.Pause(key.pause)], provider), waits.account(), in_queue=True)
    return None
