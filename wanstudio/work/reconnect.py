"""The database connection after a long wait: the server may have been restarted, or be away just now."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

T = TypeVar("T")
log = logging.getLogger(__name__)

PATIENCE_S = 60.0
PAUSE_S = 0.5


def refresh() -> None:
    """After a long wait: what a restarted PostgreSQL has broken meanwhile is not met by the next query."""
    if connection.vendor == "sqlite" or connection.connection is None or connection.in_atomic_block:
        return
    if not connection.is_usable():
        connection.close()


def durably(write: Callable[[], T]) -> T:
    """The result of `write`. While the database does not answer: again, for up to a minute, then raises as it did.

    For what only this process knows, such as the id of a task that is paid for.
    """
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return write()
        except (OperationalError, InterfaceError) as wrong:
            if connection.in_atomic_block or time.monotonic() > until:
                raise
            log.warning("the database does not answer, trying again: %s", wrong)
            connection.close()
            time.sleep(PAUSE_S)
