"""Servers that take their time: no deadline is ever missed by more than a moment."""

import io
import socket
import ssl
from time import monotonic, sleep

import pytest

from tests.media.conftest import Talk
from tests.media.servers import Say, Talker, answer
from tests.media.test_fetch import PEM, problem
from wanstudio.media.errors import FetchError, FetchProblem
from wanstudio.media.exchange import Deadline
from wanstudio.media.fetch import Fetcher, Limits


def dripping(said: bytes, at_once: int = 0) -> Say:
    def say(wire: socket.socket, _: bytes) -> None:
        wire.sendall(said[:at_once])
        for byte in said[at_once:]:
            wire.sendall(bytes([byte]))
            sleep(0.05)

    return say


def silent(said: bytes = b"") -> Say:
    def say(wire: socket.socket, _: bytes) -> None:
        wire.sendall(said)
        sleep(3)

    return say


HEAD = answer(b"", length=500)


@pytest.mark.parametrize(
    "say",
    [
        dripping(HEAD),
        dripping(HEAD + b"x" * 500, at_once=len(HEAD)),
        silent(),
        silent(HEAD),
        silent(HEAD + b"x" * 499),
    ],
)
def test_the_deadline_holds(talk: Talk, say: Say) -> None:
    server = talk(say)
    before = monotonic()
    assert problem(Fetcher({server.host}), server.url(), deadline_s=0.4).code == FetchProblem.TIMED_OUT
    assert monotonic() - before < 5


def test_silence_ends_a_long_download_early(talk: Talk) -> None:
    server = talk(silent(HEAD + b"x"))
    before = monotonic()
    with pytest.raises(FetchError, match="too long"):
        Fetcher({server.host}).download(server.url(), io.BytesIO(), Limits(1000, 60, idle_s=0.3))
    assert monotonic() - before < 5


def test_an_unfinished_handshake(talk: Talk) -> None:
    # The server waits for a request's end, the client for a handshake's beginning.
    server = talk(silent())
    before = monotonic()
    error = problem(Fetcher({server.host}), f"https://{server.host}/", deadline_s=0.4)
    assert error.code == FetchProblem.TIMED_OUT
    assert monotonic() - before < 5


def test_dripping_over_tls() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    with Talker(dripping(HEAD), context) as server:
        fetcher = Fetcher(
            {f"media.example:{server.port}"},
            resolver=lambda _host, _port: ["127.0.0.1"],
            tls=ssl.create_default_context(cafile=str(PEM)),
        )
        error = problem(fetcher, f"https://media.example:{server.port}/", deadline_s=0.5)
    assert error.code == FetchProblem.TIMED_OUT


def test_a_full_backlog_counts_against_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        host = f"127.0.0.1:{listener.getsockname()[1]}"
        waiting = []
        for _ in range(3):
            waiting.append(socket.socket())
            waiting[-1].setblocking(False)
            waiting[-1].connect_ex(listener.getsockname())
        error = problem(Fetcher({host}), f"http://{host}/", deadline_s=0.4)
        for sock in waiting:
            sock.close()
    assert error.code == FetchProblem.TIMED_OUT


def test_the_heart_beats_while_the_server_is_silent(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Deadline, "beat_s", 0.1)
    beats = []
    server = talk(silent(HEAD + b"x"))
    with pytest.raises(FetchError):
        Fetcher({server.host}).download(
            server.url(), io.BytesIO(), Limits(1000, 0.55, heartbeat=lambda: beats.append(monotonic()))
        )
    assert 3 <= len(beats) <= 6


def test_what_the_heartbeat_raises_ends_the_download(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Deadline, "beat_s", 0.01)

    class LeaseLost(Exception):
        pass

    def beat() -> None:
        raise LeaseLost

    server = talk(dripping(answer(b"x" * 50)))
    with pytest.raises(LeaseLost):
        Fetcher({server.host}).download(server.url(), io.BytesIO(), Limits(1000, 5, heartbeat=beat))
