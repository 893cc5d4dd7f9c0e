"""Checks of the provider's key and of the public address that it needs. For the owner and the first run."""

from django.conf import settings

from wanstudio.keys import in_force as keyring
from wanstudio.keys.models.provider_key import ProviderKey
from wanstudio.provider import providers
from wanstudio.web.fetchers import is_reachable
from wanstudio.web.studio_checks import Check, register_checks

PAUSES = {
    ProviderKey.Pause.UNAUTHORIZED: "{Name} does not accept the key.",
    ProviderKey.Pause.NO_BALANCE: "The balance of the key is too low.",
    ProviderKey.Pause.FORBIDDEN: "{Name} refused three jobs in a row: the key may not be allowed to use this model.",
}


def key_checks() -> list[Check]:
    key = ProviderKey.objects.filter(provider=keyring.provider_in_use()).first()
    return [_public_address(), _provider(key)]


def _public_address() -> Check:
    needed = not is_reachable(keyring.provider_in_use())
    if settings.WANSTUDIO_URL and needed:
        name = providers.get(keyring.provider_in_use()).display_name
        told = f"{settings.WANSTUDIO_URL} leads {name} nowhere. Links work; uploads need a public https address."
        return Check("Public address", False, told)
    if settings.WANSTUDIO_URL:
        return Check("Public address", True, settings.WANSTUDIO_URL)
    if needed:
        return Check("Public address", None, "Not set. Links work; uploads need WANSTUDIO_URL.")
    return Check("Public address", None, "Not set, and not needed in the sandbox. With a key, set WANSTUDIO_URL.")


def _provider(key: ProviderKey | None) -> Check:
    provider = providers.get(keyring.provider_in_use())
    title = keyring.MAIN.key_name
    if key and key.stopped_at:
        why = key.stopped_why or "Sending is stopped in these settings."
        return Check(title, False if key.stopped_why else None, f"{why} Jobs wait in the queue.")
    if key and key.pause:
        pause = providers.named(PAUSES[ProviderKey.Pause(key.pause)], key.provider)
        return Check(
            title,
            False,
            f"{pause} Jobs wait in the queue, nothing is lost.",
        )
    if ProviderKey.opens_at(provider.name):
        return Check(
            title, True, f"{provider.opening_name} asked us to slow down. Calls go on by themselves in a moment."
        )
    if provider.name == keyring.SANDBOX:
        return Check(title, None, "Not set. The sandbox stands in: videos are stand-ins and nothing is billed.")
    if keyring.key_at(keyring.PROVIDER).unreadable:
        return Check(title, False, "The stored key cannot be read: the encryption key has changed. Enter it again.")
    return Check(title, True, f"Set. Videos are made by {provider.display_name} and billed to the key.")


register_checks(key_checks)
