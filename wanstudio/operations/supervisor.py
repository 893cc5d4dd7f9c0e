"""Supervisor of the studio's processes on one machine: web, worker and, while there is no key, the sandbox.

A child that dies is started again with a growing pause; SIGTERM or Ctrl-C ends all within 10 s. Each child leads a
process group of its own, so that none of its children can keep its port after its end.

Children are forked: what is loaded is loaded once, and they share its memory until they write to it. So the supervisor
has no thread, and no connection of its own while it starts one.
"""

import ctypes
import gc
import logging
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from threading import Event

from django.core.management import execute_from_command_line
from django.db import connections

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.2
LONGEST_PAUSE_S = 10.0
STEADY_AFTER_S = 30.0
GRACE_S = 8.0
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_fork = multiprocessing.get_context("fork")
PR_SET_PDEATHSIG = 1


@dataclass
class Child:
    """A command of `manage.py`, in a separate process."""

    name: str
    command: Sequence[str]
    process: BaseProcess | None = None
    started_at: float = 0.0
    restart_at: float = 0.0
    pause_s: float = 0.0
    is_needed: Callable[[], bool] = lambda: True

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.process = forked(*self.command)
        log.info("%s started, process %d", self.name, self.process.pid)

    def look(self) -> None:
        """Notice a death, and start again once its pause is over. The first death after a steady run costs no pause."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.restart_at and self.is_needed():
                self.start()
            return
        if (code := self.process.exitcode) is None:
            if not self.is_needed():
                self.signal(signal.SIGTERM)
            return
        self.signal(signal.SIGKILL)
        if not self.is_needed():
            self.process = None
            log.info("%s is not needed any more and ended", self.name)
            return
        steady = now - self.started_at > STEADY_AFTER_S
        self.pause_s = 0.2 if steady or not self.pause_s else min(self.pause_s * 2, LONGEST_PAUSE_S)
        self.restart_at, self.process = now + self.pause_s, None
        log.warning("%s ended with %s; starting it again in %.1f s", self.name, code, self.pause_s)

    def signal(self, number: int) -> None:
        """To the whole group; one that is gone already is no error."""
        if self.process and self.process.pid:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)


def supervise(children: Sequence[Child], stop: Event) -> None:
    """Run until `stop`; then SIGTERM to all, and SIGKILL to those left after 8 s."""
    while not stop.is_set():
        for child in children:
            child.look()
        stop.wait(LOOK_EVERY_S)
    for child in children:
        child.signal(signal.SIGTERM)
    until = time.monotonic() + GRACE_S
    while any(child.process and child.process.is_alive() for child in children) and time.monotonic() < until:
        time.sleep(0.05)
    for child in children:
        child.signal(signal.SIGKILL)
        if child.process:
            # Reaped, so that no ended process looks alive.
            child.process.join()


def forked(*command: str) -> BaseProcess:
    """`manage.py command…` in a process that leads its own group by the time this returns."""
    connections.close_all()
    # A garbage collection would write to all shared memory.
    gc.freeze()
    leads, is_leading = os.pipe()
    process = _fork.Process(target=_become, args=(command, is_leading))
    process.start()
    os.close(is_leading)
    os.read(leads, 1)
    os.close(leads)
    return process


def _become(command: Sequence[str], is_leading: int) -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    os.setsid()
    end_with_parent()
    os.close(is_leading)
    execute_from_command_line(["manage.py", *command])


def end_with_parent() -> None:
    """On Linux a child gets SIGTERM when the supervisor is killed; elsewhere a person has to end it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
