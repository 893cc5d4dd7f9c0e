"""Safety of a start: no database that this code must not touch, and no file that other accounts can read.

Refused are the database of a newer version, and one that was replaced by hand.
"""

import os
import stat
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
    "The database was replaced by hand: it does not know what was sent since its copy was made, and would send and "
    f"pay for it again. Nothing was started. To make it safe, run: {MANAGE} restore --in-place"
)
OTHERS = 0o077
# What the studio itself makes in its data folder. A closed folder closes all that is in it.
NAMES = ("media", "static", "backups", "tmp", "sandbox", "secret.key", "encryption.key", "last-backup.json")


def require_safe() -> None:
    """Raises CommandError with one sentence and the command to use. While the database is away, it is not checked."""
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
    """Set the rights on the studio's own files: its account's alone, or as `WANSTUDIO_ACCEL` needs them.

    The data folder itself can serve other accounts, too: its rights are not changed.
    """
    data = Path(settings.DATA_DIR)
    if settings.ACCEL:
        (data / "media").mkdir(exist_ok=True)
        _set(data, _mode(data) | _handed_off(data))
    for path in (*(data / name for name in NAMES), *_database()):
        if path.exists() and not path.is_symlink() and _mode(path) != _right(path):
            for folder, _, files in os.walk(path):
                for each in (*(Path(folder) / name for name in files), Path(folder)):
                    _set(each, _right(each))
            _set(path, _right(path))


def open_to_others() -> list[str]:
    """The data folder, and what is in it, as far as other accounts have rights on it that nothing needs."""
    folder = Path(settings.DATA_DIR)
    return [str(path) for path in (folder, *sorted(folder.iterdir()), *_database()) if _is_open(path)]


def _database() -> list[Path]:
    return sqlite.files(sqlite.path()) if connection.vendor == "sqlite" else []


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _handed_off(path: Path) -> int:
    """Rights of the studio's group, which the proxy is in, if it sends the files: to read media, to pass to them."""
    data = Path(settings.DATA_DIR)
    if settings.ACCEL and path == data:
        return 0o010
    if settings.ACCEL and path.is_relative_to(data / "media"):
        return 0o050 if path.is_dir() else 0o040
    return 0


def _right(path: Path) -> int:
    return _mode(path) & ~OTHERS | _handed_off(path)


def _is_open(path: Path) -> bool:
    return path.exists() and not path.is_symlink() and bool(_mode(path) & OTHERS & ~_handed_off(path))


def _set(path: Path, mode: int) -> None:
    if not path.is_symlink() and path.exists() and path.stat().st_uid == os.geteuid() and _mode(path) != mode:
        path.chmod(mode)
