"""The embedded worker: one process that finds due rows and advances them in a few threads. It needs no broker."""

import logging
import os
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event, Lock, get_ident

from django.db import DatabaseError, connection

from wanstudio.work import outages, registry
from wanstudio.work.advance import advance, due_of_all_kinds, quiet_s
from wanstudio.work.elsewhere import is_elsewhere
from wanstudio.work.leases import Leased
from wanstudio.work.models import Heartbeat
from wanstudio.work.reconnect import follow_file

log = logging.getLogger(__name__)

# More at once would poll faster, but they crowd for SQLite's one write lock: four workers of 24 each met "locked".
# Those that wait for another machine are not among them: no step waits behind their slow network.
THREADS, MAX_THREADS = 8, 64
LOOK_EVERY_S = 0.25
# The database says at each of these whether anything was written; and if it says nothing, there is a look all the same.
TICK_S, SETTLE_S, LOOK_ANYWAY_S = 0.05, 0.02, 5.0
# Changes with each commit of others. The road not taken, LISTEN, needs a NOTIFY wherever anything becomes due.
WRITES = {"sqlite": "PRAGMA data_version", "postgresql": "SELECT pg_current_snapshot()::text"}
BEAT_EVERY_S = 5.0
# While the database is away, looks become rarer up to this.
LONGEST_PAUSE_S = 5.0
LAST_STEPS_S = 7.0


class Loop:
    """Runs until `stop` is set, then lets steps finish for 7 s. Interrupted ones are rescued when the lease expires."""

    def __init__(self, stop: Event) -> None:
        self._stop = stop
        self._pool = ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="step")
        self._room = Event()
        # Each with its thread, once it has one.
        self._busy: dict[tuple[type[Leased], int], int | None] = {}
        self._lock = Lock()
        self._beat_at, self._surprised_at = 0.0, float("-inf")

    def run(self) -> None:
        has_begun, pause_s = False, LOOK_EVERY_S
        while not self._stop.is_set():
            try:
                if not has_begun:
                    start_worker()
                    has_begun = True
                connection.ensure_connection()
                with connection.wrap_database_errors:
                    seen = _writes()
                is_behind = self._look()
                outages.check_recovery()
                pause_s = LOOK_EVERY_S
                # With more to do than threads the next look comes as soon as some are free.
                if is_behind:
                    self._room.wait(pause_s)
                else:
                    self._sleep(seen)
            except Exception as wrong:
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
                if not outages.noticed(wrong) and time.monotonic() - self._surprised_at > outages.REMIND_S:
                    log.exception("the worker could not look for work; trying again")
                    self._surprised_at = time.monotonic()
                connection.close()
                self._stop.wait(pause_s)
        connection.close()
        # What waits in the pool ends in `_step`, and so leaves `_busy`; cancelled, it would not.
        self._pool.shutdown(wait=False)
        end_worker(lambda: len(self._busy))

    def _sleep(self, seen: object) -> None:
        """Until something can be due, as foreseen, or another has written; a click is several writes."""
        until = time.monotonic() + max(min(quiet_s(), LOOK_ANYWAY_S), LOOK_EVERY_S)
        with connection.wrap_database_errors:
            while _writes() == seen and time.monotonic() < until and not self._stop.is_set():
                time.sleep(TICK_S)
        self._stop.wait(SETTLE_S)

    def _look(self) -> bool:
        """Hand out what is due, to as many threads as can work at once. Returns whether there is more than that."""
        follow_file()
        if time.monotonic() - self._beat_at > BEAT_EVERY_S:
            Heartbeat.beat(worker_name())
            self._beat_at = time.monotonic()
        self._room.clear()
        for row in due_of_all_kinds(limit=2 * THREADS):
            with self._lock:
                if row in self._busy:
                    continue
                here = sum(not is_elsewhere(thread) for thread in self._busy.values())
                if here >= THREADS or len(self._busy) >= MAX_THREADS:
                    return True
                self._busy[row] = None
            self._pool.submit(self._step, *row)
        return False

    def _step(self, model: type[Leased], pk: int) -> None:
        self._busy[model, pk] = get_ident()
        try:
            if not self._stop.is_set():
                follow_file()
                advance(model, pk)
        except Exception as wrong:
            if not outages.noticed(wrong):
                log.exception("%s %s: could not be claimed", model.__name__, pk)
        finally:
            # Kept between steps: opening one costs more than a step's queries.
            if connection.errors_occurred or self._stop.is_set():
                connection.close()
            with self._lock:
                del self._busy[model, pk]
                self._room.set()


def _writes() -> object:
    """Another value once another connection has committed. Django's cursor would cost ten times as much."""
    return connection.connection.execute(WRITES[connection.vendor]).fetchone()[0]


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def start_worker() -> None:
    registry.load_steps()
    for start in registry.starts:
        start()
    log.info("worker %s is at work", worker_name())


def end_worker(busy: Callable[[], int]) -> None:
    """Steps in progress get 7 s; what is cut off then is rescued when its lease has run out."""
    until = time.monotonic() + LAST_STEPS_S
    while busy() and time.monotonic() < until:
        time.sleep(0.05)
    with suppress(DatabaseError):
        Heartbeat.end(worker_name())
    log.info("worker %s stopped, %d steps cut off", worker_name(), busy())
