"""Encrypted fields: the provider's key, a webhook's secret. The database alone does not tell them.

The keys come from `WANSTUDIO_ENCRYPTION_KEYS` or from the file `encryption.key` in the data folder, one a line. The
first one encrypts, all of them decrypt. They are read at each use, so that a rotation needs no restart. It knows
our own columns only: secrets in the rows of other apps are those of `allauth_secrets.py`.
"""

import os
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models

from wanstudio.settings_types import encryption_key, secret_key


class Unreadable(Exception):
    """A stored secret cannot be decrypted: its key is lost, or the row is damaged. The sentence says what to do."""

    def __init__(self) -> None:
        super().__init__(
            "The stored secret cannot be read: the encryption key is not the one that it was stored with. Enter it "
            "again, or bring the old key back."
        )


class SecretField(models.TextField):  # type: ignore[type-arg]
    """Holds what `encrypt` made, never the secret itself. Every such column is found by the rotation of keys."""


def encrypt(secret: str) -> str:
    """The secret, encrypted under the first key. The first call of all generates that key."""
    return MultiFernet(_fernets(_keys_or_first())).encrypt(secret.encode()).decode()


def decrypt(encrypted: str) -> str:
    """The secret. Raises Unreadable; nothing of either is in the exception."""
    try:
        return MultiFernet(_fernets(keys())).decrypt(encrypted).decode()
    except (InvalidToken, ValueError, TypeError):
        raise Unreadable from None


def is_current(encrypted: str) -> bool:
    """True if the first key alone reads it, so that the others could go."""
    try:
        _fernets(keys())[0].decrypt(encrypted)
    except (InvalidToken, IndexError):
        return False
    return True


def reencrypt(encrypted: str) -> str:
    """The same secret under the first key. Raises Unreadable."""
    return encrypt(decrypt(encrypted))


def key_file() -> Path:
    """Read only if the settings name no keys."""
    return Path(settings.DATA_DIR) / "encryption.key"


def keys() -> list[str]:
    """The keys in force, the first one encrypts; none before the first secret."""
    if settings.ENCRYPTION_KEYS:
        return list(settings.ENCRYPTION_KEYS)
    try:
        lines = key_file().read_text().split()
    except FileNotFoundError:
        return []
    return [line for line in lines if encryption_key(line)]


def add_key() -> None:
    """A new first key in the file; what stood there still decrypts. Whole, or not at all, whenever it is killed."""
    _write_keys([Fernet.generate_key().decode(), *_keys_or_first()])


def keep_first_key() -> None:
    """Only the first key of the file stays. What was encrypted with another is lost."""
    _write_keys(keys()[:1])


def take_keys(others: list[str]) -> None:
    """Keys of another studio, from its backup: they decrypt from now on, after the ones that are here."""
    _write_keys(list(dict.fromkeys([*keys(), *filter(encryption_key, others)])))


def _keys_or_first() -> list[str]:
    if not settings.ENCRYPTION_KEYS:
        secret_key(key_file(), generate=lambda: Fernet.generate_key().decode())
    if not (found := keys()):
        raise Unreadable
    return found


def _fernets(found: list[str]) -> list[Fernet]:
    return [Fernet(key) for key in found]


def _write_keys(new: list[str]) -> None:
    target = key_file()
    with tempfile.NamedTemporaryFile("w", dir=target.parent, prefix=f".{target.name}.", delete=False) as draft:
        draft.write("\n".join(new) + "\n")
        draft.flush()
        os.fsync(draft.fileno())
    os.replace(draft.name, target)
    handle = os.open(target.parent, os.O_RDONLY)
    try:
        # Rows will be encrypted with it at once: a power cut must not take the key back.
        os.fsync(handle)
    finally:
        os.close(handle)
