"""`manage.py rotatekeys`: a new encryption key, and every stored secret under it."""

from django.conf import settings
from django.core.management.base import CommandParser

from wanstudio.encryption import encrypted_fields
from wanstudio.operations.health import StudioCommand


class Command(StudioCommand):
    help = "Adds a new encryption key and encrypts every stored secret with it, while the studio runs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--drop-old", action="store_true", help="Delete the old keys once nothing needs them.")

    def handle(self, *args: object, drop_old: bool, **options: object) -> None:
        done = encrypted_fields.rotate(drop_old=drop_old)
        if done.went_on:
            self.stdout.write("An earlier rotation was interrupted; this one continued it.")
        self.stdout.write(f"{done.reencrypted} secrets are encrypted with the new key.")
        if done.unreadable:
            self.stderr.write(
                f"{len(done.unreadable)} secrets cannot be read with any key, and have to be entered again: "
                f"{', '.join(done.unreadable[:5])}. No key was dropped."
            )
        if settings.ENCRYPTION_KEYS:
            self.stdout.write(
                "The keys come from WANSTUDIO_ENCRYPTION_KEYS: the first one in it encrypts. The others can be taken "
                "out now; a backup from before needs them."
            )
        elif done.dropped:
            self.stdout.write(f"{done.dropped} old keys are deleted. Earlier backups cannot use them.")
        else:
            self.stdout.write(
                f"The old keys stay in {encrypted_fields.key_file()}, for earlier backups. --drop-old deletes them."
            )
