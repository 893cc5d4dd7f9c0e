"""Safety of a start: no database that this code must not touch, and no file that other accounts can read.

Refused are the database of a newer version, and one that was put back by hand.
"""

import os
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandError
from django.db import OperationalError, connection

from wanstudio.jobs import sent_marks
from wanstudio.operations.backups import backup, snapshot, sqlite, versions

MANAGE = ".venv/bin/python manage.py"
NEWER = (
    "A newer version of Wan Studio has changed the database ({migrations}), and this version would damage it. Start "
    "the newer version; or, to give up what was made since the upgrade, stop the studio and run: {restore}"
)
PUT_BACK = (
    "The database was put back by hand: it does not know what was sent since its copy was made, and would send and "
    f"pay for it again. Nothing was started. To make it safe, run: {MANAGE} restore --in-place"
)
OTHERS = 0o077
# What the studio itself makes in its data folder. A folder that was closed once is closed with all that is in it.
NAMES = ("media", "static", "backups", "tmp", "sandbox", "secret.key", "encryption.key", "last-backup.json")


def require_safe() -> None:
    """Raises CommandError with one sentence and the command to use. A database that is away is not looked at."""
    with suppress(OperationalError):
        if why := problem():
            raise CommandError(why)


def problem() -> str:
    """The reason why nothing can run on this database, or an empty text."""
    if newer := versions.newer():
        names = snapshot.some(newer)
        return NEWER.format(migrations=names, restore=f"{MANAGE} restore --force {_way_back() or 'DIR'}")
    tables = connection.introspection.table_names()
    return PUT_BACK if "wanstudio_attempt" in tables and sent_marks.put_back() else ""


def _way_back() -> str:
    """The newest backup of before a migration that this version can use."""
    for folder in sorted(backup.databases().glob(f"{snapshot.PREFIX}*"), reverse=True):
        manifest = snapshot.manifest_of(folder)
        if manifest and manifest.kind == connection.vendor and not versions.unknown(manifest.migrations):
            return str(folder)
    return ""


def close_to_others() -> None:
    """Remove the rights of other accounts on the studio's own files. The data folder itself can serve them, too."""
    for path in (*(Path(settings.DATA_DIR) / name for name in NAMES), *_database()):
        if _is_open(path):
            for folder, _, files in os.walk(path):
                for each in (*(Path(folder) / name for name in files), Path(folder)):
                    _close(each)
            _close(path)


def open_to_others() -> list[str]:
    """The data folder, and what is in it, as far as other accounts have rights on it."""
    folder = Path(settings.DATA_DIR)
    return [str(path) for path in (folder, *sorted(folder.iterdir()), *_database()) if _is_open(path)]


def _database() -> list[Path]:
    return sqlite.files(sqlite.path()) if connection.vendor == "sqlite" else []


def _is_open(path: Path) -> bool:
    return path.exists() and not path.is_symlink() and bool(path.stat().st_mode & OTHERS)


def _close(path: Path) -> None:
    if _is_open(path) and path.stat().st_uid == os.geteuid():
        path.chmod(path.stat().st_mode & ~OTHERS)
