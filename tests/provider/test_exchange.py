"""Real trouble on real sockets: what was never written may be sent again, all else is unknown."""

import gzip
import logging
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.provider.conftest import KEY, LOOPBACK_PEM, Clock, Connect, Serve, client_of
from tests.provider.scripted import Move, answer, close, drip, hang, raw, reset
from tests.servers import free_port
from wanstudio.media import exchange
from wanstudio.provider.calls import Error, GenerateRequest, Outcome

ACCEPTED = {"code": 200, "message": "success", "data": {"taskId": "task_1"}}
TASK = b'{"data":{"taskId":"task_1"}}'


class Interrupted(Exception):
    pass


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/api/v1",
        "https://127.0.0.1:{port}/api/v1",
        "https://nowhere.invalid/api/v1",
        "https://" + "a" * 64 + ".invalid/api/v1",
    ],
    ids=["refused", "refused with TLS", "unknown name", "impossible name"],
)
def test_without_a_connection_nothing_is_sent(animate: GenerateRequest, url: str) -> None:
    writes: list[int] = []
    client = client_of(url.format(port=free_port()), connect_timeout_s=5)
    submission = client.submit(animate, before_write=lambda: writes.append(1))
    assert (submission.outcome, submission.error) == (Outcome.NOT_SENT, Error.NOT_CONNECTED)
    assert submission.http_status is None
    assert writes == []


def test_a_connection_that_takes_too_long_is_not_sent(animate: GenerateRequest) -> None:
    # A full backlog: the kernel neither accepts nor refuses further connections.
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.create_connection(listener.getsockname()), *(socket.socket() for _ in range(3))]
        for line in waiting[1:]:
            line.setblocking(False)
            line.connect_ex(listener.getsockname())
        client = client_of(f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1", connect_timeout_s=0.2)
        submission = client.submit(animate)
        for line in waiting:
            line.close()
    assert (submission.outcome, submission.error) == (Outcome.NOT_SENT, Error.NOT_CONNECTED)


@pytest.mark.parametrize(
    "move", [raw(b"HTTP/1.1 200 OK\r\n\r\n"), reset, close, hang], ids=["plain", "reset", "end", "hang"]
)
def test_without_a_tls_handshake_nothing_is_sent(serve: Serve, animate: GenerateRequest, move: Move) -> None:
    server = serve(at_once=move)
    writes: list[int] = []
    client = client_of(server.url.replace("http:", "https:"), connect_timeout_s=0.3)
    submission = client.submit(animate, before_write=lambda: writes.append(1))
    assert (submission.outcome, submission.error) == (Outcome.NOT_SENT, Error.NOT_CONNECTED)
    assert writes == []


def test_a_handshake_that_drips_ends_at_the_deadline(serve: Serve, animate: GenerateRequest) -> None:
    # It takes a quarter of an hour, and a test has seven minutes.
    server = serve(at_once=drip(b"\x16\x03\x03\x40\x00\x02\x00" + b"\x00" * 16000, 0.05))
    client = client_of(server.url.replace("http:", "https:"), connect_timeout_s=0.3, read_timeout_s=0.2)
    submission = client.submit(animate)
    assert (submission.outcome, submission.error) == (Outcome.NOT_SENT, Error.NOT_CONNECTED)


def test_a_certificate_that_nobody_vouches_for_is_not_sent(
    serve: Serve, connect: Connect, tls: ssl.SSLContext, animate: GenerateRequest
) -> None:
    server = serve(answer(200, ACCEPTED), tls=tls)
    submission = connect(server).submit(animate)
    assert submission.outcome is Outcome.NOT_SENT
    assert "certificate verify failed" in submission.message
    assert server.requests == []


def test_over_tls_the_last_check_comes_after_the_handshake(
    serve: Serve, connect: Connect, tls: ssl.SSLContext, animate: GenerateRequest
) -> None:
    trusting = ssl.create_default_context(cafile=str(LOOPBACK_PEM))
    server = serve(answer(200, ACCEPTED), tls=tls)
    seen_before: list[bytes] = []
    submission = connect(server, tls=trusting).submit(animate, before_write=lambda: seen_before.append(server.received))
    assert submission.outcome is Outcome.ACCEPTED
    assert seen_before == [b""]
    with pytest.raises(Interrupted):
        connect(server, tls=trusting).submit(animate, before_write=_interrupt)
    server.wait_for(lambda at: at.ended == 2)
    assert len(server.requests) == 1


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    ("move", "error", "status"),
    [
        (reset, Error.CONNECTION_LOST, None),
        (close, Error.CONNECTION_LOST, None),
        (hang, Error.TIMED_OUT, None),
        (raw(b"SSH-2.0-OpenSSH_9.2\r\n"), Error.MALFORMED, None),
        (raw(b"HTTP/1.1 two hundred\r\n\r\n"), Error.MALFORMED, None),
        (raw(b"\0\x1b[2J\0 HTTP/1.1 200\r\r\n\r\n"), Error.MALFORMED, None),
        (raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"), Error.MALFORMED, None),
        (raw(b"HTTP/1.1 20", then=reset), Error.CONNECTION_LOST, None),
        (raw(HEAD + b"Content-Length: 90\r\n\r\n" + b'{"code":200,'), Error.CONNECTION_LOST, 200),
        (raw(HEAD + b"Content-Length: 90\r\n\r\n" + b'{"code":200,', then=hang), Error.TIMED_OUT, 200),
        (raw(HEAD + b"Content-Length: 90\r\n\r\n" + b'{"code":200,', then=reset), Error.CONNECTION_LOST, 200),
        (raw(HEAD + b"Content-Length: 90\r\n\r\n" + b'{"code":400,"message":"no"}'), Error.CONNECTION_LOST, 200),
        (raw(HEAD + b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"cod'), Error.CONNECTION_LOST, 200),
        (raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"), Error.MALFORMED, 200),
        (raw(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope"), Error.MALFORMED, 200),
        (raw(HEAD + b"\r\n" + b" " * (1024 * 1024 + 200_000) + TASK), Error.MALFORMED, 200),
    ],
)
def test_once_writing_began_a_broken_answer_is_unknown(
    serve: Serve, connect: Connect, clock: Clock, animate: GenerateRequest, move: Move, error: Error, status: int | None
) -> None:
    server = serve(move)
    submission = connect(server).submit(animate)
    assert (submission.outcome, submission.error) == (Outcome.UNKNOWN, error)
    assert submission.http_status == status
    assert submission.message.isprintable(), "fit for a line of the log, and for a database that takes no NUL"
    assert len(server.requests) == server.connections == 1


@pytest.fixture
def almost_late(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second is left when the first byte can be written."""
    ask = exchange.ask

    def written(*given: Any) -> Any:
        clock.pass_nearly_all()
        return ask(*given)

    monkeypatch.setattr(exchange, "ask", written)


def test_a_reset_before_the_request_was_read_is_unknown(
    serve: Serve, connect: Connect, animate: GenerateRequest
) -> None:
    connected = threading.Event()

    def reset_once_connected(line: socket.socket, over: threading.Event) -> None:
        connected.wait(60)
        reset(line, over)

    server = serve(at_once=reset_once_connected)

    def end_connection() -> None:
        connected.set()
        server.wait_for(lambda at: at.ended == 1)

    # The first write may succeed into a dead connection: only our own side can say that it never began.
    submission = connect(server).submit(animate, before_write=end_connection)
    assert (submission.outcome, submission.error) == (Outcome.UNKNOWN, Error.CONNECTION_LOST)


def test_a_request_that_nobody_reads_is_unknown(
    serve: Serve, connect: Connect, animate: GenerateRequest, almost_late: None
) -> None:
    # Larger than the kernel's buffers on both sides, so that writing itself comes to a halt.
    server = serve(at_once=hang)
    submission = connect(server).submit(replace(animate, prompt="x" * 30_000_000))
    assert (submission.outcome, submission.error) == (Outcome.UNKNOWN, Error.TIMED_OUT)


@pytest.mark.parametrize(
    "data", [HEAD + b"X-Slow: " + b"y" * 50_000, HEAD + b"\r\n" + b" " * 50_000], ids=["head", "body"]
)
def test_an_answer_that_drips_ends_at_the_deadline(
    serve: Serve, connect: Connect, animate: GenerateRequest, almost_late: None, data: bytes
) -> None:
    # All of it takes longer than a test has time.
    submission = connect(serve(drip(data, 0.01))).submit(animate)
    assert (submission.outcome, submission.error) == (Outcome.UNKNOWN, Error.TIMED_OUT)


def test_a_task_id_survives_an_answer_that_breaks_off(
    serve: Serve, connect: Connect, clock: Clock, animate: GenerateRequest
) -> None:
    for then in (close, reset, hang):
        server = serve(raw(HEAD + b"Content-Length: 90\r\n\r\n" + TASK, then=then))
        submission = connect(server).submit(animate)
        assert (submission.outcome, submission.task_id) == (Outcome.ACCEPTED, "task_1")


@pytest.mark.parametrize(
    "data",
    [
        HEAD + b"\r\n" + TASK,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"%x\r\n%b\r\n0\r\n\r\n" % (len(TASK), TASK),
        b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + b"\r\n" + TASK,
        b"HTTP/1.0 200 OK\r\n\r\n" + TASK,
    ],
)
def test_every_honest_framing_is_read(serve: Serve, connect: Connect, animate: GenerateRequest, data: bytes) -> None:
    assert connect(serve(raw(data))).submit(animate).task_id == "task_1"


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_an_answer_packed_unasked_is_read(
    serve: Serve, connect: Connect, animate: GenerateRequest, encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    packed, head = pack(TASK), HEAD + f"Content-Encoding: {encoding}\r\n\r\n".encode()
    assert connect(serve(raw(head + packed))).submit(animate).task_id == "task_1"
    bomb = connect(serve(raw(head + pack(bytes(20_000_000))))).submit(animate)
    assert (bomb.outcome, bomb.error) == (Outcome.UNKNOWN, Error.MALFORMED)


def test_the_last_check_comes_once_and_before_the_first_byte(
    serve: Serve, connect: Connect, animate: GenerateRequest
) -> None:
    server = serve(answer(200, ACCEPTED))
    calls: list[tuple[int, bytes]] = []

    def check() -> None:
        server.wait_for(lambda at: at.connections == 1)
        time.sleep(0.05)
        calls.append((server.connections, server.received))

    connect(server).submit(animate, before_write=check)
    assert calls == [(1, b"")]


def _interrupt() -> None:
    raise Interrupted("the lease is gone")


@pytest.mark.parametrize(
    "refusal",
    [
        Interrupted("the lease is gone"),
        # urllib3 swallows these two while it writes, and wraps the others.
        ConnectionResetError(104, "of the database"),
        BrokenPipeError(32, "of the database"),
        TimeoutError("of the database"),
        ValueError("of ours"),
        KeyboardInterrupt(),
    ],
    ids=lambda refusal: type(refusal).__name__,
)
def test_a_refusal_comes_out_unchanged_and_nothing_was_sent(
    serve: Serve, connect: Connect, animate: GenerateRequest, refusal: BaseException
) -> None:
    server = serve(answer(200, ACCEPTED))
    refusal.__cause__ = cause = RuntimeError("its own cause")

    def refuse() -> None:
        raise refusal

    with pytest.raises(type(refusal)) as caught:
        connect(server).submit(animate, before_write=refuse)
    assert caught.value is refusal
    assert caught.value.__cause__ is cause
    server.wait_for(lambda at: at.ended == 1)
    assert (server.requests, server.received) == ([], b"")


def test_a_last_check_that_outlasts_the_deadline_sends_nothing(
    serve: Serve, connect: Connect, clock: Clock, animate: GenerateRequest
) -> None:
    server = serve(answer(200, ACCEPTED))
    submission = connect(server).submit(animate, before_write=clock.pass_all)
    assert (submission.outcome, submission.error) == (Outcome.NOT_SENT, Error.NOT_CONNECTED)
    server.wait_for(lambda at: at.ended == 1)
    assert server.received == b""


def test_a_line_that_died_during_the_last_check_is_not_written_to(
    serve: Serve, connect: Connect, clock: Clock, animate: GenerateRequest
) -> None:
    server = serve(at_once=reset)

    def long_check() -> None:
        server.wait_for(lambda at: at.ended == 1)
        clock.pass_all()

    assert connect(server).submit(animate, before_write=long_check).outcome is Outcome.NOT_SENT


def test_a_name_that_is_looked_up_past_the_deadline_is_not_sent(
    serve: Serve, connect: Connect, clock: Clock, animate: GenerateRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo

    def slowly(*args: Any, **kwargs: Any) -> Any:
        clock.pass_all()
        return look_up(*args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    server = serve(answer(200, ACCEPTED))
    submission = connect(server).submit(animate)
    assert (submission.outcome, submission.error) == (Outcome.NOT_SENT, Error.NOT_CONNECTED)
    server.wait_for(lambda at: at.ended == 1)
    assert server.received == b""


def test_every_submission_has_a_connection_of_its_own(serve: Serve, connect: Connect, animate: GenerateRequest) -> None:
    server = serve(answer(200, ACCEPTED, {"Connection": "keep-alive"}))
    client = connect(server)
    for _ in range(3):
        client.submit(animate)
    assert [request.connection for request in server.requests] == [1, 2, 3]


def test_a_redirect_is_not_followed(serve: Serve, connect: Connect, animate: GenerateRequest) -> None:
    elsewhere = serve(answer(200, ACCEPTED))
    server = serve(answer(307, b"", {"Location": elsewhere.url}))
    assert connect(server).submit(animate).error is Error.REDIRECTED
    assert elsewhere.connections == 0


def test_nothing_is_taken_from_the_environment(
    serve: Serve, connect: Connect, animate: GenerateRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    proxy = serve(answer(200, ACCEPTED))
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server = serve(answer(200, ACCEPTED, {"Set-Cookie": "a=b"}))
    client = connect(server)
    client.submit(animate)
    client.status("task_1")
    assert proxy.connections == 0
    assert {request.headers["authorization"] for request in server.requests} == {f"Bearer {KEY}"}
    assert "cookie" not in server.requests[1].headers


def test_trouble_is_logged_with_its_cause(
    serve: Serve, connect: Connect, animate: GenerateRequest, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        try:
            raise Interrupted("around the call")
        except Interrupted:
            connect(serve(reset)).submit(animate)
    [line] = [record.getMessage() for record in caplog.records if record.name == "wanstudio.provider.apixo.client"]
    assert line.startswith("POST /generateTask/wan-2-2-animate: connection_lost (ConnectionResetError")
