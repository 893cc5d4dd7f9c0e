"""`manage.py prepare`: migrations after a backup, static files and the cache table, before the studio runs."""

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from wanstudio.operations.backups.backup import before_migration
from wanstudio.operations.backups.snapshot import CannotOperate
from wanstudio.operations.health import StudioCommand
from wanstudio.operations.owner_only import close_to_others
from wanstudio.web.static_files import StaticFiles


class Command(StudioCommand):
    help = "Backs the database up if it is about to change, migrates it, and collects static files."

    def handle(self, *args: object, **options: object) -> None:
        close_to_others()
        for sentence in settings.UNKNOWN_NAMES:
            self.stderr.write(sentence)
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
        # Without a way back the database is not changed.
        if pending and executor.loader.applied_migrations:
            try:
                self.stdout.write(f"Database backed up to {before_migration()}")
            except CannotOperate as why:
                refused = f"The database was not migrated, because it has to be backed up first. {why}"
                raise CommandError(refused) from why
        call_command("migrate", verbosity=0, interactive=False)
        call_command("createcachetable", verbosity=0)
        StaticFiles().mark_current()
        call_command("collectstatic", verbosity=0, interactive=False)
        StaticFiles().mark_current()
        StaticFiles().delete_old()
