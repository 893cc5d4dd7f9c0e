"""`manage.py restore DIR`: a backup becomes the studio, and nothing in it is paid for twice."""

from pathlib import Path

from django.core.management.base import CommandError, CommandParser
from django.template.defaultfilters import pluralize
from django.utils.text import get_text_list

from wanstudio.keys import in_force
from wanstudio.operations.backups.restore import restore
from wanstudio.operations.health import StudioCommand

OTHER_KEY = (
    "The secret key is another one than then: people sign in again, and links and callbacks on their way fail (jobs "
    "are followed by asking). If you have the old secret.key, put it into the data folder before the start."
)
UNREADABLE = (
    "{count} stored secrets cannot be read, because their encryption key is not here. If you have the old "
    "encryption.key, put it into the data folder before the start; else enter them again in the settings."
)
OPEN_AGAIN = (
    "What was revoked, removed or changed after the backup is as it was then: {counts} are open. Roles, caps, "
    "passwords and second factors are those of then, too. Before others can reach the studio: on the Team page remove "
    "who has left since, which ends their tokens, and take back invitations; revoke links in the Share dialog of their "
    "video or collection, or from the bin. Tokens and sign-ins are each person's own, under their account. The "
    "Activity page ends where the backup does, so ask who may have revoked something since."
)
STOPPED = (
    "All sending is stopped. What was made or sent after the backup is not in it, but may have been charged: compare "
    f"{in_force.MAIN.display_name}'s dashboard and balance, decide what is unconfirmed, then start sending again in "
    "Settings."
)


OLDER = (
    "The database is that of the version that made the backup: start that version. This one migrates it first when you "
    "start it."
)


class Command(StudioCommand):
    help = "Restores a backup into an empty studio, after verifying all of it. Stop the studio first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", type=Path, metavar="DIR", nargs="?", help="As given to backup, or one in it.")
        parser.add_argument("--in-place", action="store_true", help="Make safe a database that was put back by hand.")
        parser.add_argument("--force", action="store_true", help="Replace a studio in use; its database is kept aside.")
        parser.add_argument("--skip-damaged", action="store_true", help="Bring back what is whole, and name the rest.")

    def handle(
        self, *args: object, directory: Path | None, in_place: bool, force: bool, skip_damaged: bool, **options: object
    ) -> None:
        if in_place == bool(directory):
            raise CommandError("Name a backup, or say --in-place for the database that is here.")
        given = directory.expanduser().absolute() if directory else None
        done = restore(given, force=force, skip_damaged=skip_damaged)
        jobs = done.manifest.rows.get("wanstudio_job", 0)
        if directory:
            media = (
                f"and {done.media_files:,} media files" if done.manifest.has_media else "beside the media that is here"
            )
            self.stdout.write(f"Restored from {done.folder}: {jobs:,} jobs {media}.")
            self.stdout.write(f"The studio is now as it was on {done.manifest.when}.")
        else:
            self.stdout.write(f"The database that is here was made safe: {jobs:,} jobs.")
        if done.kept:
            self.stdout.write(f"The database that was here is kept as {done.kept}.")
        if done.skipped:
            self.stderr.write(f"{len(done.skipped)} damaged files are not restored: {', '.join(done.skipped)}")
        if done.manifest.missing:
            self.stderr.write(f"Files that it names and that are gone: {', '.join(done.manifest.missing[:20])}")
        if done.unconfirmed:
            self.stdout.write(
                f"{done.unconfirmed} jobs waited to be sent or were unconfirmed. They may have been sent since, so "
                "each is now unconfirmed and waits for a person; none is sent by itself."
            )
        counts = [f"{count:,} {name}{pluralize(count)}" for name, count in done.open_again.items()]
        self.stdout.write(OPEN_AGAIN.format(counts=get_text_list(counts, "and")))
        self.stdout.write(STOPPED)
        if not done.same_key:
            self.stdout.write(OTHER_KEY)
        if done.unreadable:
            self.stdout.write(UNREADABLE.format(count=done.unreadable))
        self.stdout.write(OLDER if done.is_older else "Start it with: make run")
