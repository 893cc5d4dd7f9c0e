"""`manage.py restore DIR`: a backup becomes the studio, and nothing in it is paid for twice."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from wanstudio.management.reach import require_database
from wanstudio.operating.restore import Restored, restore
from wanstudio.operating.snapshot import CannotOperate

OTHER_KEY = (
    "The secret key is another one than then: people sign in again, and links and callbacks on their way fail (jobs "
    "are followed by asking). If you have the old secret.key, put it into the data folder before the start."
)
UNREADABLE = (
    "{count} stored secrets cannot be read, because their encryption key is not here. If you have the old "
    "encryption.key, put it into the data folder before the start; else enter them again in the settings."
)
STOPPED = (
    "All sending is stopped. What was made or sent after the backup is not in it, but may have been charged: compare "
    "APIXO's dashboard and balance, decide what is unconfirmed, then start sending again in Settings."
)


class Command(BaseCommand):
    help = "Restores a backup into an empty studio, after verifying all of it. Stop the studio first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", type=Path, metavar="DIR", help="As given to backup, or one backup in it.")
        parser.add_argument("--force", action="store_true", help="Replace a studio in use; its database is kept aside.")
        parser.add_argument("--skip-damaged", action="store_true", help="Bring back what is whole, and name the rest.")

    def handle(self, *args: Any, directory: Path, force: bool, skip_damaged: bool, **options: Any) -> None:
        require_database()
        try:
            done = restore(directory.expanduser().absolute(), force=force, skip_damaged=skip_damaged)
        except CannotOperate as why:
            raise CommandError(str(why)) from why
        self._tell(done)

    def _tell(self, done: Restored) -> None:
        jobs = done.manifest.rows.get("wanstudio_job", 0)
        self.stdout.write(f"Restored from {done.folder}: {jobs:,} jobs and {done.media_files:,} media files.")
        self.stdout.write(f"The studio is now as it was on {done.manifest.when}.")
        if done.kept:
            self.stdout.write(f"The database that was here is kept as {done.kept}.")
        if done.skipped:
            self.stderr.write(f"{len(done.skipped)} damaged files are not restored: {', '.join(done.skipped)}")
        if done.manifest.missing:
            self.stderr.write(f"Missing since before the backup: {', '.join(done.manifest.missing)}")
        if done.doubted:
            self.stdout.write(
                f"{done.doubted} jobs waited to be sent or were unconfirmed. They may have been sent since, so each is "
                "now unconfirmed and waits for a person; none is sent by itself."
            )
        self.stdout.write(STOPPED)
        if not done.same_key:
            self.stdout.write(OTHER_KEY)
        if done.unreadable:
            self.stdout.write(UNREADABLE.format(count=done.unreadable))
        self.stdout.write("Start it with: make run")
