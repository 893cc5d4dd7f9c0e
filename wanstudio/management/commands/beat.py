"""`manage.py beat`: with `BROKER_URL`, asks the workers for a sweep every second. One of it is enough."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from wanstudio.operations import startup


class Command(BaseCommand):
    help = "Celery's beat. A second one or a pause is harmless: sweeps only name due rows."
    requires_system_checks = ()

    def handle(self, *args: object, **options: object) -> None:
        startup.require_safe()
        if not settings.BROKER_URL:
            raise CommandError("There is no BROKER_URL: the embedded worker needs no beat.")
        from wanstudio.celery import app

        app.Beat(quiet=True).run()
