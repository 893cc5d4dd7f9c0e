"""Whether the database answers, before anything else is tried."""

from django.core.management.base import CommandError
from django.db import OperationalError, connection


def require_database() -> None:
    """Raises CommandError with one sentence if it does not."""
    try:
        connection.ensure_connection()
    except OperationalError as wrong:
        named = connection.settings_dict
        where = ":".join(str(part) for part in (named["HOST"], named["PORT"]) if part)
        what = f"The database {named['NAME']} at {where}" if where else f"The database {named['NAME']}"
        why = " ".join(str(wrong).split("\n")[0].split())
        raise CommandError(f"{what} cannot be used: {why}. Start it, or check DATABASE_URL.") from None
