"""Hints to the broker: in outgrown mode it hears at once of a row that has just become ready.

They are sent by a separate thread, so that a broker that hangs delays no page. A hint that cannot be sent is
dropped: the next sweep finds the row.
"""

import logging
import os
from collections.abc import Callable
from queue import Full, Queue
from threading import Lock, Thread

from wanstudio.work.leases import Leased, woken

log = logging.getLogger(__name__)

MAX_WAITING = 1000


class Hints:
    """The thread and what waits for it. Started with the first hint, once in every process.

    `hand_over` publishes the name of a model and an id, and raises what the broker's client raises.
    """

    def __init__(self, hand_over: Callable[[str, int], None]) -> None:
        self._hand_over = hand_over
        self._waiting: Queue[tuple[str, int]] = Queue(MAX_WAITING)
        self._lock = Lock()
        self._process = 0
        self._works = True

    def send(self, sender: type[Leased], pk: int, **kwargs: object) -> None:
        """Returns at once, whatever the broker does."""
        try:
            self._waiting.put_nowait((sender.__name__, pk))
        except Full:
            return
        with self._lock:
            if self._process != os.getpid():
                self._process = os.getpid()
                Thread(target=self._run, name="hints", daemon=True).start()

    def _run(self) -> None:
        while True:
            row, worked = self._waiting.get(), self._works
            try:
                self._hand_over(*row)
                self._works = True
            except Exception as wrong:
                self._works = False
                # One line when it changes, not one a hint.
                if worked:
                    log.warning("the broker takes no hints (%s); sweeps find what is due", wrong)
            if self._works and not worked:
                log.info("the broker takes hints again")


def connect(hand_over: Callable[[str, int], None]) -> None:
    """Listen to every row that becomes ready."""
    woken.connect(Hints(hand_over).send, dispatch_uid="hints", weak=False)
