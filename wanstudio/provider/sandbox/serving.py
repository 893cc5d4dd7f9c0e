"""What the threads that answer requests share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock

from wanstudio.media.fetch import Fetcher
from wanstudio.provider.sandbox.prompt_orders import Orders
from wanstudio.provider.sandbox.request_body import Request
from wanstudio.provider.sandbox.task_runner import Runner
from wanstudio.provider.sandbox.task_store import Store


@dataclass
class Api:
    """`origin()` is the address the sandbox is reached at; `pending_s` how long a new task is pending."""

    store: Store
    runner: Runner
    fetcher: Fetcher
    folder: Path
    key: str
    model: str
    pending_s: float
    origin: Callable[[], str]
    stopping: Event = field(default_factory=Event)
    _struck: dict[tuple[object, ...], int] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def strikes(self, request: Request, orders: Orders) -> bool:
        """Whether an order on submits still holds for this request, counted by what stays the same when it is sent
        again. The first that gets through begins the count anew."""
        identity = (request.behaviour, request.resolution, request.seed, request.prompt)
        with self._lock:
            struck = self._struck.get(identity, 0)
            if struck >= orders.submits:
                del self._struck[identity]
                return False
            self._struck[identity] = struck + 1
            return True
