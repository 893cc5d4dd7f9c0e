"""The units of deploy/systemd as deploy/install.sh puts them in place: whole, and closed; what the script refuses."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.blank import DATABASE
from tests.e2e.studio import ROOT
from wanstudio.operations.supervisor import GRACE_S

once = pytest.mark.skipif(DATABASE != "sqlite", reason="the same on every database")
UNITS = ROOT / "deploy" / "systemd"
SERVICES = ("wanstudio.service", "wanstudio-worker.service", "wanstudio-backup.service")
ANALYZE = shutil.which("systemd-analyze")
# As docs/install.md says: 0 is closed, 10 is open.
EXPOSURE = 1.4
needs_systemd = pytest.mark.skipif(not ANALYZE, reason="systemd-analyze is not installed")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("root")
    system = made / "etc" / "systemd" / "system"
    shutil.copytree(UNITS, system)
    for name in SERVICES:
        (system / f"{name}.d").mkdir()
        shutil.copyfile(UNITS / "hardening.conf", system / f"{name}.d" / "hardening.conf")
    (system / "hardening.conf").unlink()
    # The usual targets, and the program.
    shutil.copytree("/lib/systemd/system", made / "lib" / "systemd" / "system", symlinks=True)
    python = made / "opt" / "wanstudio" / "current" / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch(0o755)
    return made


def analyze(root: Path, *words: str) -> str:
    done = subprocess.run(
        [str(ANALYZE), *words, f"--root={root}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@once
@needs_systemd
@pytest.mark.parametrize("unit", [*SERVICES, "wanstudio-backup.timer"])
def test_systemd_finds_nothing_wrong(root: Path, unit: str) -> None:
    assert analyze(root, "verify", unit) == ""


@once
@needs_systemd
@pytest.mark.parametrize("unit", SERVICES)
def test_exposure_is_what_the_page_says(root: Path, unit: str) -> None:
    said = analyze(root, "security", "--offline=true", "--no-pager", unit)
    assert f"Overall exposure level for {unit}: {EXPOSURE}" in said
    assert f"rates that {EXPOSURE}" in (ROOT / "docs" / "install.md").read_text()


@once
@pytest.mark.parametrize("unit", SERVICES[:2])
def test_systemd_waits_longer_than_the_studio_drains(unit: str) -> None:
    text = (UNITS / unit).read_text()
    found = re.search(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)
    assert found
    assert int(found[1]) > GRACE_S + 2
    assert "KillMode=mixed" in text


@once
@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--url"], "--url needs a value."),
        (["--url", "http://studio.example.com"], "is no address such as https://studio.example.com."),
        (["--url", "https://studio.example.com/$(id)"], "is no address such as https://studio.example.com."),
        (["--proxy", "apache"], "--proxy is nginx or caddy."),
        (["--backups", "backups"], "--backups needs a whole path"),
        (["--backups", "/mnt/my backups"], "--backups needs a whole path"),
        (["--wrong"], "--wrong is no option."),
    ],
)
def test_script_refuses_before_it_changes_anything(words: list[str], why: str) -> None:
    done = subprocess.run(
        ["sh", str(ROOT / "deploy" / "install.sh"), *words], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 1
    assert why in done.stderr
    assert done.stderr.strip().endswith("Nothing was changed.")
