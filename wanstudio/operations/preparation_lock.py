"""Lock of preparations: of machines that start at the same time, one prepares the database while the others wait."""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

# One for each database; any number, but the same in every version.
NUMBER = 0x57414E53
LOOK_EVERY_S = 0.25


@contextmanager
def alone(on_wait: Callable[[], None]) -> Iterator[None]:
    """Locks data folder and database, until it or the process ends; PostgreSQL by a connection that migrations keep."""
    with (Path(settings.DATA_DIR) / "prepare.lock").open("a") as file:
        _until(lambda: _has(file.fileno()), on_wait)
        if connection.vendor != "postgresql":
            yield
            return
        line = connection.copy()
        try:
            _until(lambda: _has_database(line), on_wait)
            yield
        finally:
            line.close()


def _until(is_ours: Callable[[], bool], on_wait: Callable[[], None]) -> None:
    """Polls: a waiting statement would hold a snapshot, for which the building of an index waits."""
    if is_ours():
        return
    on_wait()
    while not is_ours():
        time.sleep(LOOK_EVERY_S)


def _has(file: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _has_database(line: BaseDatabaseWrapper) -> bool:
    with line.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [NUMBER])
        return bool(cursor.fetchone()[0])
