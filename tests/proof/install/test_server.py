"""A server as the pages say: every command of theirs on a copy of this machine, with systemd in charge."""

import sys
import time
from collections.abc import Iterator

import pytest

from tests.docs_commands import commands
from tests.e2e.studio import wait_until
from tests.proof.install.checkout import checkout, download
from tests.proof.install.first_video import NAME
from tests.proof.install.machine import Machine, lacking, machine
from tests.proof.rollback.checkouts import LATER

URL = f"https://{NAME}"
# "From nothing to the first sandbox video": the machine's work, without what it downloads.
FIRST_VIDEO_WITHIN_S = 120
# Root needs no sudo, and not every machine has one.
AS_ROOT = {"sudo ": ""}
# The machine has no way to an authority, so Caddy is its own.
CADDYS_AUTHORITY = "/var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt"
OWN_AUTHORITY = "{\n    local_certs\n    skip_install_trust\n}\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    if why := lacking():
        pytest.skip(why)
    shared = tmp_path_factory.mktemp("server")
    checkout(shared / "wan-studio")
    download(shared / "packages")
    with machine(tmp_path_factory.mktemp("machine"), shared) as made:
        yield made


@pytest.fixture(scope="module")
def installed(server: Machine) -> list[str]:
    """The lines of the page: install, one more worker, uninstall. The first was run."""
    lines = commands("docs/install.md", "On a server", AS_ROOT)
    server.run("sh", "-c", f"printf '{OWN_AUTHORITY}' >/etc/caddy/Caddyfile")
    began = time.monotonic()
    said = run(server, lines[0])
    code = said.rpartition("the setup code is ")[2].strip()
    assert f"the studio runs at {URL}" in said
    # As the name's authority is one of the machine's own, which the sandbox has to know: it fetches by that address.
    server.run("sh", "-c", f"cp {CADDYS_AUTHORITY} /usr/local/share/ca-certificates/ && update-ca-certificates")
    server.browse(URL, code)
    took = time.monotonic() - began
    sys.stdout.write(f"First video on a server, without downloads: {took:.0f} s; the goal: {FIRST_VIDEO_WITHIN_S} s\n")
    return lines


def run(server: Machine, *lines: str) -> str:
    env = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/root/shared/packages"}
    return server.shell(["cd /root/shared/wan-studio", *lines], env=env)


def test_same_command_again_changes_nothing(server: Machine, installed: list[str]) -> None:
    before = server.shows("wanstudio", "MainPID")
    kept = "/etc/caddy/wanstudio.caddyfile is there and stays as it is"
    assert [line.removeprefix("wanstudio: ")[: len(kept)] for line in run(server, installed[0]).splitlines()] == [
        kept,
        "restarted caddy",
        "enabled wanstudio wanstudio-backup.timer",
        "waiting until the studio answers…",
        f"the studio runs at {URL}",
    ]
    assert server.shows("wanstudio", "MainPID") == before


def test_services_can_write_their_data_and_nothing_else(server: Machine, installed: list[str]) -> None:
    pid = server.shows("wanstudio", "MainPID")
    status = server.run("cat", f"/proc/{pid}/status")
    assert {
        line for line in status.splitlines() if line.startswith(("CapEff", "CapBnd", "NoNewPrivs", "Seccomp:"))
    } == {
        "CapEff:\t0000000000000000",
        "CapBnd:\t0000000000000000",
        "NoNewPrivs:\t1",
        "Seccomp:\t2",
    }
    assert server.shows("wanstudio", "User") == "wanstudio"
    # Root, in the service's view of the disk.
    sees = ("nsenter", "--target", pid, "--mount", "sh", "-c")
    for place in ("/etc", "/opt/wanstudio/current", "/usr/local/sbin", "/var/backups", "/srv"):
        assert "Read-only file system" in server.command(*sees, f"touch {place}/x 2>&1").stdout, place
    server.run(*sees, "touch /var/lib/wanstudio/x && rm /var/lib/wanstudio/x")


def test_settings_are_not_for_a_proxy_in_the_group_of_the_media(server: Machine, installed: list[str]) -> None:
    """As the page of proxies puts nginx into it; versions up to 0.6.0 left the keys to that group, too."""
    server.run("usermod", "-aG", "wanstudio", "www-data")
    reads = ("runuser", "-u", "www-data", "--", "cat", "/etc/wanstudio/env")
    assert "Permission denied" in server.command(*reads).stdout
    server.run("chgrp", "wanstudio", "/etc/wanstudio", "/etc/wanstudio/env")
    assert "WANSTUDIO_URL=" in server.run(*reads)
    assert "/etc/wanstudio/env can be read by the group wanstudio-settings alone" in run(server, "deploy/install.sh")
    assert "Permission denied" in server.command(*reads).stdout
    server.run("wanstudio", "check")


def test_killed_studio_is_started_again(server: Machine, installed: list[str]) -> None:
    server.run("kill", "-9", server.shows("wanstudio", "MainPID"))
    wait_until(lambda: server.shows("wanstudio", "NRestarts") == "1", "systemd has started it again")
    ready = ("/opt/wanstudio/current/.venv/bin/python", "-c")
    ask = "import urllib.request as ask; ask.urlopen('http://127.0.0.1:8000/readyz')"
    wait_until(lambda: server.command(*ready, ask).returncode == 0, "it answers", 60)
    # The killed one counts as running for half a minute, and nothing is restored under a running studio.
    wait_until(lambda: "1 worker," in server.command("wanstudio", "status").stdout, "one works", 90)


def test_backup_of_the_night_is_planned_and_made(server: Machine, installed: list[str]) -> None:
    assert server.shows("wanstudio-backup.timer", "NextElapseUSecRealtime")
    server.run("systemctl", "start", "wanstudio-backup")
    said = server.log("wanstudio-backup")
    assert "Kept: 1 backups." in said
    assert server.run("sh", "-c", "ls /var/backups/wanstudio").split()[0].startswith("backup-")
    assert "! The studio was never backed up" not in server.command("wanstudio", "status").stdout
    run(server, "deploy/install.sh --backups /mnt/backups", "systemctl start wanstudio-backup")
    assert server.run("sh", "-c", "ls /mnt/backups").startswith("backup-")


def test_upgrade_is_the_same_command_and_the_version_before_is_one_link_away(
    server: Machine, installed: list[str]
) -> None:
    tree = server.shared / "wan-studio"
    before = server.run("readlink", "/opt/wanstudio/current").strip()
    migrations = tree / "wanstudio" / "migrations"
    newest = sorted(path.stem for path in migrations.glob("0*.py"))[-1]
    (migrations / "0999_later.py").write_text(LATER.format(newest=newest))
    said = run(server, *commands("docs/upgrade.md", "An upgrade on a server", AS_ROOT))
    assert "stopped wanstudio" in said
    assert f"before it was {before.removeprefix('releases/')}" in said
    assert "installing the Python packages" not in said
    assert server.run("readlink", "/opt/wanstudio/current").strip() != before
    backup = server.log("wanstudio").rpartition("Database backed up to ")[2].splitlines()[0]
    server.browse(URL, "--again")
    (migrations / "0999_later.py").unlink()
    values = {**AS_ROOT, "/var/lib/wanstudio/backups/backup-…": backup, "releases/0.5.0-…": before}
    run(server, *commands("docs/upgrade.md", "A rollback on a server", values))
    installed_again = run(server, "deploy/install.sh")
    assert "chose version" not in installed_again
    assert "(wanstudio.0999_later)" not in server.log("wanstudio").rpartition("Stopped wanstudio.service")[2]
    assert "0999" not in server.run("wanstudio", "showmigrations", "wanstudio")


def test_stop_drains_within_its_time(server: Machine, installed: list[str]) -> None:
    server.run("systemctl", "stop", "wanstudio")
    assert [server.shows("wanstudio", name) for name in ("Result", "ExecMainStatus")] == ["success", "0"]
    assert "0 steps cut off" in server.log("wanstudio")


def test_wrong_setting_is_said_by_the_command(server: Machine, installed: list[str]) -> None:
    server.run("sh", "-c", "echo PORT=many >>/etc/wanstudio/env")
    refused = server.command("/root/shared/wan-studio/deploy/install.sh")
    assert refused.returncode == 1
    assert "PORT" in refused.stdout
    assert "the studio does not start; its last words are above" in refused.stdout
    server.run("sed", "-i", "/^PORT=many$/d", "/etc/wanstudio/env")


def test_worker_alone_works_beside_no_studio(server: Machine, installed: list[str]) -> None:
    run(server, "systemctl stop wanstudio", installed[1])
    wait_until(lambda: "is at work" in server.log("wanstudio-worker"), "the worker works")
    assert server.command("systemctl", "is-active", "wanstudio").returncode


def test_uninstalled_program_leaves_the_data(server: Machine, installed: list[str]) -> None:
    said = run(server, installed[2])
    assert "To delete these for good: rm -r /var/lib/wanstudio /etc/wanstudio" in said
    assert server.command("sh", "-c", "ls /etc/systemd/system | grep wanstudio").stdout == ""
    assert server.command("test", "-e", "/opt/wanstudio").returncode
    server.run("test", "-e", "/var/lib/wanstudio/studio.sqlite3")
    assert server.command("systemctl", "is-active", "wanstudio-worker").returncode
