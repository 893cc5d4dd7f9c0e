"""Forks preloaded victims: Django is imported once, and a worker or web server is back within milliseconds.

Spoken to in lines: "worker" or "web" comes in, "born worker PID" and "gone PID SIGNAL" go out. It ends with its input.
"""

import ctypes
import importlib
import os
import select
import signal
import socketserver
import sys
import traceback
from pathlib import Path
from threading import Event
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

BOARD, LOG = "CHAOS_BOARD", "CHAOS_LOG"
LOOK_EVERY_S = 0.05
PR_SET_PDEATHSIG = 1
SWEEP_EVERY_S = 0.3
OURS = ("wanstudio.urls", "wanstudio.work.loop", "tests.proof.chaos.traps")
CELERYS = (
    *("wanstudio.celery", "celery.apps.worker", "celery.apps.beat", "celery.bin.celery", "celery.concurrency.thread"),
    "kombu.transport.pyamqp",
)


def main() -> None:
    import django

    django.setup()
    # Everything a victim needs, so that the forks share it.
    from django.conf import settings

    from wanstudio.wsgi import application

    for name in (*OURS, *(CELERYS if settings.BROKER_URL else ())):
        importlib.import_module(name)
    roles = {"worker": work, "second": work, "beat": beat, "web": lambda: serve(application)}
    awake, alarm = os.pipe()
    os.set_blocking(alarm, False)
    os.set_blocking(awake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(alarm)
    say("ready")
    while True:
        woken, _, _ = select.select([sys.stdin.fileno(), awake], [], [])
        if awake in woken:
            os.read(awake, 1024)
            reap()
        if sys.stdin.fileno() in woken:
            words = os.read(sys.stdin.fileno(), 1024).decode().split()
            if not words:
                return
            for role in words:
                say(f"born {role} {fork(roles[role])}")


def fork(act: Any) -> int:
    if pid := os.fork():
        return pid
    try:
        die_with_parent()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        log = os.open(os.environ[LOG], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        act()
    except Exception:
        # Into the log: a victim that cannot even begin would be waited for in silence.
        traceback.print_exc()
    finally:
        os._exit(1)


def die_with_parent() -> None:
    """However the drill ends: nobody it started is left behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def reap() -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        say(f"gone {pid} {os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0}")


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


def work() -> None:
    """The studio's worker, of the kind that the settings ask for."""
    from django.conf import settings

    from tests.proof.chaos import traps

    traps.install("worker", Path(os.environ[BOARD]), ways())
    if settings.BROKER_URL:
        from wanstudio.celery import app

        app.worker_main(["--quiet", "worker", "--without-gossip", "--without-mingle"])
        return
    from wanstudio.work import loop

    loop.LOOK_EVERY_S = LOOK_EVERY_S
    loop.Loop(Event()).run()


def beat() -> None:
    from wanstudio.celery import app

    app.conf.beat_schedule["sweep"]["schedule"] = SWEEP_EVERY_S
    app.conf.beat_max_loop_interval = SWEEP_EVERY_S
    app.Beat(quiet=True).run()


def serve(application: Any) -> None:
    """The same application as the web server serves, in threads of one process."""
    from django.conf import settings

    from tests.proof.chaos import traps

    traps.install("web", Path(os.environ[BOARD]), {})
    server = _Threaded(("127.0.0.1", settings.PORT), _Silent)
    server.set_app(application)
    server.serve_forever(0.05)


def ways() -> dict[str, str]:
    pairs = (pair.split("=", 1) for pair in os.environ["CHAOS_WAYS"].split())
    return dict((name, url) for name, url in pairs)  # noqa: C402 (mypy: a list is no pair)


class _Threaded(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128


class _Silent(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Silent."""


if __name__ == "__main__":
    main()
