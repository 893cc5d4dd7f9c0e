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
    """Until the client hangs up."""

    def say(wire: socket.socket, _: bytes) -> None:
        wire.sendall(said)
        while wire.recv(4096):
            pass

    return say


HEAD = answer(b"", length=500)
# A bound that is missed by minutes, or for ever, without a deadline; and not by a busy machine.
SOON_S = 60


@pytest.mark.parametrize(
    "say",
    [
        dripping(HEAD + b"x" * 2000),
        dripping(HEAD + b"x" * 2000, at_once=len(HEAD)),
        silent(),
        silent(HEAD),
        silent(HEAD + b"x" * 499),
    ],
)
def test_the_deadline_holds(talk: Talk, say: Say) -> None:
    server = talk(say)
    before = monotonic()
    assert problem(Fetcher({server.host}), server.url(), deadline_s=0.4).code == FetchProblem.TIMED_OUT
    assert monotonic() - before < SOON_S


def test_silence_ends_a_long_download_early(talk: Talk) -> None:
    server = talk(silent(HEAD + b"x"))
    before = monotonic()
    with pytest.raises(FetchError, match="too long"):
        Fetcher({server.host}).download(server.url(), io.BytesIO(), Limits(1000, 60, idle_s=0.3))
    assert monotonic() - before < SOON_S


def test_an_unfinished_handshake(talk: Talk) -> None:
    # The server waits for a request's end, the client for a handshake's beginning.
    server = talk(silent())
    before = monotonic()
    error = problem(Fetcher({server.host}), f"https://{server.host}/", deadline_s=0.4)
    assert error.code == FetchProblem.TIMED_OUT
    assert monotonic() - before < SOON_S


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
        waiting = [socket.create_connection(listener.getsockname())]
        for _ in range(2):
            waiting.append(socket.socket())
            waiting[-1].setblocking(False)
            waiting[-1].connect_ex(listener.getsockname())
        error = problem(Fetcher({host}), f"http://{host}/", deadline_s=0.4)
        for sock in waiting:
            sock.close()
    assert error.code == FetchProblem.TIMED_OUT


def test_the_heart_beats_while_the_server_is_silent(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Deadline, "beat_s", 0.1)
    beats = list[float]()

    class Enough(Exception):
        pass

    def beat() -> None:
        beats.append(monotonic())
        if len(beats) == 4:
            raise Enough

    server, began = talk(silent(HEAD + b"x")), monotonic()
    with pytest.raises(Enough):
        Fetcher({server.host}).download(server.url(), io.BytesIO(), Limits(1000, 300, heartbeat=beat))
    assert all(moment - began >= 0.1 * number for number, moment in enumerate(beats, 1))


def test_what_the_heartbeat_raises_ends_the_download(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Deadline, "beat_s", 0.01)

    class LeaseLost(Exception):
        pass

    def beat() -> None:
        raise LeaseLost

    server = talk(dripping(answer(b"x" * 900)))
    with pytest.raises(LeaseLost):
        Fetcher({server.host}).download(server.url(), io.BytesIO(), Limits(1000, 300, heartbeat=beat))
