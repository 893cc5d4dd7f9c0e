import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.provider.scripted import Move, Scripted
from wanstudio.provider.client import Client
from wanstudio.provider.messages import GenerateRequest

# Made for the tests, valid for loopback only: a certificate that signs itself, and its key.
LOOPBACK_PEM = Path(__file__).with_name("loopback.pem")
KEY = "sk-a-key-of-the-tests"

Serve = Callable[..., Scripted]
Connect = Callable[..., Client]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a scripted server with the given moves; it ends with the test."""
    with ExitStack() as stack:

        def start(*moves: Move, at_once: Move | None = None, tls: ssl.SSLContext | None = None) -> Scripted:
            return stack.enter_context(Scripted(*moves, at_once=at_once, tls=tls))

        yield start


@pytest.fixture
def connect() -> Connect:
    """A client of a scripted server. Its time-outs are short: whatever does not come at once never comes."""

    def client(server: Scripted, key: str = KEY, connect_timeout_s: float = 2, read_timeout_s: float = 2) -> Client:
        return Client(server.url, key, connect_timeout_s=connect_timeout_s, read_timeout_s=read_timeout_s)

    return client


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
