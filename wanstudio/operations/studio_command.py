"""The base of our commands: it reaches the database first, and reports a failure in a sentence, never a traceback."""

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection

from wanstudio.encryption.encrypted_fields import CannotRotate, Unreadable
from wanstudio.operations.backups.snapshot import CannotOperate


class StudioCommand(BaseCommand):
    """A command that needs the database."""

    def execute(self, *args: object, **options: object) -> str | None:
        require_database()
        try:
            return super().execute(*args, **options)
        except (CannotOperate, CannotRotate, Unreadable) as why:
            raise CommandError(str(why)) from why


def require_database() -> None:
    """Raises CommandError with one sentence if the database does not answer."""
    try:
        connection.ensure_connection()
    except OperationalError as wrong:
        named = connection.settings_dict
        where = ":".join(str(part) for part in (named["HOST"], named["PORT"]) if part)
        what = f"The database {named['NAME']} at {where}" if where else f"The database {named['NAME']}"
        why = " ".join(str(wrong).split("\n")[0].split())
        raise CommandError(f"{what} cannot be used: {why}. Start it, or check DATABASE_URL.") from None
