"""`manage.py restore DIR`: a backup becomes the studio, and nothing in it is paid for twice."""

from pathlib import Path

from django.core.management.base import CommandError, CommandParser
from django.template.defaultfilters import pluralize
from django.utils.text import get_text_list

from wanstudio.keys import in_force
from wanstudio.operations.backups.restore import restore
from wanstudio.operations.health import StudioCommand

OTHER_KEY = (
    "The secret key has changed since the backup: people sign in again, and older links and callbacks fail (jobs are "
    "followed by polling). If you have the old secret.key, put it into the data folder before you start the studio."
)
UNREADABLE = (
    "{count} stored secrets cannot be read, because their encryption key is missing. If you have the old "
    "encryption.key, put it into the data folder before you start the studio. Otherwise enter them again in Settings."
)
OPEN_AGAIN = (
    "Changes after the backup are undone, revoked access too: {counts} are open. Roles, caps, passwords and second "
    "factors are those of the backup. Before others can reach the studio: on the Team page, remove people who have "
    "left since, which ends their tokens, and cancel invitations; revoke links in the Share dialog of their video or "
    "collection, or from the bin. People manage their tokens and sessions under their account. The Activity page ends "
    "at the backup, so ask what was revoked since."
)
STOPPED = (
    "All sending is stopped. What was made or sent after the backup is not in it, but might have been charged: compare "
    f"{in_force.MAIN.display_name}'s dashboard and balance, decide about the unconfirmed jobs, then start sending "
    "again in Settings."
)


OLDER = (
    "The database has the version that made the backup: start that version. This version migrates it first when you "
    "start it."
)


class Command(StudioCommand):
    help = "Restores a backup into an empty studio, after verifying all of it. Stop the studio first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", type=Path, metavar="DIR", nargs="?", help="As given to backup, or one in it.")
        parser.add_argument("--in-place", action="store_true", help="Make a database safe that was replaced by hand.")
        parser.add_argument("--force", action="store_true", help="Replace a studio in use; its database is kept aside.")
        parser.add_argument(
            "--skip-damaged", action="store_true", help="Restore the intact files, and list the others."
        )

    def handle(
        self, *args: object, directory: Path | None, in_place: bool, force: bool, skip_damaged: bool, **options: object
    ) -> None:
        if in_place == bool(directory):
            raise CommandError("Name a backup, or use --in-place for the present database.")
        given = directory.expanduser().absolute() if directory else None
        done = restore(given, force=force, skip_damaged=skip_damaged)
        jobs = done.manifest.rows.get("wanstudio_job", 0)
        if directory:
            media = (
                f"and {done.media_files:,} media files" if done.manifest.has_media else "(media files are unchanged)"
            )
            self.stdout.write(f"Restored from {done.folder}: {jobs:,} jobs {media}.")
            self.stdout.write(f"The studio is now as it was on {done.manifest.when}.")
        else:
            self.stdout.write(f"The present database was made safe: {jobs:,} jobs.")
        if done.kept:
            self.stdout.write(f"The previous database is kept as {done.kept}.")
        if done.skipped:
            self.stderr.write(f"{len(done.skipped)} damaged files are not restored: {', '.join(done.skipped)}")
        if done.manifest.missing:
            self.stderr.write(f"Files that it lists but that are missing: {', '.join(done.manifest.missing[:20])}")
        if done.unconfirmed:
            self.stdout.write(
                f"{done.unconfirmed} jobs were queued or unconfirmed. They might have been sent since, so each is "
                "now unconfirmed and needs a decision; none is sent automatically."
            )
        counts = [f"{count:,} {name}{pluralize(count)}" for name, count in done.open_again.items()]
        self.stdout.write(OPEN_AGAIN.format(counts=get_text_list(counts, "and")))
        self.stdout.write(STOPPED)
        if not done.same_key:
            self.stdout.write(OTHER_KEY)
        if done.unreadable:
            self.stdout.write(UNREADABLE.format(count=done.unreadable))
        self.stdout.write(OLDER if done.is_older else "Start it with: make run")
