"""The web as it really is served: the web server under the studio's own supervisor, killed in the middle of requests.

As a program: that supervisor. As a module: its other end, which finds the processes and kills them.
"""

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Event

import requests

from tests.proof.chaos.crew import COMES_AND_GOES_S, ROOT, STARTS_WITHIN_S, wait_until
from wanstudio.operations.supervisor import end_with_parent

STARTED = re.compile(r"web started, process (\d+)")


class RealWeb:
    """`start` returns once it answers. `kill` takes the serving processes, or all of it."""

    def __init__(self, url: str, log: Path) -> None:
        self._url, self._log = url, log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.proof.chaos.real_web"],
                cwd=ROOT,
                env={**os.environ, "LOG_LEVEL": "INFO"},
                stdout=log,
                stderr=log,
                preexec_fn=end_with_parent,
            )
        assert wait_until(self.is_up, STARTS_WITHIN_S), self._log.read_text()[-2000:]

    def is_up(self) -> bool:
        with suppress(requests.RequestException):
            return requests.get(f"{self._url}/healthz", timeout=20).status_code == 200
        return False

    def kill(self, *, whole: bool) -> int:
        """SIGKILL. How many processes died of it; the first of them, or the supervisor, starts others."""
        main = int(STARTED.findall(self._log.read_text())[-1])
        victims = [main] if whole else _children(main)
        for pid in victims:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return len(victims)

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(COMES_AND_GOES_S)


def _children(parent: int) -> list[int]:
    """The processes that answer requests."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            if int(stat[1]) == parent:
                found.append(int(pid))
    return found


def main() -> None:
    import django

    django.setup()
    from wanstudio.operations.supervisor import Child, supervise

    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    supervise([Child("web", ["web"])], stop)


if __name__ == "__main__":
    main()
