"""Secrets at rest: what the database alone tells, and keys that change under it."""

import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from environs import EnvError
from pytest_django import Settings

from wanstudio.encryption import encrypted_fields
from wanstudio.settings_types import encryption_keys

SECRET = "canary-7f3b1c9e2d"


@pytest.fixture(autouse=True)
def data(settings: Settings, tmp_path: Path) -> Path:
    settings.DATA_DIR, settings.ENCRYPTION_KEYS = tmp_path, ()
    return tmp_path


def test_key_is_generated_once_and_readable_by_its_owner_only(data: Path) -> None:
    encrypted = encrypted_fields.encrypt(SECRET)
    file = data / "encryption.key"
    first = file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert SECRET not in encrypted
    assert (encrypted_fields.decrypt(encrypted), encrypted_fields.decrypt(encrypted_fields.encrypt("ü € \n"))) == (
        SECRET,
        "ü € \n",
    )
    assert file.read_text() == first


def test_old_secrets_are_readable_after_a_new_key(data: Path) -> None:
    old = encrypted_fields.encrypt(SECRET)
    encrypted_fields.add_key()
    assert stat.S_IMODE((data / "encryption.key").stat().st_mode) == 0o600
    assert encrypted_fields.decrypt(old) == SECRET
    assert not encrypted_fields.is_current(old)
    new = encrypted_fields.encrypt(encrypted_fields.decrypt(old))
    assert encrypted_fields.is_current(new)
    encrypted_fields.keep_first_key()
    assert encrypted_fields.decrypt(new) == SECRET
    with pytest.raises(encrypted_fields.Unreadable):
        encrypted_fields.decrypt(old)


def test_lost_key_raises_a_sentence(data: Path) -> None:
    encrypted = encrypted_fields.encrypt(SECRET)
    (data / "encryption.key").unlink()
    with pytest.raises(encrypted_fields.Unreadable, match="Enter it again"):
        encrypted_fields.decrypt(encrypted)
    (data / "encryption.key").write_text("half a ke")
    with pytest.raises(encrypted_fields.Unreadable):
        encrypted_fields.decrypt(encrypted)
    with pytest.raises(encrypted_fields.Unreadable):
        encrypted_fields.encrypt(SECRET)


@pytest.mark.parametrize("encrypted", ["", "no token", "gAAAAA", SECRET, "ü"])
def test_damaged_secret_is_unreadable(encrypted: str) -> None:
    encrypted_fields.encrypt(SECRET)
    with pytest.raises(encrypted_fields.Unreadable):
        encrypted_fields.decrypt(encrypted)


def test_keys_of_the_settings_come_first(settings: Settings, data: Path) -> None:
    mine, other = (Fernet.generate_key().decode() for _ in range(2))
    settings.ENCRYPTION_KEYS = encryption_keys([f" {mine}", other, ""])
    encrypted = encrypted_fields.encrypt(SECRET)
    assert Fernet(mine).decrypt(encrypted).decode() == SECRET
    assert not (data / "encryption.key").exists()
    settings.ENCRYPTION_KEYS = (other, mine)
    assert encrypted_fields.decrypt(encrypted) == SECRET


def test_wrong_key_is_refused_without_being_repeated() -> None:
    with pytest.raises(EnvError, match="WANSTUDIO_ENCRYPTION_KEYS") as wrong:
        encryption_keys([Fernet.generate_key().decode(), "nonsense-of-mine"])
    assert "nonsense-of-mine" not in str(wrong.value)
