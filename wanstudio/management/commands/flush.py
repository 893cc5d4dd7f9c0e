"""`manage.py flush`: empties the whole database, which a ledger that refuses every deletion would forbid."""

from typing import Any

from django.core.management.commands import flush

from wanstudio.append_only import lock, unlock_to_empty


class Command(flush.Command):
    def handle(self, **options: Any) -> None:
        """Django's own, with its question. Killed in between, the next `migrate` locks the ledger again."""
        using = options["database"]
        unlock_to_empty(using)
        try:
            super().handle(**options)
        finally:
            lock(using)
