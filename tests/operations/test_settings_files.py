"""Settings from files, `<NAME>_FILE`: one place reads all of them, and refuses in a sentence that shows no value."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from environs import EnvError

from tests.blank import DATABASE
from tests.e2e.studio import ROOT, Studio
from wanstudio.settings_files import SettingsEnv, given

once = pytest.mark.skipif(DATABASE != "sqlite", reason="the same on every database")
KEY = "k3y-of-someone"


@pytest.fixture
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "secret"
    monkeypatch.setenv("APIXO_API_KEY_FILE", str(file))
    return file


def test_value_of_a_setting_is_the_text_of_its_file_without_the_space_around_it(secret: Path) -> None:
    secret.write_text(f"\n {KEY}\r\n")
    assert given("APIXO_API_KEY") == KEY
    assert SettingsEnv().str("APIXO_API_KEY", "") == KEY
    assert "APIXO_API_KEY" not in os.environ


def test_setting_in_neither_place_has_its_default() -> None:
    assert given("APIXO_API_KEY") is None
    assert SettingsEnv().int("PORT", 8000) == 8000


def test_values_and_files_that_the_env_file_names_are_read_after_the_environment(
    secret: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret.write_text(KEY)
    monkeypatch.delenv("APIXO_API_KEY_FILE")
    monkeypatch.setenv("PORT", "9000")
    (tmp_path / "env").write_text(f"APIXO_API_KEY_FILE={secret}\nPORT=8000\nSANDBOX_PORT=8500\n")
    env = SettingsEnv()
    env.read_env(str(tmp_path / "env"), recurse=False)
    assert (env.str("APIXO_API_KEY", ""), env.int("PORT", 1), env.int("SANDBOX_PORT", 1)) == (KEY, 9000, 8500)


def test_empty_plain_name_beside_a_file_is_no_second_value(secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a compose file that passes on a variable which is not set."""
    secret.write_text(KEY)
    monkeypatch.setenv("APIXO_API_KEY", "")
    assert given("APIXO_API_KEY") == KEY


def test_file_and_plain_name_together_are_refused(secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret.write_text(KEY)
    monkeypatch.setenv("APIXO_API_KEY", "another-secret")
    with pytest.raises(EnvError, match="APIXO_API_KEY and APIXO_API_KEY_FILE are both set") as refused:
        given("APIXO_API_KEY")
    assert not re.search(f"{KEY}|another-secret", str(refused.value))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "is empty"),
        (b" \n\t\n", "is empty"),
        (b"\xff\xfe\x00", "is not a text file"),
    ],
)
def test_file_that_holds_no_value_is_refused(secret: Path, content: bytes | None, why: str) -> None:
    if content is not None:
        secret.write_bytes(content)
    with pytest.raises(EnvError, match=f'"APIXO_API_KEY_FILE" invalid: {re.escape(str(secret))} {why}'):
        given("APIXO_API_KEY")


def test_folder_in_place_of_a_file_is_refused(secret: Path) -> None:
    """As an engine makes one where the file to mount does not exist."""
    secret.mkdir()
    with pytest.raises(EnvError, match="cannot be read: Is a directory"):
        given("APIXO_API_KEY")


@pytest.mark.skipif(os.geteuid() != 0, reason="another account has to read it, so this needs root")
def test_file_of_another_account_is_refused(secret: Path) -> None:
    secret.write_text(KEY)
    secret.chmod(0o600)
    os.seteuid(65534)
    try:
        with pytest.raises(
            EnvError, match=f"{secret} cannot be read: Permission denied. The account that runs the studio"
        ):
            given("APIXO_API_KEY")
    finally:
        os.seteuid(0)


def test_secret_in_place_of_its_file_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APIXO_API_KEY_FILE", KEY)
    with pytest.raises(
        EnvError, match='"APIXO_API_KEY_FILE" invalid: the file that it names cannot be read'
    ) as refused:
        given("APIXO_API_KEY")
    assert KEY not in str(refused.value)


@once
def test_wrong_file_stops_the_start_in_one_sentence(tmp_path: Path) -> None:
    said = Studio(tmp_path / "data").refuses("run", DATABASE_URL_FILE=str(tmp_path / "none"))
    assert said == (
        f'Wan Studio cannot start: Environment variable "DATABASE_URL_FILE" invalid: {tmp_path}/none cannot be read: '
        "No such file or directory. The account that runs the studio needs it.\n"
    )


@once
def test_misspelt_name_of_a_file_is_refused_with_the_right_one(tmp_path: Path) -> None:
    said = Studio(tmp_path / "data").refuses("prepare", APIXO_API_KYE_FILE=str(tmp_path))
    assert "There is no setting APIXO_API_KYE_FILE. Did you mean APIXO_API_KEY_FILE?" in said


@once
def test_secrets_of_files_are_in_force_and_in_no_environment(tmp_path: Path) -> None:
    """Every secret there is: what the settings hold, and what a program sees that the studio starts."""
    values = {
        "APIXO_API_KEY": KEY,
        "SECRET_KEY": "signs-everything",
        "WANSTUDIO_ENCRYPTION_KEYS": "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU=",
        "DATABASE_URL": "postgres://studio:pass-word@db.example/studio",
        "BROKER_URL": "amqp://studio:broke-word@mq.example//",
        "EMAIL_URL": "smtp+tls://studio:mail-word@mail.example:587",
    }
    files = {}
    for name, value in values.items():
        (tmp_path / name).write_text(f"{value}\n")
        files[f"{name}_FILE"] = str(tmp_path / name)
    code = (
        "import subprocess; from wanstudio import settings as s;"
        "print(s.PROVIDERS['apixo'][1], s.SECRET_KEY, *s.ENCRYPTION_KEYS, s.DATABASES['default']['PASSWORD'],"
        " s.BROKER_URL, s.EMAIL_HOST_PASSWORD, s.UNKNOWN_NAMES);"
        "print(subprocess.run(['env'], capture_output=True, text=True).stdout)"
    )
    env = {name: value for name, value in Studio(tmp_path / "data").env.items() if name not in values} | files
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    first, _, environment = shown.stdout.partition("\n")
    key, sign, encryption, database, broker, mail, unknown = first.split(" ")
    assert (key, sign, encryption) == tuple(list(values.values())[:3])
    assert (database, broker, mail, unknown) == ("pass-word", values["BROKER_URL"], "mail-word", "[]")
    assert not re.search("k3y-of|signs-|QUJD|pass-word|broke-word|mail-word", environment)


@once
def test_password_of_the_owner_can_be_in_a_file(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "data")
    studio.manage("prepare")
    (tmp_path / "password").write_text("correct-horse-battery\n")
    said = studio.manage(
        *("createowner", "--email", "ben@northlight.example", "--team", "Northlight"),
        WANSTUDIO_PASSWORD_FILE=str(tmp_path / "password"),
    )
    assert "owns “Northlight”" in said
    assert (
        studio.python(
            "from wanstudio.models import User; print(User.objects.get().check_password('correct-horse-battery'))"
        )
        == "True"
    )
