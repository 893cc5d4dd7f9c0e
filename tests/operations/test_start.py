"""The start: a misspelt setting, and a folder or a database that cannot be used, stop it with one sentence."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from environs import Env, EnvError

import manage
from tests.blank import DATABASE
from tests.e2e.studio import ROOT, Studio
from wanstudio.operations.health import BEHIND
from wanstudio.settings_types import unknown_names

KNOWN = (
    "APIXO_API_KEY",
    "APIXO_MODEL",
    "WANSTUDIO_DATA",
    "WANSTUDIO_URL",
    "WANSTUDIO_IN_FLIGHT",
    "WANSTUDIO_MAIL_FROM",
)
once = pytest.mark.skipif(DATABASE != "sqlite", reason="the same on every database")


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch) -> Env:
    """What has read the names of KNOWN, in an environment without any of ours."""
    for name in [name for name in os.environ if name.startswith(("WANSTUDIO_", "APIXO_"))]:
        monkeypatch.delenv(name)
    made = Env()
    for name in KNOWN:
        made.str(name, "")
    return made


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("APIXO_API_KYE", "APIXO_API_KEY"),
        ("APIXO_KEY", "APIXO_API_KEY"),
        ("APIXO_APIKEY", "APIXO_API_KEY"),
        ("WANSTUDIO_URLL", "WANSTUDIO_URL"),
        ("WANSTUDIO_DATA_DIR", "WANSTUDIO_DATA"),
        ("WANSTUDIO_INFLIGHT", "WANSTUDIO_IN_FLIGHT"),
        ("WANSTUDIO_EMAIL_FROM", "WANSTUDIO_MAIL_FROM"),
    ],
)
def test_misspelt_name_is_refused_with_the_right_one(
    env: Env, monkeypatch: pytest.MonkeyPatch, name: str, near: str
) -> None:
    monkeypatch.setenv(name, "x")
    with pytest.raises(EnvError, match=f"There is no setting {name}. Did you mean {near}?"):
        unknown_names(os.environ, env.dump())


def test_name_that_resembles_none_is_reported_and_the_studio_starts(env: Env, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting of a later version must not stop the earlier one after a rollback."""
    for name in (
        "WANSTUDIO_TEST_DATABASE",
        "WANSTUDIO_PASSWORD",
        "WANSTUDIO_ENV_FILE",
        "WANSTUDIO_URL",
        "SOMETHING_ELSE",
    ):
        monkeypatch.setenv(name, "x")
    assert unknown_names(os.environ, env.dump()) == []
    monkeypatch.setenv("WANSTUDIO_HOLOGRAMS", "x")
    (sentence,) = unknown_names(os.environ, env.dump())
    assert sentence.startswith("WANSTUDIO_HOLOGRAMS is not a setting of this version and is ignored.")


@once
def test_misspelt_name_in_the_file_of_settings_stops_the_start(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text("APIXO_API_KYE=secret-of-someone\n")
    said = Studio(tmp_path / "data").refuses("prepare", WANSTUDIO_ENV_FILE=str(file))
    assert said == (
        "Wan Studio cannot start: There is no setting APIXO_API_KYE. Did you mean APIXO_API_KEY? Correct the name, or "
        "remove it.\n"
    )


@once
def test_folder_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    said = Studio(tmp_path / "file" / "data").refuses("prepare")
    assert said.startswith(
        f"Wan Studio cannot start: {tmp_path / 'file' / 'data' / 'tmp'} cannot be used: Not a directory."
    )
    assert said.count("\n") == 1


@once
def test_database_that_is_none_is_reported_in_a_sentence(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "data")
    studio.data.mkdir(mode=0o700)
    (studio.data / "studio.sqlite3").write_bytes(b"no database at all" * 100)
    said = studio.refuses("prepare")
    assert "cannot be used: file is not a database. Check the file and its owner, or restore a backup." in said
    assert "file is not a database" in studio.command("status").stdout


@once
def test_database_that_was_not_prepared_is_reported_in_a_sentence(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "data")
    shown = studio.command("status")
    assert (shown.returncode, shown.stdout.strip(), shown.stderr) == (1, f"! {BEHIND}", "")
    assert studio.refuses("run").strip() == f"CommandError: {BEHIND}"


def test_ctrl_c_while_everything_is_loaded_ends_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(sys, "argv", ["manage.py", "run"])
    monkeypatch.setattr("django.setup", lambda: os.kill(os.getpid(), signal.SIGINT))
    try:
        with pytest.raises(SystemExit) as ended:
            manage.main()
    finally:
        signal.signal(signal.SIGINT, before)
    assert ended.value.code == 130


@once
def test_server_of_another_kind_writes_for_its_owner_alone(tmp_path: Path) -> None:
    """As gunicorn, which imports this and takes no care of the umask itself."""
    code = "import os; os.umask(0o022); import wanstudio.wsgi; print(oct(os.umask(0)))"
    made = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=Studio(tmp_path / "data").env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert made.stdout.split() == ["0o77"]
