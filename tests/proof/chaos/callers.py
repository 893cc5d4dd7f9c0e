"""The provider's callbacks: each delivered by a thread of its own, four times at most, as its documentation says."""

import json
import threading
import time

import requests

from tests.proof.chaos.apixo import Apixo
from tests.proof.chaos.ledger import Task
from tests.proof.chaos.outcomes import says

TRIES = 4
FIRST_PAUSE_S = 0.3


class Callers:
    """`pending` counts what is still to be delivered; `refused` what the studio never took."""

    def __init__(self, apixo: Apixo) -> None:
        self._apixo = apixo
        self._lock = threading.Lock()
        self.pending = 0
        self.delivered = 0
        self.refused = 0
        self._over = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def at_rest(self) -> bool:
        # In this order: each hands on to the next.
        return not self._apixo.in_hand and not self._apixo.calls and not self.pending

    def _run(self) -> None:
        while not self._over.wait(0.01):
            while self._apixo.calls:
                with self._lock:
                    self.pending += 1
                task, wait_s = self._apixo.calls.popleft()
                threading.Thread(target=self._deliver, args=(task, wait_s), daemon=True).start()

    def _deliver(self, task: Task, wait_s: float) -> None:
        time.sleep(wait_s)
        task.looks = -1
        done = self._call(task)
        with self._lock:
            self.pending -= 1
            self.delivered += done
            self.refused += not done

    def _call(self, task: Task) -> bool:
        for number in range(TRIES):
            try:
                body = json.dumps(says(200, self._apixo.told(task)))
                if requests.post(task.callback_url, data=body, timeout=10).status_code == 200:
                    return True
            except requests.RequestException:
                pass
            time.sleep(FIRST_PAUSE_S * 2**number)
        return False

    def close(self) -> None:
        self._over.set()
