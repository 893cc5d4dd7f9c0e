"""`manage.py work`: the embedded worker."""

import os
import signal
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand

from wanstudio.worker.loop import Loop


class Command(BaseCommand):
    help = "Moves jobs: sends, follows and archives them. Stops within 10 s of SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        Loop(stop).run()
        # A step that is still in a slow download must not hold the process: its lease runs out and rescues it.
        os._exit(0)
