"""Files of the studio are their owner's alone: what earlier versions left open to other accounts is closed."""

import os
from pathlib import Path

from django.conf import settings
from django.db import connection

OTHERS = 0o077
# What the studio itself makes in its data folder. A folder that was closed once is closed with all that is in it.
NAMES = ("media", "static", "backups", "tmp", "sandbox", "secret.key", "encryption.key", "last-backup.json")


def close_to_others() -> None:
    """Take the rights of group and others off the studio's own files. The data folder itself may serve others, too."""
    for path in (*(Path(settings.DATA_DIR) / name for name in NAMES), *_database()):
        if path.exists() and _is_open(path):
            for folder, _, files in os.walk(path):
                for each in (*(Path(folder) / name for name in files), Path(folder)):
                    _close(each)
            _close(path)


def open_to_others() -> list[str]:
    """The data folder, and what is in it, as far as other accounts have rights on it."""
    folder = Path(settings.DATA_DIR)
    return [str(path) for path in (folder, *sorted(folder.iterdir()), *_database()) if _is_open(path)]


def _database() -> list[Path]:
    """The file of SQLite and the two beside it, which get their rights from it."""
    if connection.vendor != "sqlite":
        return []
    return [Path(f"{connection.settings_dict['NAME']}{end}") for end in ("", "-wal", "-shm")]


def _is_open(path: Path) -> bool:
    return path.exists() and not path.is_symlink() and bool(path.stat().st_mode & OTHERS)


def _close(path: Path) -> None:
    if _is_open(path) and path.stat().st_uid == os.geteuid():
        path.chmod(path.stat().st_mode & ~OTHERS)
