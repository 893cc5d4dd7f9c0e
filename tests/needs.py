"""`python -m tests.needs`: what the tests need of the system, installed where that is allowed, named where not."""

import os
import shutil
import subprocess
import sys

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PACKAGE = "chromium"


def browser() -> str | None:
    """The path of a Chromium, or None. `CHROMIUM` names another one."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def main() -> None:
    if browser():
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        sys.stdout.write("Installing Chromium for the browser tests…\n")
        sys.stdout.flush()
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], check=False, env=quiet)
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", PACKAGE, "fonts-dejavu-core"],
            check=False,
            env=quiet,
            stdout=subprocess.DEVNULL,
        )
    if not browser():
        sys.exit(
            "The browser tests need Chromium. Install it (on Debian or Ubuntu: apt-get install chromium), or name it "
            "with CHROMIUM=/path/to/chromium, then run make test again."
        )


if __name__ == "__main__":
    main()
