"""`manage.py flush`: empties the whole database, which a ledger that refuses every deletion would forbid."""

from django.core.management.commands import flush
from django.db import DEFAULT_DB_ALIAS

from wanstudio.append_only import lock, unlock_to_empty


class Command(flush.Command):
    def handle(self, *, database: str = DEFAULT_DB_ALIAS, **options: object) -> None:
        """Django's own, with its question. If it is killed, the next `migrate` locks the ledger again."""
        unlock_to_empty(database)
        try:
            super().handle(database=database, **options)
        finally:
            lock(database)
