"""A migrated SQLite file, kept between runs under the digest of what migrates it, so that a run only copies it."""

import hashlib
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import NamedTemporaryFile

from django.db import connection

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / ".pytest_cache"


def bring() -> None:
    """To where this process will have its test database."""
    target = _target()
    if target and _kept().exists():
        shutil.copyfile(_kept(), target)


def keep() -> None:
    """What this process has just migrated, if nobody has kept it yet."""
    if not _target() or _kept().exists():
        return
    KEPT.mkdir(exist_ok=True)
    # Another process can have kept this one meanwhile, and a third be about to copy it.
    for old in {*KEPT.glob("migrated-*")} - {_kept()}:
        old.unlink(missing_ok=True)
    with NamedTemporaryFile(dir=KEPT, delete=False) as draft:
        pass
    connection.ensure_connection()
    with closing(sqlite3.connect(draft.name)) as copy:
        connection.connection.backup(copy)
    connection.close()
    Path(draft.name).rename(_kept())


def _target() -> Path | None:
    return Path(str(connection.settings_dict["TEST"]["NAME"])) if connection.vendor == "sqlite" else None


def _kept() -> Path:
    """Migrations of packages change with the lock, ours with their files; content types with the models."""
    digest = hashlib.sha256((ROOT / "requirements.txt").read_bytes())
    files = [*(ROOT / "wanstudio").rglob("models*.py"), *(ROOT / "wanstudio").rglob("models/*.py")]
    for file in sorted({*files, *(ROOT / "wanstudio" / "migrations").glob("*.py")}):
        digest.update(file.read_bytes())
    return KEPT / f"migrated-{digest.hexdigest()[:16]}.sqlite3"
