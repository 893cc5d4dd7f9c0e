"""`python -m tests.needs`: what the tests need of the system, installed where that is allowed, named where not."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.servers import SYSTEM_PATH, postgres_program, rabbitmq_program

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Debian starts a server as soon as it is installed, unless this answers 101. The tests start their own.
START_NOTHING = "#!/bin/sh\nexit 101\n"
POLICY = Path("/usr/sbin/policy-rc.d")


def browser() -> str | None:
    """The path of a Chromium, or None. `CHROMIUM` names another one."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def _all(*programs: str) -> str | None:
    """The path of the first, if none is missing."""
    paths = [shutil.which(program) for program in programs]
    return paths[0] if all(paths) else None


@dataclass(frozen=True)
class Need:
    """Something the tests need, how it is found, and the packages of Debian that bring it."""

    what: str
    find: Callable[[], str | Path | None]
    packages: tuple[str, ...]
    install: bool = False
    """Whether `make proof-install` alone needs it."""


# `make proof-install` sets it: every way to install is run, the long ones too.
WHOLE = os.environ.get("INSTALL") == "whole"
NEEDS = (
    Need("Chromium (or name it with CHROMIUM=/path/to/chromium)", browser, ("chromium", "fonts-dejavu-core")),
    Need("PostgreSQL", lambda: postgres_program("initdb"), ("postgresql",)),
    Need("Redis", lambda: shutil.which("redis-server"), ("redis-server",)),
    Need("RabbitMQ", rabbitmq_program, ("rabbitmq-server",)),
    Need("nginx", lambda: shutil.which("nginx", path=SYSTEM_PATH), ("nginx-light",)),
    Need("HAProxy", lambda: shutil.which("haproxy", path=SYSTEM_PATH), ("haproxy",)),
    # catatonit is the first process of a container, where compose.yaml asks for one.
    Need("Podman", lambda: _all("podman", "runc", "catatonit"), ("podman", "runc", "catatonit"), install=True),
    Need("mmdebstrap", lambda: shutil.which("mmdebstrap"), ("mmdebstrap",), install=True),
    Need("Caddy", lambda: shutil.which("caddy"), ("caddy",)),
    Need("systemd", lambda: shutil.which("systemd-analyze"), ("systemd", "dbus")),
    Need(
        "the system's Python with venv",
        lambda: next(Path("/usr/lib").glob("python3.*/ensurepip"), None),
        ("python3-venv",),
    ),
)


def missing() -> list[Need]:
    return [need for need in NEEDS if (WHOLE or not need.install) and not need.find()]


def main() -> None:
    lacking = missing()
    if lacking and shutil.which("apt-get") and os.geteuid() == 0:
        sys.stdout.write(f"Installing for the tests: {', '.join(need.what for need in lacking)}…\n")
        sys.stdout.flush()
        install([package for need in lacking for package in need.packages])
        lacking = missing()
    if lacking:
        packages = " ".join(package for need in lacking for package in need.packages)
        sys.exit(
            f"The tests need {', '.join(need.what for need in lacking)}. Install it (on Debian or Ubuntu: apt-get "
            f"install {packages}), then run make test again."
        )


def install(packages: list[str]) -> None:
    """By apt-get, as root; no server that comes with a package is started, and no cluster made."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], check=False, env=quiet)
    ours = not POLICY.exists()
    if ours:
        with tempfile.NamedTemporaryFile("w", dir=POLICY.parent, delete=False) as draft:
            draft.write(START_NOTHING)
        Path(draft.name).chmod(0o755)
        Path(draft.name).rename(POLICY)
    try:
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages],
            check=False,
            env=quiet,
            stdout=subprocess.DEVNULL,
        )
    finally:
        if ours:
            POLICY.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
