"""`manage.py prepare`: what has to be true before the studio runs."""

import sqlite3
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from wanstudio.management.reach import require_database
from wanstudio.options import folder

BACKUPS_KEPT = 10


class Command(BaseCommand):
    help = "Backs the database up if it is about to change, migrates it, and collects static files."

    def handle(self, *args: Any, **options: Any) -> None:
        require_database()
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if pending and executor.loader.applied_migrations and connection.vendor == "sqlite":
            self.stdout.write(f"Database backed up to {self._back_up()}")
        call_command("migrate", verbosity=0, interactive=False)
        call_command("createcachetable", verbosity=0)
        call_command("collectstatic", verbosity=0, interactive=False)

    def _back_up(self) -> str:
        """A consistent copy, made by SQLite itself even while others write; the newest ten are kept."""
        backups = folder(settings.DATA_DIR / "backups")
        target = backups / f"studio-{timezone.now():%Y%m%d-%H%M%S-%f}.sqlite3"
        connection.ensure_connection()
        with sqlite3.connect(target) as copy:
            connection.connection.backup(copy)
        copy.close()
        for old in sorted(backups.glob("studio-*.sqlite3"))[:-BACKUPS_KEPT]:
            old.unlink()
        return str(target)
