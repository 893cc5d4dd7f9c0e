"""Starts the victims and learns who died: workers, web server and beat, forked from a preloaded process."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ROLES = ("worker", "web")
GROWN = ("worker", "web", "beat")
# A busy machine takes its time.
STARTS_WITHIN_S, COMES_AND_GOES_S = 180, 60


def wait_until(true: Callable[[], object], within_s: float, look_every_s: float = 0.004) -> bool:
    """Whether it came true in time."""
    until = time.monotonic() + within_s
    while not true():
        if time.monotonic() > until:
            return False
        time.sleep(look_every_s)
    return True


class Crew:
    """`pids`: who lives, by role. The environment must be that of the studio by now."""

    def __init__(self, roles: tuple[str, ...] = ROLES) -> None:
        self.roles = roles
        self.pids: dict[str, int] = {}
        self._gone: dict[int, int] = {}
        self._news = threading.Condition()
        self._ready = threading.Event()
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.proof.chaos.zygote"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        threading.Thread(target=self._listen, daemon=True).start()
        assert self._ready.wait(STARTS_WITHIN_S), "the zygote did not start"

    def _listen(self) -> None:
        assert self._zygote.stdout
        for line in self._zygote.stdout:
            word, *rest = line.decode().split()
            with self._news:
                if word == "ready":
                    self._ready.set()
                elif word == "born":
                    self.pids[rest[0]] = int(rest[1])
                else:
                    self._gone[int(rest[0])] = int(rest[1])
                self._news.notify_all()

    def start_all(self) -> None:
        for role in self.roles:
            if role not in self.pids:
                self.start(role)

    def start(self, role: str) -> int:
        """Another one of this role; the last must be gone."""
        assert self._zygote.stdin
        with self._news:
            self.pids.pop(role, None)
        self._zygote.stdin.write(f"{role} ".encode())
        self._zygote.stdin.flush()
        with self._news:
            assert self._news.wait_for(lambda: role in self.pids, COMES_AND_GOES_S), f"no {role} was born"
            return self.pids[role]

    def wait_gone(self, pid: int, within_s: float = COMES_AND_GOES_S) -> bool:
        with self._news:
            return self._news.wait_for(lambda: pid in self._gone, within_s)

    def end(self, role: str) -> None:
        """SIGKILL, outside any count."""
        pid = self.pids[role]
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        assert self.wait_gone(pid)
        with self._news:
            self.pids.pop(role, None)

    def close(self) -> None:
        for pid in list(self.pids.values()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._zygote.stdin and self._zygote.stdin.close()
        self._zygote.wait(COMES_AND_GOES_S)
