"""`manage.py prepare`: migrations after a backup, static files and the cache table, before the studio runs."""

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder

from wanstudio.operations import preparation_lock, startup
from wanstudio.operations.backups import backup, snapshot, versions
from wanstudio.operations.backups.snapshot import CannotOperate
from wanstudio.operations.health import StudioCommand
from wanstudio.videos import search_index
from wanstudio.web.static_files import StaticFiles

WAY_BACK = f"To go back to the version before: stop the studio, and run {startup.MANAGE} restore --force {{folder}}"

ANOTHER = "Another process is preparing this studio. Waiting until it is done…"


class Command(StudioCommand):
    help = "Backs the database up if it is about to change, migrates it, and collects static files."

    def handle(self, *args: object, **options: object) -> None:
        with preparation_lock.alone(lambda: self.stderr.write(ANOTHER)):
            self._prepare()

    def _prepare(self) -> None:
        startup.require_safe()
        startup.close_to_others()
        for sentence in (*settings.UNKNOWN_NAMES, *search_index.warnings()):
            self.stderr.write(sentence)
        begun = backup.upgrading()
        # Without a backup the database is not changed.
        if versions.pending() and MigrationRecorder(connection).applied_migrations():
            try:
                # After an interrupted upgrade, the backup from before it is the one to restore.
                folder = backup.copy_database(snapshot.ASIDE if begun.exists() else snapshot.PREFIX)
            except CannotOperate as why:
                refused = f"The database was not migrated, because it has to be backed up first. {why}"
                raise CommandError(refused) from why
            self.stdout.write(f"Database backed up to {folder}")
            if folder.name.startswith(snapshot.PREFIX):
                self.stdout.write(WAY_BACK.format(folder=folder))
            begun.touch()
        try:
            call_command("migrate", verbosity=0, interactive=False)
        except (DatabaseError, OSError) as wrong:
            raise CommandError(
                f"The database could not be migrated: {str(wrong).strip()}. No row is lost, and nothing was sent. Once "
                "the cause is gone, start again; the upgrade continues."
            ) from wrong
        begun.unlink(missing_ok=True)
        call_command("createcachetable", verbosity=0)
        StaticFiles().mark_current()
        StaticFiles().collect()
        StaticFiles().mark_current()
        StaticFiles().delete_old()
