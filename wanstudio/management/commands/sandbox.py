"""The command `manage.py sandbox`: the stand-in for the provider."""

from django.conf import settings
from django.core.management.base import BaseCommand

from wanstudio.data_files import folder
from wanstudio.keys import in_force, intervals
from wanstudio.provider.sandbox.sandbox_server import serve
from wanstudio.provider.sandbox.task_runner import Options
from wanstudio.web.addresses import fetcher


class Command(BaseCommand):
    help = "Speaks the provider's contract on loopback and bills nothing."
    requires_system_checks = ()

    def handle(self, *args: object, **options: object) -> None:
        serve(
            settings.SANDBOX_PORT,
            folder(settings.DATA_DIR / "sandbox"),
            fetcher(settings.LINK_BASE, *([settings.BUCKET.origin] if settings.BUCKET else [])),
            Options(
                settings.PROVIDERS[in_force.SANDBOX][1],
                settings.MODEL,
                intervals.pace(in_force.SANDBOX),
                studio=settings.LINK_BASE,
            ),
        )
