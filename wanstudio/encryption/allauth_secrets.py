"""Secrets at rest in rows of other apps: encrypted with a key derived from `SECRET_KEY`, which is not in the database.

Such a secret stands inside JSON that allauth writes, so the rotation, which looks for columns of ours,
would miss it and then throw its key away. What is in a column of ours belongs there.
"""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Broken(Exception):
    """Encrypted under a key that this studio does not have."""


def encrypt(text: str, purpose: str) -> str:
    return _keys(purpose).encrypt(text.encode()).decode()


def decrypt(encrypted: str, purpose: str) -> str:
    """The text that `encrypt` was given for the same purpose; keys of `SECRET_KEY_FALLBACKS` open, too."""
    try:
        return _keys(purpose).decrypt(encrypted.encode()).decode()
    except InvalidToken:
        raise Broken(purpose) from None


def _keys(purpose: str) -> MultiFernet:
    keys = []
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"wanstudio {purpose}".encode())
        keys.append(Fernet(base64.urlsafe_b64encode(derive.derive(str(secret).encode()))))
    return MultiFernet(keys)
