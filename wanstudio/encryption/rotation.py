"""Rotation of the encryption key: every stored secret under a new one, and those that cannot be read."""

import fcntl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import models

from wanstudio.encryption.encrypted_fields import (
    SecretField,
    Unreadable,
    add_key,
    decrypt,
    is_current,
    keep_first_key,
    keys,
    reencrypt,
)


class CannotRotate(Exception):
    """One sentence for the terminal. Nothing was changed."""


@dataclass
class Rotated:
    """`went_on`: an earlier rotation had been cut short, and no key was added. `dropped`: how many old keys went."""

    reencrypted: int
    unreadable: list[str]
    went_on: bool
    dropped: int


def rotate(*, drop_old: bool = False) -> Rotated:
    """A new first key (in the file; the settings' are not ours to change), and every secret under it.

    Killed anywhere: both keys are in the file and each secret is under one of them. The next run goes on from there.
    """
    with (Path(settings.DATA_DIR) / ".encryption.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CannotRotate("Another rotation is under way. Wait for it to end.") from None
        went_on = len(keys()) > 1 and any(not is_current(secret) for *_, secret in _secrets())
        if not settings.ENCRYPTION_KEYS and not went_on:
            add_key()
        reencrypted = _reencrypt_all()
        lost = unreadable()
        old = len(keys()) - 1
        if drop_old and not settings.ENCRYPTION_KEYS and old and not lost:
            # Once more: a process may have stored one just while we looked.
            reencrypted += _reencrypt_all()
            keep_first_key()
        else:
            old = 0
        return Rotated(reencrypted, lost, went_on, old)


def unreadable() -> list[str]:
    """The secrets that no key of ours reads, as `webhook 3`."""
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
            new = secret if is_current(secret) else reencrypt(secret)
        except Unreadable:
            continue
        if new != secret:
            # One that was entered meanwhile stands.
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
