"""Refusals of a start on a database that this code must not touch: a newer version's, or one put back by hand."""

from contextlib import suppress

from django.core.management.base import CommandError
from django.db import OperationalError, connection

from wanstudio.jobs import sent_marks
from wanstudio.operations.backups import backup, snapshot, versions
from wanstudio.operations.backups.snapshot import CannotOperate

MANAGE = ".venv/bin/python manage.py"
NEWER = (
    "A newer version of Wan Studio has changed the database ({migrations}), and this version would damage it. Start "
    "the newer version; or, to give up what was made since the upgrade, stop the studio and run: {restore}"
)
PUT_BACK = (
    "The database was put back by hand: it does not know what was sent since its copy was made, and would send and "
    f"pay for it again. Nothing was started. To make it safe, run: {MANAGE} restore --in-place"
)


def require_safe() -> None:
    """Raises CommandError with one sentence and the command to use. A database that is away is not looked at."""
    with suppress(OperationalError):
        if why := problem():
            raise CommandError(why)


def problem() -> str:
    """Why nothing may run on this database, or an empty text."""
    if newer := versions.newer():
        names = snapshot.some(newer)
        return NEWER.format(migrations=names, restore=f"{MANAGE} restore --force {_way_back() or 'DIR'}")
    tables = connection.introspection.table_names()
    return PUT_BACK if "wanstudio_attempt" in tables and sent_marks.put_back() else ""


def _way_back() -> str:
    """The newest backup of before a migration that this version can use."""
    for folder in sorted(backup.databases().glob(f"{snapshot.PREFIX}*"), reverse=True):
        try:
            manifest = snapshot.read_manifest(folder)
        except CannotOperate:
            continue
        if manifest.kind == connection.vendor and not versions.unknown(manifest.migrations):
            return str(folder)
    return ""
