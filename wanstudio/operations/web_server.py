"""The web server: waitress in two processes that share one socket. A process that dies is replaced.

Slow senders and slow readers hold no thread. docs/architecture.md says why it is waitress; what waitress leaves to a
proxy in front is in `web_requests.py`.
"""

import gc
import logging
import multiprocessing
import os
import resource
import signal
import socket
import tempfile
import time
from _thread import LockType, allocate_lock
from collections.abc import Callable
from contextlib import suppress
from wsgiref.types import WSGIApplication

from django.conf import settings
from django.core.management.base import CommandError
from django.urls import reverse
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.task import ThreadedTaskDispatcher

from wanstudio.operations.cut_pieces import CutPiece
from wanstudio.operations.supervisor import end_with_parent
from wanstudio.operations.web_requests import Channel, Server

log = logging.getLogger(__name__)
_fork = multiprocessing.get_context("fork")

PROCESSES = 2
# Pages and streamed archives need one each while they are made; senders and readers of files need none.
THREADS, POLL_THREADS = 32, 2
# Of each process; a browser keeps one open for each page that polls. Of files, two for each, and some more.
CONNECTIONS, OTHER_FILES = 4000, 200
# For answers that are in progress, within the 8 s that the supervisor gives.
FINISHES_WITHIN_S = 5.0
LOOK_EVERY_S = 0.2


def listen(host: str, port: int, variable: str = "PORT") -> socket.socket:
    """A socket that listens there. Raises CommandError with a sentence that names the variable to change."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        # `::` takes in both families, as it does on most systems.
        both = host == "::" and socket.has_dualstack_ipv6()
        return socket.create_server((host, port), family=family, backlog=1024, dualstack_ipv6=both)
    except OSError as wrong:
        why = str(wrong.strerror).partition(" (while")[0]
        raise CommandError(
            f"Port {port} on {host} cannot be used ({why}). Stop what uses it, or set {variable}."
        ) from None


def serve(listener: socket.socket, application: WSGIApplication) -> None:
    """Serves until SIGTERM or SIGINT. Code that is loaded before is shared by all processes."""
    # Each process has its copy, and the handler that fills it, from its first moment on.
    signals: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: signals.append(number))
    gc.freeze()
    workers = [_start(listener, application, signals) for _ in range(PROCESSES)]
    while not signals:
        for at, worker in enumerate(workers):
            if not worker.is_alive():
                log.warning("a web process ended with %s; starting another", worker.exitcode)
                workers[at] = _start(listener, application, signals)
        time.sleep(LOOK_EVERY_S)
    listener.close()
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.join(FINISHES_WITHIN_S + 1)
        worker.kill()


class LastIn:
    """A condition that wakes the thread which began to wait last: a studio with few visitors uses few threads.

    Each thread that has served keeps a connection and some 2 MB. Python's own condition wakes the one that has waited
    longest, so that even a single visitor uses all of them in turn.
    """

    def __init__(self, lock: LockType) -> None:
        self._lock, self._gates = lock, list[LockType]()

    def wait(self) -> None:
        gate = allocate_lock()
        gate.acquire()
        self._gates.append(gate)
        self._lock.release()
        gate.acquire()
        self._lock.acquire()

    def notify(self) -> None:
        if self._gates:
            self._gates.pop().release()

    def notify_all(self) -> None:
        while self._gates:
            self.notify()


class Threads(ThreadedTaskDispatcher):  # type: ignore[misc]
    def __init__(self, count: int) -> None:
        super().__init__()
        self.queue_cv = LastIn(self.lock)
        self.set_thread_count(count)


class Dispatcher(Threads):
    """Polls have threads of their own, few: the more of them work together, the more processor each poll takes.

    A poll lets go of Python's lock at every step of its queries, and then waits for all that want it, too.
    """

    def __init__(self) -> None:
        super().__init__(THREADS)
        self._polls = Threads(POLL_THREADS)
        self._addresses = {reverse("jobs.status"), reverse("notifications.bell")}

    def add_task(self, task: Channel | CutPiece) -> None:
        # A request that cannot be read has no path.
        path = getattr(task.requests[0], "path", "") if isinstance(task, Channel) else ""
        ThreadedTaskDispatcher.add_task(self._polls if path in self._addresses else self, task)


def _start(
    listener: socket.socket, application: WSGIApplication, signals: list[int]
) -> multiprocessing.process.BaseProcess:
    worker = _fork.Process(target=_answer, args=(listener, application, signals))
    worker.start()
    return worker


def _answer(listener: socket.socket, application: WSGIApplication, signals: list[int]) -> None:
    end_with_parent()
    tempfile.tempdir = str(settings.FILE_UPLOAD_TEMP_DIR)
    connections = _max_connections()
    server = Server(
        application,
        dispatcher=Dispatcher(),
        map={},
        _sock=listener,
        bind_socket=False,
        sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
        adj=Adjustments(
            sockets=[listener],
            threads=THREADS,
            connection_limit=connections,
            backlog=1024,
            # `TrustedProxies` reads them, from the proxies that the settings name.
            clear_untrusted_proxy_headers=False,
            ident=None,
            log_socket_errors=False,
            recv_bytes=64 * 1024,
            max_request_header_size=64 * 1024,
            # Up to this size the loop receives a body, to discard it; waitress itself refuses a longer one.
            max_request_body_size=4 * 1024**3,
            inbuf_overflow=64 * 1024,
            outbuf_overflow=1024 * 1024,
            outbuf_high_watermark=1024 * 1024,
            cleanup_interval=2,
            channel_timeout=300,
        ),
    )
    _loop(server, lambda: bool(signals))
    wasyncore.dispatcher.close(server)
    until = time.monotonic() + FINISHES_WITHIN_S
    _loop(server, lambda: not server.is_busy() or time.monotonic() > until)
    # A working thread must not keep the process alive.
    os._exit(0)


def _loop(server: Server, is_over: Callable[[], bool]) -> None:
    while not is_over():
        wasyncore.loop(timeout=LOOK_EVERY_S, use_poll=True, map=server._map, count=1)


def _max_connections() -> int:
    """CONNECTIONS, or as many as the machine's limit of files has room for; it is raised, from 1024 usually."""
    needed = 2 * CONNECTIONS + OTHER_FILES
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = needed if most == resource.RLIM_INFINITY else min(most, needed)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
    return max((files - OTHER_FILES) // 2, 1)
