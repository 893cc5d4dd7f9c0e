"""A yardstick for promises in seconds: how long the machine let a thread wait that wanted to run."""

import threading
import time
from types import TracebackType

LOOK_EVERY_S = 0.02
USUAL_S = 0.01


class Lateness:
    """`with Lateness() as late: …`; afterwards `late.s` are the seconds by which this process was late in the block."""

    def __init__(self) -> None:
        self.s = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Lateness":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.is_set():
            began = time.monotonic()
            time.sleep(LOOK_EVERY_S)
            self.s += max(time.monotonic() - began - LOOK_EVERY_S - USUAL_S, 0)
