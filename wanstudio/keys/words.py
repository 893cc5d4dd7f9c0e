"""Words of the keys: every sentence about a pause, a key that is missing, and a key that was entered."""

from django.db.models import TextChoices
from django.template.defaultfilters import pluralize

from wanstudio.keys.models import ProviderKey
from wanstudio.provider import providers

PAUSES = {
    ProviderKey.Pause.UNAUTHORIZED: "{Name} does not accept the key",
    ProviderKey.Pause.NO_BALANCE: "The balance of the {key} is too low",
    ProviderKey.Pause.FORBIDDEN: "{Name} refused three videos in a row",
}
NEXT_STEPS = {
    ProviderKey.Pause.UNAUTHORIZED: "Check it in Settings.",
    ProviderKey.Pause.NO_BALANCE: "Top it up; jobs are then sent automatically.",
    ProviderKey.Pause.FORBIDDEN: "Ask {name} whether the key can use the model.",
}
UNREADABLE = "The stored {key} cannot be read, because the encryption key has changed."
SLOW_DOWN = "{Name} asked us to slow down."
UNTIL = {
    ProviderKey.Pause.UNAUTHORIZED: "it is sent once the key works",
    ProviderKey.Pause.NO_BALANCE: "it is sent once the balance is high enough",
    ProviderKey.Pause.FORBIDDEN: "it is sent after a pause",
}
# A balance call, where the key it needs is gone.
NO_KEY_HERE = "The studio no longer has a key for it."
OFFER_UNREADABLE = "It could not be read again, because the encryption key has changed."
OFFER_REFUSED = "{Name} rejects this key."
LEARNED = "learned from {name}’s answers"
CANNOT_STORE = "The encryption key of this studio is damaged, so nothing can be stored. Restore it."
ENVIRONMENT_WINS = (
    "{variable} is set in the environment and takes precedence. Remove it there first. Nothing was stored."
)
KEY_LABEL = "Key from {name}’s dashboard"
KEY_HINT = "To make real videos, the owner of the first team sets the {name} key here."
REMOVED = "The key is removed. Nothing more is sent with it."


class Reason(TextChoices):
    """Reasons for which nothing can be sent with a key, besides its pauses; the label is what a queued job says."""

    STOPPED = (
        "stopped",
        "Sending is stopped in Settings. Nothing was charged; it is sent when the owner starts sending again.",
    )
    NO_KEY = "no_key", "The {key} was removed. Nothing was sent; it is sent once there is a key."
    UNREADABLE = ("unreadable", f"{UNREADABLE} Nothing was sent; it is sent once the key is entered again in Settings.")
    KEY_CHANGED = "key_changed", "The {key} was just changed. Nothing was sent; it is sent with the new key."
    RATE_LIMITED = "rate_limited", f"{SLOW_DOWN} Nothing was charged; it is sent automatically."


def allowed(calls: float, tasks: int) -> str:
    """What the key allows at present."""
    return f"{calls:.0f} call{pluralize(round(calls))} a minute, {tasks} video{pluralize(tasks)} at a time"


def pause_fact(provider: str, pause: str) -> str:
    """What is wrong with the key, without a full stop; empty without a pause."""
    return providers.named(PAUSES[ProviderKey.Pause(pause)], provider) if pause else ""


def pause_advice(provider: str, pause: str) -> str:
    return f"{pause_fact(provider, pause)}. {providers.named(NEXT_STEPS[ProviderKey.Pause(pause)], provider)}"


def blocked(provider: str, reason: Reason) -> str:
    return providers.named(str(reason.label), provider)


def blocked_by_pause(provider: str, pause: str) -> str:
    return f"{pause_fact(provider, pause)}. Nothing was charged; {UNTIL[ProviderKey.Pause(pause)]}."


def key_title(provider: str, ending: str) -> str:
    name = providers.get(provider).key_name
    return f"{name}, ends in {ending}" if ending else name
