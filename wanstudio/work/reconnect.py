"""The database connection after a wait: the server might have been restarted or be away, the file be another one."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, connection, connections

from wanstudio.work import outages

T = TypeVar("T")

PATIENCE_S = 3600.0
PAUSE_S = 0.5


def refresh() -> None:
    """After a long wait: what a restarted PostgreSQL has broken meanwhile is not met by the next query."""
    follow_file()
    if connection.vendor == "sqlite" or connection.connection is None or connection.in_atomic_block:
        return
    if not connection.is_usable():
        connection.close()


def follow_file(**kwargs: object) -> None:
    """SQLite, before each request or step: a file that was put in the place of the one that is open is opened instead.

    What was written to the old one would be lost. A change of time alone reopens it too, as after a copy over it.
    """
    # Of this thread: each look through `connection` would cost as much as the call of the system.
    own = connections[DEFAULT_DB_ALIAS]
    if own.vendor != "sqlite" or own.in_atomic_block:
        return
    found = None
    with suppress(OSError):
        there = os.stat(own.settings_dict["NAME"])
        found = (there.st_dev, there.st_ino, there.st_mtime_ns)
    # Noted before it is opened, never after: at worst it is opened once more.
    if own.errors_occurred or found != getattr(own, "found_file", None):
        own.close()
    own.found_file = found  # type: ignore[attr-defined]


def durably(write: Callable[[], T]) -> T:
    """The result of `write`. While the database does not answer: again, for up to an hour, then raises as it did.

    For what only this process knows, such as the id of a task that is paid for.
    """
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return write()
        except (DatabaseError, InterfaceError) as wrong:
            if not outages.noticed(wrong) or connection.in_atomic_block or time.monotonic() > until:
                raise
            connection.close()
            time.sleep(PAUSE_S)


def forget_statistics(using: str = "default", **kwargs: object) -> None:
    """Delete what someone's ANALYZE left in SQLite: of a database that has grown since, it makes the planner read all.

    Without statistics a plan depends on the query and the indexes alone, as the tests have it.
    """
    if connections[using].vendor != "sqlite":
        return
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE name IN ('sqlite_stat1', 'sqlite_stat4')")
        if names := [name for (name,) in cursor.fetchall()]:
            for name in names:
                cursor.execute(f"DELETE FROM {name}")  # noqa: S608 (names of SQLite)
            # This connection forgets them, too.
            cursor.execute("ANALYZE sqlite_schema")
