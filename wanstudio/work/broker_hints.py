"""In outgrown mode: tells the broker at once about a row that has just become ready.

A thread of its own does, so that a broker that hangs holds up no page. What it cannot hand over is forgotten: the row
is there, and the next sweep finds it.
"""

import logging
import os
from queue import Full, Queue
from threading import Lock, Thread
from typing import Any

from django.conf import settings

from wanstudio.work.leases import Leased, woken

log = logging.getLogger(__name__)

MOST_WAITING = 1000


class Teller:
    """The thread and what waits for it. Started with the first hint, once in every process."""

    def __init__(self) -> None:
        self._waiting: Queue[tuple[str, int]] = Queue(MOST_WAITING)
        self._lock = Lock()
        self._process = 0
        self._works = True

    def tell(self, sender: type[Leased], pk: int, **kwargs: Any) -> None:
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
        from wanstudio.celery import hand_over

        while True:
            name, pk = self._waiting.get()
            try:
                hand_over(name, pk)
                self._note(True)
            except Exception as wrong:
                self._note(False, wrong)

    def _note(self, works: bool, wrong: Exception | None = None) -> None:
        """One line when it changes, not one a hint."""
        if works != self._works:
            self._works = works
            if works:
                log.info("the broker takes hints again")
            else:
                log.warning("the broker takes no hints (%s); sweeps find what is due", wrong)


teller = Teller()


def connect() -> None:
    """Listen, if there is a broker."""
    if settings.BROKER_URL:
        woken.connect(teller.tell, dispatch_uid="hints")
