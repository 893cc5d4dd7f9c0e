"""The stand-in as a process: HTTP on a loopback port, state in a folder, until SIGTERM."""

import logging
import signal
import socket
from http.server import ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Event, Thread
from typing import Any

from wanstudio.media.fetch import Fetcher
from wanstudio.provider.sandbox.http_handler import Handler
from wanstudio.provider.sandbox.serving import Api
from wanstudio.provider.sandbox.task_runner import Runner
from wanstudio.provider.sandbox.task_store import Store

logger = logging.getLogger("wanstudio.sandbox")
START_BALANCE_CENTS = 100_00
# A restart fills the account again when less than this is left.
TOP_UP_BELOW_CENTS = 20_00


class Server(ThreadingHTTPServer):
    """A thread a connection. A client that goes away is not worth a traceback."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[Handler]) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        logger.debug("connection broke off", exc_info=True)


class Sandbox:
    """The whole stand-in inside this process; `port` 0 takes a free one. Use `serve` for a process of its own.

    `pace` multiplies the callbacks' waits. A task is pending for `pending_s` and processing for at least `least_s`
    (seconds). The balance starts at `balance_cents`.
    """

    def __init__(
        self,
        host: str,
        port: int,
        data_dir: Path,
        fetcher: Fetcher,
        key: str = "sandbox",
        pace: float = 1.0,
        *,
        model: str = "wan-2-2-animate",
        pending_s: float = 0.5,
        least_s: float = 2.0,
        balance_cents: int = START_BALANCE_CENTS,
    ) -> None:
        if not ip_address(host).is_loopback:
            raise ValueError(f"The sandbox binds a loopback address, not {host}: its key is known to everybody.")
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._store = Store(data_dir / "sandbox.sqlite3")
        self._store.top_up(balance_cents, min(balance_cents, TOP_UP_BELOW_CENTS))
        self._runner = Runner(self._store, data_dir, fetcher, pace, least_s, lambda: self.origin)
        self._api = Api(self._store, self._runner, fetcher, data_dir, key, model, pending_s, lambda: self.origin)
        self._http = Server((host, port), type("BoundHandler", (Handler,), {"api": self._api}))
        self._thread = Thread(target=self._http.serve_forever, args=(0.1,), name="http", daemon=True)

    @property
    def origin(self) -> str:
        host, port = self._http.server_address[:2]
        name = str(host)
        return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"

    @property
    def base_url(self) -> str:
        """What a client is given as the provider's base."""
        return f"{self.origin}/api/v1"

    def start(self) -> None:
        self._runner.start()
        self._thread.start()
        logger.info("sandbox listening base_url=%s", self.base_url)

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._api.stopping.set()
        self._runner.stop()
        self._store.close()


def serve(
    host: str, port: int, data_dir: Path, fetcher: Fetcher, key: str = "sandbox", pace: float = 1.0, **options: Any
) -> None:
    """Runs until SIGTERM or SIGINT, from the main thread; `options` as `Sandbox` takes them. Raises OSError if the port
    is taken, ValueError for a host that is not loopback."""
    sandbox = Sandbox(host, port, data_dir, fetcher, key, pace, **options)
    ended = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    sandbox.start()
    ended.wait()
    sandbox.stop()
