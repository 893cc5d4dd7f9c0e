"""The presence of a Celery worker: its heartbeat, its start and its end.

Its heartbeat means that work is done: a step is under way, or a sweep came through lately. A worker that gets no
sweeps (the broker is away, or beat has died) is silent, and the pages say so.
"""

import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock, Thread

from celery.signals import worker_ready, worker_shutting_down
from django.db import DatabaseError, connection

from wanstudio.work import registry
from wanstudio.work.loop import BEAT_EVERY_S, LAST_STEPS_S, wait_for
from wanstudio.work.models import Heartbeat

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
SWEPT_WITHIN_S = 15.0


class Presence:
    """One a process; its steps run in threads."""

    def __init__(self) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._lock = Lock()
        self._steps = 0
        self._swept_at = float("-inf")
        self._stopping = False

    @contextmanager
    def step(self) -> Iterator[bool]:
        """Around a step. False: the worker is stopping, and what has not begun is left to others."""
        with self._lock:
            self._steps += 1
        try:
            yield not self._stopping
        finally:
            with self._lock:
                self._steps -= 1

    def note_sweep(self) -> None:
        self._swept_at = time.monotonic()

    @property
    def is_working(self) -> bool:
        return self._steps > 0 or time.monotonic() - self._swept_at < SWEPT_WITHIN_S

    def run(self) -> None:
        """Beats while there is something to beat for."""
        beat_at = float("-inf")
        while not self._stopping:
            if self.is_working and time.monotonic() - beat_at > BEAT_EVERY_S:
                try:
                    Heartbeat.beat(self.name)
                    beat_at = time.monotonic()
                except DatabaseError as wrong:
                    log.warning("the heartbeat could not be written: %s", wrong)
                connection.close()
            time.sleep(LOOK_EVERY_S)

    def stop(self) -> None:
        """Nothing new begins. Steps under way get 7 s; what is cut off then is rescued when its lease has run out."""
        self._stopping = True
        Thread(target=self._end, name="end", daemon=True).start()

    def _end(self) -> None:
        wait_for(lambda: not self._steps, LAST_STEPS_S)
        with suppress(DatabaseError):
            Heartbeat.end(self.name)
        log.info("worker %s stopped, %d steps cut off", self.name, self._steps)
        # Celery ends by itself now; unless a step or the broker keeps it.
        time.sleep(1)
        os._exit(0)


presence = Presence()


@worker_ready.connect
def _begin(**kwargs: object) -> None:
    Thread(target=presence.run, name="presence", daemon=True).start()
    try:
        registry.load_steps()
        for start in registry.starts:
            start()
    finally:
        connection.close()
    log.info("worker %s is at work", presence.name)


@worker_shutting_down.connect
def _stop(**kwargs: object) -> None:
    presence.stop()
