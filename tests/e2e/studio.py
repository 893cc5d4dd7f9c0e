"""A whole studio for a test: `manage.py run` with real processes, on free ports and a folder of its own."""

import fcntl
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import requests

from tests.e2e.console import Console
from tests.servers import ENDS_WITHIN_S, free_port

T = TypeVar("T")
ROOT = Path(__file__).resolve().parent.parent.parent
STARTS_WITHIN_S = 120
# Jobs that the worker has in hand.
WORKING = "SELECT id FROM wanstudio_job WHERE lease_until > strftime('%Y-%m-%d %H:%M:%f', 'now')"


def wait_until(true: Callable[[], T], what: str, within_s: float = 60) -> T:
    """The first true value of `true()`; fails naming `what` if there is none in time."""
    until = time.monotonic() + within_s
    while not (value := true()):
        if time.monotonic() > until:
            raise AssertionError(f"not within {within_s} s: {what}")
        time.sleep(0.05)
    return value


def thread_states(pid: int) -> set[str]:
    """As the kernel names them: R runs, S sleeps, T is stopped."""
    found = set()
    for task in Path(f"/proc/{pid}/task").iterdir():
        # A thread can end meanwhile.
        with suppress(OSError):
            found.add((task / "stat").read_text().rpartition(")")[2].split()[0])
    return found


def stop_between_writes(pid: int, path: Path) -> None:
    """Stop a process until SIGCONT; never within a write into this database, which would hold up everyone's."""

    def stopped() -> bool:
        os.kill(pid, signal.SIGSTOP)
        # On a busy machine a thread goes on for a while, and can begin to write.
        wait_until(lambda: thread_states(pid) == {"T"}, f"every thread of {pid} has stopped")
        try:
            with closing(sqlite3.connect(path, timeout=0.5)) as database:
                database.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            os.kill(pid, signal.SIGCONT)
            return False
        return True

    wait_until(stopped, f"{pid} stands still between two writes")


class Studio:
    """Started by `start`, ended by `stop`. `url` is its address, `data` its folder, `log` what its processes said.

    `template`: a prepared folder that it begins as a copy of; without one it prepares its own.
    """

    def __init__(self, data: Path, template: Path | None = None, **env: str) -> None:
        self.port, self.sandbox_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.data = data
        # The checkout whose code runs.
        self.root = ROOT
        self.env = {
            **os.environ,
            "WANSTUDIO_ENV_FILE": "",
            "DJANGO_SETTINGS_MODULE": "wanstudio.settings",
            "WANSTUDIO_DATA": str(data),
            "PORT": str(self.port),
            "SANDBOX_PORT": str(self.sandbox_port),
            "PYTHONUNBUFFERED": "1",
            **env,
        }
        self.log = data.parent / f"{data.name}.log"
        self._template = template
        self._process: subprocess.Popen[bytes] | None = None
        self._console: Console | None = None
        self._cookies: dict[str, str] = {}
        self._is_used = False

    def manage(self, *words: str, **env: str) -> str:
        """What `manage.py words…` prints."""
        done = self.command(*words, **env)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refuses(self, *words: str, **env: str) -> str:
        """What `manage.py words…` says as it refuses, in one piece and without a traceback."""
        done = self.command(*words, **env)
        assert done.returncode, done.stdout
        assert "Traceback" not in done.stderr
        return done.stderr

    def command(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=self.root,
            env={**self.env, **env},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def python(self, code: str) -> str:
        """What this code prints inside the studio, with its settings and models."""
        if self._console is None:
            self._console = Console(self.root, self.env)
        return self._console.run(code).strip()

    @contextmanager
    def beside(self, *words: str) -> Iterator[None]:
        """`manage.py words…` as one more process of this studio, as on another machine. It is gone afterwards."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", *words], cwd=self.root, env=self.env, stdout=log, stderr=log
            )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(ENDS_WITHIN_S)
            finally:
                process.kill()

    def start(self, *options: str) -> "Studio":
        if self._template and not self.data.exists():
            shutil.copytree(self._template, self.data, symlinks=True)
        else:
            self.manage("prepare")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "run", *options], cwd=self.root, env=self.env, stdout=log, stderr=log
            )
        try:
            wait_until(self.is_ready, f"{self.url}/readyz", STARTS_WITHIN_S)
        except AssertionError as late:
            raise AssertionError(f"{late}; its log says\n{self.said()[-3000:]}") from None
        return self

    def is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.said()
        try:
            return requests.get(f"{self.url}/readyz", timeout=20).status_code == 200
        except requests.RequestException:
            return False

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def pid(self, name: str) -> int:
        """The process id of the child `name` (web, worker, sandbox) that was started last."""
        started = wait_until(lambda: re.findall(rf"{name} started, process (\d+)", self.said()), f"{name} is started")
        return int(started[-1])

    def pids(self) -> list[int]:
        """All of its processes, the supervisor first."""
        assert self._process is not None
        found = [self._process.pid]
        for pid in found:
            # A process can end meanwhile.
            with suppress(FileNotFoundError, ProcessLookupError):
                for task in Path(f"/proc/{pid}/task").iterdir():
                    found += map(int, (task / "children").read_text().split())
        return found

    def kill(self, name: str) -> None:
        """SIGKILL to the child; returns once the supervisor has started another."""
        old = self.pid(name)
        os.kill(old, signal.SIGKILL)
        wait_until(lambda: self.pid(name) != old, f"{name} is back")

    def freeze(self, name: str) -> int:
        """Stop the child until SIGCONT. Its process id."""
        pid = self.pid(name)
        stop_between_writes(pid, self.data / "studio.sqlite3")
        return pid

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the studio's database, read beside it; a place for a value is a question mark."""
        if url := self.env.get("DATABASE_URL"):
            with psycopg.connect(url) as line:
                return line.execute(sql.replace("?", "%s").encode(), values).fetchall()
        with sqlite3.connect(f"file:{self.data / 'studio.sqlite3'}?mode=ro", uri=True, timeout=20) as database:
            found = database.execute(sql, values).fetchall()
        database.close()
        return found

    def cookies(self, login: Callable[[], dict[str, str]]) -> dict[str, str]:
        """Those of a browser that is signed in, made by `login` once and then shared."""
        if not self._cookies:
            self._cookies = login()
        return self._cookies

    def reset(self) -> None:
        """Everything in its database as in the template, ids included, while its processes go on.

        What was begun before ends first, or nothing comes of it: an answer, or a callback of the sandbox, would be
        taken for that of the new row with the old one's id.
        """
        assert self._template
        self._cookies = {}
        if self._is_used:
            with closing(sqlite3.connect(self.data / "sandbox" / "sandbox.sqlite3", timeout=60)) as sandbox:
                sandbox.executescript("DELETE FROM task; DELETE FROM callback;")
            wait_until(lambda: not self.rows(WORKING), "the worker has ended its step")
        self._is_used = True
        with (
            (self.data / "sent.json").open("a") as marks,
            closing(sqlite3.connect(self.data / "studio.sqlite3", timeout=20)) as database,
            closing(sqlite3.connect(self._template / "studio.sqlite3")) as template,
        ):
            # What was sent since would tell that the database was replaced by hand.
            fcntl.flock(marks, fcntl.LOCK_EX)
            marks.truncate(0)
            alive = database.execute("SELECT * FROM wanstudio_heartbeat").fetchall()
            template.backup(database)
            with database:
                for beat in alive:
                    database.execute(
                        f"INSERT OR IGNORE INTO wanstudio_heartbeat VALUES ({', '.join('?' * len(beat))})", beat
                    )

    def close(self) -> None:
        """The end of what `python` has started."""
        if self._console:
            self._console.close()
            self._console = None

    def stop(self) -> float:
        """SIGTERM to the supervisor alone. Returns the seconds it took."""
        assert self._process is not None
        self.close()
        began = time.monotonic()
        self._process.terminate()
        try:
            self._process.wait(ENDS_WITHIN_S)
        finally:
            self._process.kill()
        return time.monotonic() - began

    def end(self) -> None:
        """However far a test came with it: nothing of it goes on."""
        self.close()
        if self._process and self._process.poll() is None:
            self.stop()
