"""Checks of the provider's key and of the public address that it needs, for the owner and the first run."""

from django.conf import settings

from wanstudio.keys import in_force
from wanstudio.keys.models import ProviderKey
from wanstudio.keys.words import SLOW_DOWN, UNREADABLE, pause_fact
from wanstudio.provider import providers
from wanstudio.web.fetchers import is_reachable
from wanstudio.web.studio_checks import Check


def key_checks() -> list[Check]:
    return [_public_address(), _provider_key()]


def _public_address() -> Check:
    title, provider = "Public address", in_force.provider_in_use()
    needed = not is_reachable(provider)
    if settings.WANSTUDIO_URL and needed:
        name = providers.get(provider).display_name
        reason = f"{name} cannot reach {settings.WANSTUDIO_URL}. Links work; uploads need a public https address."
        return Check(title, False, reason)
    if settings.WANSTUDIO_URL:
        return Check(title, True, settings.WANSTUDIO_URL)
    if needed:
        return Check(title, None, "Not set. Links work; uploads need WANSTUDIO_URL.")
    return Check(title, None, "Not set, and not needed in the sandbox. With a key, set WANSTUDIO_URL.")


def _provider_key() -> Check:
    title, provider = in_force.MAIN.key_name, in_force.provider_in_use()
    key = ProviderKey.peek(provider)
    if key.stopped_at:
        why = key.stopped_why or "Sending is stopped in these settings."
        return Check(title, False if key.stopped_why else None, f"{why} Jobs wait in the queue.")
    if key.pause:
        return Check(title, False, f"{pause_fact(provider, key.pause)}. Jobs wait in the queue, nothing is lost.")
    if ProviderKey.opens_at(provider):
        return Check(title, True, providers.named(f"{SLOW_DOWN} Calls go on in a moment.", provider))
    if provider == in_force.SANDBOX:
        return Check(title, None, "Not set. The sandbox stands in: videos are stand-ins and nothing is billed.")
    if in_force.key_at(provider).unreadable:
        return Check(title, False, providers.named(f"{UNREADABLE} Enter it again.", provider))
    return Check(title, True, providers.named("Set. Videos are made by {name} and billed to the key.", provider))
