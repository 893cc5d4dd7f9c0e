"""`manage.py sandbox`: the stand-in for APIXO."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from wanstudio.provider.sandbox.server import serve
from wanstudio.settings_types import folder
from wanstudio.web.fetchers import sandbox_fetcher


class Command(BaseCommand):
    help = "Speaks APIXO's contract on loopback and bills nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        serve(
            "127.0.0.1",
            settings.SANDBOX_PORT,
            folder(settings.DATA_DIR / "sandbox"),
            sandbox_fetcher(),
            key=settings.PROVIDERS["sandbox"][1],
            pace=settings.PACE,
            model=settings.APIXO_MODEL,
        )
