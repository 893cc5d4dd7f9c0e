"""Celery's tasks: the same `advance` as in the embedded worker, called by id, and the sweep that names the ids.

A worker's heartbeat means that work is done: a step is in progress, or a sweep came through lately. A worker that gets
no sweeps (the broker is away, or beat has died) is silent, and the pages say so.
"""

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, Thread

from celery import shared_task
from celery.signals import worker_ready, worker_shutting_down
from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now

from wanstudio.work import outages, registry
from wanstudio.work.advance import advance, due, is_ready
from wanstudio.work.leases import ANNOUNCED_FOR
from wanstudio.work.loop import BEAT_EVERY_S, end_worker, start_worker, worker_name
from wanstudio.work.models import Heartbeat
from wanstudio.work.reconnect import refresh

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
SWEPT_WITHIN_S = 15.0
# How many ids of a model one sweep hands over: a second's work for many workers, and no flood for few.
A_SWEEP = 200


class Presence:
    """The steps in progress in this process, each in a thread, and the heartbeat beside them."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.steps = 0
        self.swept_at = float("-inf")
        self.stopping = False

    @contextmanager
    def step(self) -> Iterator[bool]:
        """Around a step. False: the worker is stopping, and what has not begun is left to others."""
        with self._lock:
            self.steps += 1
        try:
            yield not self.stopping
        finally:
            with self._lock:
                self.steps -= 1

    @property
    def is_working(self) -> bool:
        return self.steps > 0 or time.monotonic() - self.swept_at < SWEPT_WITHIN_S

    def run(self) -> None:
        """Begins as soon as the database answers, then beats while there is something to beat for."""
        beat_at, has_begun = float("-inf"), False
        while not self.stopping:
            if not has_begun or (self.is_working and time.monotonic() - beat_at > BEAT_EVERY_S):
                with outages.noted():
                    if not has_begun:
                        start_worker()
                        has_begun = True
                    else:
                        Heartbeat.beat(worker_name())
                        beat_at = time.monotonic()
                    outages.check_recovery()
                connection.close()
            time.sleep(LOOK_EVERY_S)


presence = Presence()


@worker_ready.connect
def _begin(**kwargs: object) -> None:
    Thread(target=presence.run, name="presence", daemon=True).start()


@worker_shutting_down.connect
def _stop(**kwargs: object) -> None:
    """Nothing new begins, and a thread ends what is in progress."""
    presence.stopping = True
    Thread(target=_end, name="end", daemon=True).start()


def _end() -> None:
    end_worker(lambda: presence.steps)
    # Celery ends now, unless a step or the broker blocks it.
    time.sleep(1)
    os._exit(0)


# A message that is not taken up in time is dropped: the next sweep has handed it over again by then.
@shared_task(name="wanstudio.advance", ignore_result=True, expires=ANNOUNCED_FOR.total_seconds())
def advance_row(name: str, pk: int) -> None:
    """One step of this row, if it is ready. A step that left it ready is followed by the next, as a new message.

    A crash anywhere, and a message that comes twice or late, change nothing: see `advance`.
    """
    registry.load_steps()
    model = next((model for model in registry.kinds if model.__name__ == name), None)
    if model is None:
        return log.warning("a message names %s, which this version does not know", name)
    with outages.noted(), presence.step() as may_begin:
        refresh()
        if may_begin and advance(model, pk) and is_ready(model, pk):
            advance_row.delay(name, pk)
    return None


@shared_task(name="wanstudio.sweep", ignore_result=True)
def sweep() -> None:
    """Hand over what is due and was not handed over lately. Cut off anywhere: the rest follows 10 s later."""
    registry.load_steps()
    unannounced = Q(announced_at=None) | Q(announced_at__lt=Now() - ANNOUNCED_FOR)
    with outages.noted():
        refresh()
        presence.swept_at = time.monotonic()
        for model in registry.kinds:
            if pks := due(model, A_SWEEP, unannounced):
                model._default_manager.filter(pk__in=pks).update(announced_at=Now())
                for pk in pks:
                    advance_row.delay(model.__name__, pk)
