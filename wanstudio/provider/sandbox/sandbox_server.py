"""The stand-in as a process: HTTP on a loopback port, state in a folder, until SIGTERM."""

import logging
import signal
from collections import Counter
from pathlib import Path
from threading import Event, Thread

from wanstudio.media.fetch import Fetcher

from .http_handler import Handler, HttpServer
from .task_runner import Options, TaskRunner
from .task_store import TaskStore

logger = logging.getLogger("wanstudio.sandbox")
# No one but this machine reaches it: its key is known to everyone.
HOST = "127.0.0.1"


class Sandbox:
    """The whole stand-in inside this process; `port` 0 takes a free one. Raises OSError if the port is taken."""

    def __init__(self, port: int, folder: Path, fetcher: Fetcher, options: Options) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        store = TaskStore(folder / "sandbox.sqlite3")
        store.top_up(options.balance_cents)

        class BoundHandler(Handler):
            faulty = Counter()

        self._http = HttpServer((HOST, port), BoundHandler)
        self.origin = f"http://{HOST}:{self._http.server_port}"
        # What a client is given as the provider's base.
        self.base_url = f"{self.origin}/api/v1"
        self._runner = BoundHandler.runner = TaskRunner(store, folder, fetcher, options, self.origin)

    def start(self) -> None:
        self._runner.start()
        Thread(target=self._http.serve_forever, args=(0.1,), name="http", daemon=True).start()
        logger.info("sandbox listening base_url=%s", self.base_url)

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._runner.stop()


def serve(port: int, folder: Path, fetcher: Fetcher, options: Options) -> None:
    """Runs until SIGTERM or SIGINT, from the main thread. Raises OSError if the port is taken."""
    sandbox = Sandbox(port, folder, fetcher, options)
    ended = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    sandbox.start()
    ended.wait()
    sandbox.stop()
