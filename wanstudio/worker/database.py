"""The database around a long wait for somebody else: let go before, and patience after."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

T = TypeVar("T")
log = logging.getLogger(__name__)

PATIENCE_S = 60.0
PAUSE_S = 0.5


def let_go() -> None:
    """Give the connection back; the next query opens another.

    Not within a transaction. What a restarted server has broken meanwhile is not met after the wait, and a slow
    provider does not hold connections that others need.
    """
    if not connection.in_atomic_block:
        connection.close()


def durably(write: Callable[[], T]) -> T:
    """What `write` returns. While the database does not answer: again, for up to a minute, then raises as it did.

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
            let_go()
            time.sleep(PAUSE_S)
