"""`manage.py work`: the worker; with `BROKER_URL` a Celery one, on this machine or another."""

import os
import signal
from threading import Event

from django.conf import settings
from django.core.management.base import BaseCommand

from wanstudio.operations import startup
from wanstudio.work.loop import Loop


class Command(BaseCommand):
    """Waits for the database: after a power cut the worker can start before it."""

    help = "Moves jobs: sends, follows and archives them. Stops within 10 s of SIGTERM."
    requires_system_checks = ()

    def handle(self, *args: object, **options: object) -> None:
        startup.require_safe()
        if settings.BROKER_URL:
            from wanstudio.celery import app

            # Messages between workers are of no use here, and cost queues at the broker.
            app.worker_main(["--quiet", "worker", "--without-gossip", "--without-mingle"])
            return
        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        Loop(stop).run()
        # A step in a slow download must not keep the process alive: its job is rescued when the lease expires.
        os._exit(0)
