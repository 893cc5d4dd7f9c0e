import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.provider.scripted import Move, Scripted
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
    """A client of a scripted server. Its time-outs are short: whatever does not come at once never comes."""

    def client(server: Scripted, connect_timeout_s: float = 2, read_timeout_s: float = 2, **more: Any) -> ApixoClient:
        return client_of(server.url, connect_timeout_s=connect_timeout_s, read_timeout_s=read_timeout_s, **more)

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
