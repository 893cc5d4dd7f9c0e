"""Encrypted fields: the provider's key, a webhook's secret, and the rotation of the key that encrypts them.

The keys come from `WANSTUDIO_ENCRYPTION_KEYS` or from the file `encryption.key` in the data folder, one a line. The
first one encrypts, all of them decrypt. They are read at each use, so that a rotation needs no restart.
"""

import base64
import fcntl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.apps import apps
from django.conf import settings
from django.db import models

from wanstudio.data_files import secret_key, whole
from wanstudio.settings_types import encryption_key


class Unreadable(Exception):
    """A stored secret cannot be decrypted: its key is lost, or the row is damaged. The sentence says what to do."""

    def __init__(self) -> None:
        super().__init__(
            "The stored secret cannot be read: the encryption key is not the one that it was stored with. Enter it "
            "again, or restore the old key."
        )


class SecretField(models.TextField):  # type: ignore[type-arg]
    """Holds what `encrypt` made, never the secret itself. Every such column is found by the rotation of keys."""


def encrypt(secret: str) -> str:
    """The secret, encrypted under the first key. The very first call generates that key."""
    return _fernet(_keys_or_first()).encrypt(secret.encode()).decode()


def decrypt(encrypted: str) -> str:
    """The decrypted secret. Raises Unreadable, which contains neither the secret nor the ciphertext."""
    try:
        return _fernet(keys()).decrypt(encrypted).decode()
    except (InvalidToken, ValueError, TypeError):
        raise Unreadable from None


def is_current(encrypted: str) -> bool:
    """True if the first key decrypts it, so that the others are not needed for it."""
    try:
        _fernet(keys()[:1]).decrypt(encrypted)
    except (InvalidToken, ValueError):
        return False
    return True


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
    """Puts a new first key into the file; the earlier keys still decrypt. Atomic."""
    _write_keys([Fernet.generate_key().decode(), *_keys_or_first()])


def keep_first_key() -> None:
    """Keeps only the first key of the file. What was encrypted with another one is lost."""
    _write_keys(keys()[:1])


def take_keys(others: list[str]) -> None:
    """Adds the keys of another studio, from its backup, after the present ones: they decrypt, too."""
    _write_keys(list(dict.fromkeys([*keys(), *filter(encryption_key, others)])))


def _keys_or_first() -> list[str]:
    if not settings.ENCRYPTION_KEYS:
        secret_key(key_file(), generate=lambda: Fernet.generate_key().decode())
    if not (found := keys()):
        raise Unreadable
    return found


def _fernet(found: list[str]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in found])


def derived_keys(purpose: str) -> MultiFernet:
    """Keys from `SECRET_KEY`, which is not in the database, for secrets in rows of other apps; its fallbacks decrypt.

    Such a secret is inside JSON that allauth writes: the rotation, which looks for columns of ours, would miss it and
    then delete its key.
    """
    derived = []
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"wanstudio {purpose}".encode())
        derived.append(Fernet(base64.urlsafe_b64encode(hkdf.derive(str(secret).encode()))))
    return MultiFernet(derived)


def _write_keys(new: list[str]) -> None:
    """On the disk when this returns: rows are encrypted with the first one immediately afterwards."""
    with whole(key_file()) as draft:
        draft.write(("\n".join(new) + "\n").encode())


class CannotRotate(Exception):
    """One sentence for the terminal. Nothing was changed."""


@dataclass
class Rotated:
    """`went_on`: it continued an interrupted rotation, without a new key. `dropped`: deleted old keys."""

    reencrypted: int
    unreadable: list[str]
    went_on: bool
    dropped: int


def rotate(*, drop_old: bool = False) -> Rotated:
    """A new first key (in the file; the settings' are not ours to change), and every secret under it.

    Killed anywhere: both keys are in the file and each secret is under one of them. The next run continues from there.
    """
    with (Path(settings.DATA_DIR) / ".encryption.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CannotRotate("Another rotation is running. Wait for it to end.") from None
        went_on = len(keys()) > 1 and any(not is_current(secret) for *_, secret in _secrets())
        if not settings.ENCRYPTION_KEYS and not went_on:
            add_key()
        reencrypted = _reencrypt_all()
        lost = unreadable()
        dropped = len(keys()) - 1 if drop_old and not settings.ENCRYPTION_KEYS and not lost else 0
        if dropped:
            # Once more: a process might have stored one just while we looked.
            reencrypted += _reencrypt_all()
            keep_first_key()
        return Rotated(reencrypted, lost, went_on, dropped)


def unreadable() -> list[str]:
    """The secrets that none of the keys decrypts, as `webhook 3`."""
    lost = []
    for model, pk, _, secret in _secrets():
        try:
            decrypt(secret)
        except Unreadable:
            lost.append(f"{model._meta.verbose_name} {pk}")
    return lost


def _reencrypt_all() -> int:
    done = 0
    for model, pk, name, secret in _secrets():
        try:
            new = secret if is_current(secret) else encrypt(decrypt(secret))
        except Unreadable:
            continue
        if new != secret:
            # One that was entered meanwhile is kept.
            done += model._base_manager.filter(pk=pk, **{name: secret}).update(**{name: new})
    return done


def _secrets() -> Iterator[tuple[type[models.Model], int, str, str]]:
    """Model, id, column and ciphertext of each."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, SecretField):
                rows = model._base_manager.exclude(**{field.name: ""}).order_by("pk")
                for pk, secret in list(rows.values_list("pk", field.name)):
                    if secret:
                        yield model, pk, field.name, secret
