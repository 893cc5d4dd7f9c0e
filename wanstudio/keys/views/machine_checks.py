"""What works on this machine and what does not, in words, with what to do. For the owner and the first run."""

import shutil
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection

from wanstudio.keys import in_force as keyring
from wanstudio.keys.models.provider_key import ProviderKey
from wanstudio.provider import providers
from wanstudio.web.fetchers import is_reachable
from wanstudio.work.models import SILENT_AFTER, Heartbeat

BYTES_A_VIDEO = 5_000_000
PAUSES = {
    ProviderKey.Pause.UNAUTHORIZED: "{Name} does not accept the key.",
    ProviderKey.Pause.NO_BALANCE: "The balance of the key is too low.",
    ProviderKey.Pause.FORBIDDEN: "{Name} refused three jobs in a row: the key may not be allowed to use this model.",
}


class Check(NamedTuple):
    """`ok` None: not set, and the studio works without it."""

    title: str
    ok: bool | None
    sentence: str


def machine_checks() -> list[Check]:
    """Every part of the studio. Reads rows and the disk, calls nobody."""
    key = ProviderKey.objects.filter(provider=keyring.provider_in_use()).first()
    return [_database(), _disk(), _worker(), _public_address(), _provider(key), _mail()]


def _database() -> Check:
    postgres = connection.vendor == "postgresql"
    return Check("Database", True, "PostgreSQL, ready." if postgres else "SQLite, ready. Good for a small team.")


def _disk() -> Check:
    free = shutil.disk_usage(settings.DATA_DIR).free
    if free < settings.MIN_FREE_BYTES:
        least = settings.MIN_FREE_BYTES // 1024**2
        held = "Sending is held back until there is room, so that no result is paid for and lost."
        return Check("Storage", False, f"Only {free // 1024**2:,} MB free of the {least:,} MB to keep free. {held}")
    return Check("Storage", True, f"{free / 1e9:,.0f} GB free, room for about {free // BYTES_A_VIDEO:,} videos.")


def _worker() -> Check:
    age = Heartbeat.age()
    if age is None:
        return Check("Worker", False, "Not seen yet. It starts together with the studio.")
    if age < SILENT_AFTER:
        return Check("Worker", True, f"Running. Last heartbeat {_words(age)} ago.")
    return Check("Worker", False, f"Not running: last heartbeat {_words(age)} ago. Jobs wait; start the studio again.")


def _words(age: timedelta) -> str:
    """`2 s`, `3 min`, `5 h`."""
    seconds = max(int(age.total_seconds()), 0)
    if seconds < 60:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 3600 else f"{seconds // 3600} h"


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
    title = providers.MAIN.key_name
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


def _mail() -> Check:
    if not settings.EMAIL_URL:
        return Check("Mail", None, "Not set: nobody can ask for a new password. Set EMAIL_URL to your mail server.")
    host = urlsplit(settings.EMAIL_URL).hostname
    return Check("Mail", True, f"Set. Links for a new password go out{f' through {host}' if host else ''}.")
