"""Prepared studios to copy: migrated, static files collected. Made once a session, for all of its processes."""

import fcntl
import shutil
from pathlib import Path

from tests.e2e.studio import Studio

EMAIL, PASSWORD = "ben@northlight.example", "correct-horse-battery"
OWNER = ("createowner", "--email", EMAIL, "--team", "Northlight", "--name", "Ben")


def template(root: Path, *, owner: bool) -> Path:
    """The folder of a studio with its owner, or of one that nobody has set up; below `root`, which all share."""
    bare, owned = root / "bare", root / "owned"
    with (root / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not owned.exists():
            _prepare(root / "draft", root / "static")
            shutil.copytree(root / "draft", bare, symlinks=True)
            Studio(root / "draft").manage(*OWNER, WANSTUDIO_PASSWORD=PASSWORD)
            (root / "draft").rename(owned)
    return owned if owner else bare


def _prepare(draft: Path, static: Path) -> None:
    """One copy of the static files serves all."""
    Studio(draft).manage("prepare")
    (draft / "static").rename(static)
    (draft / "static").symlink_to(static)
