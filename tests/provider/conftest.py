import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.provider.scripted import HANGING, Move, Scripted
from wanstudio.media import exchange
from wanstudio.media.exchange import Deadline
from wanstudio.provider.apixo.client import ApixoClient
from wanstudio.provider.base import Account
from wanstudio.provider.calls import GenerateRequest

# Made for the tests, valid for loopback only: a certificate that signs itself, and its key.
LOOPBACK_PEM = Path(__file__).with_name("loopback.pem")
KEY = "sk-a-key-of-the-tests"

MODEL = "wan-2-2-animate"

Serve = Callable[..., Scripted]
Connect = Callable[..., ApixoClient]


def client_of(base_url: str, key: str = KEY, **more: Any) -> ApixoClient:
    return ApixoClient(Account(base_url, key, MODEL, **more))


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a scripted server with the given moves; it ends with the test."""
    with ExitStack() as stack:

        def start(*moves: Move, at_once: Move | None = None, tls: ssl.SSLContext | None = None) -> Scripted:
            return stack.enter_context(Scripted(*moves, at_once=at_once, tls=tls))

        yield start


@pytest.fixture
def connect() -> Connect:
    """A client of a scripted server. A test whose subject is a time-out moves the clock."""

    def client(server: Scripted, **more: Any) -> ApixoClient:
        return client_of(server.url, connect_timeout_s=60, read_timeout_s=60, **more)

    return client


class Clock:
    """The clock by which calls end, two minutes after they began."""

    ahead_s = 0.0

    def pass_all(self) -> None:
        self.ahead_s += 3600

    def pass_nearly_all(self) -> None:
        self.ahead_s += 119.5


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time passes when a test says so, and when a server hangs. Then all that it has said has been read: of two looks
    in vain, the second began when it hung already."""
    made, looks = Clock(), list[Deadline]()

    def look_in_vain(deadline: Deadline) -> None:
        if HANGING.is_set():
            looks.append(deadline)
        if len(looks) > 1:
            made.pass_all()

    HANGING.clear()
    monkeypatch.setattr(exchange, "monotonic", lambda: time.monotonic() + made.ahead_s)
    monkeypatch.setattr(Deadline, "beat_s", 0.02)
    monkeypatch.setattr(Deadline, "beat", look_in_vain)
    return made


@pytest.fixture
def tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(LOOPBACK_PEM)
    return context


@pytest.fixture
def animate() -> GenerateRequest:
    return GenerateRequest(
        behaviour="animate",
        image_url="https://example.com/character.png",
        video_url="https://example.com/motion.mp4",
        resolution="480p",
        seed=-1,
    )
