"""`manage.py backup DIR`: everything the studio cannot recreate, while it runs."""

from argparse import ArgumentTypeError
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandParser
from django.template.defaultfilters import filesizeformat

from wanstudio.encryption import encrypted_fields
from wanstudio.keys import in_force
from wanstudio.operations.backups.backup import back_up
from wanstudio.operations.backups.restore import KINDS
from wanstudio.operations.backups.retention import Rule, read_rule
from wanstudio.operations.backups.snapshot import secret_key_file
from wanstudio.operations.health import StudioCommand

WITHOUT_KEY = (
    "The secret key is NOT in it. Without {key} everyone signs in again in a restored studio, and present links "
    "and callbacks fail. The encryption key is NOT in it, either: without {encryption}, encrypted "
    "settings have to be entered again. Keep copies of both apart from this backup, or use --with-secret-key."
)
WITH_KEY = (
    "The secret key and the encryption key are in it: anyone who reads this backup can sign in as any user and spend "
    f"with the key of {in_force.MAIN.display_name}. Keep it as safe as the studio."
)


def _rule(text: str) -> Rule:
    try:
        return read_rule(text)
    except ValueError as wrong:
        raise ArgumentTypeError(str(wrong)) from None


class Command(StudioCommand):
    help = "Backs up the database and all media into DIR while the studio runs. Existing media files are kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", type=Path, metavar="DIR", help="Use another disk.")
        parser.add_argument("--with-secret-key", action="store_true", help="Include both keys.")
        parser.add_argument(
            "--keep",
            type=_rule,
            metavar="RULE",
            help="Then delete older backups: 14 keeps the newest fourteen; 7d,4w,6m keeps the newest of each of the "
            "last 7 days, 4 weeks and 6 months.",
        )

    def handle(
        self, *args: object, directory: Path, with_secret_key: bool, keep: Rule | None, **options: object
    ) -> None:
        into = directory.expanduser().absolute()
        made, manifest, new, deleted, pruned = back_up(into, with_secret_key=with_secret_key, rule=keep)
        self.stdout.write(f"Backup made: {made}")
        self.stdout.write(
            f"Database: {KINDS[manifest.kind]}, {manifest.rows.get('wanstudio_job', 0):,} jobs as of {manifest.when}. "
            f"Media: {manifest.media_files:,} files, {filesizeformat(manifest.media_bytes)}, {new:,} of them new."
        )
        if deleted:
            self.stdout.write(f"{deleted} files were deleted while the backup was made, and are not in it.")
        if gone := manifest.missing:
            self.stderr.write(
                f"{len(gone)} files in the database are missing in the studio and in the backup: " + ", ".join(gone[:5])
            )
        if pruned:
            self.stdout.write(
                f"Kept: {pruned.kept} backups. Deleted: {pruned.backups} older ones and {pruned.files:,} media files "
                "that only they used."
            )
            if pruned.untouched:
                self.stderr.write(
                    "No media was deleted, because the file lists of these backups cannot be read: "
                    f"{pruned.untouched}. Move them elsewhere, or delete them."
                )
        where = {"key": secret_key_file(), "encryption": encrypted_fields.key_file()}
        self.stdout.write(WITH_KEY if with_secret_key else WITHOUT_KEY.format(**where))
        if made.stat().st_dev == Path(settings.DATA_DIR).stat().st_dev:
            self.stdout.write("It is on the same disk as the studio's data. Copy it to another one.")
