"""The web server over raw sockets: what reaches the application, what is refused, and who is waited for."""

import hashlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import current_thread
from typing import Any

import pytest
import requests

from tests.e2e.studio import ROOT, wait_until
from tests.operations.echo_server import LARGE, connected, read_all, serving, spoken
from tests.servers import Server
from wanstudio.operations import web_server
from wanstudio.operations.supervisor import GRACE_S
from wanstudio.operations.web_server import Threads

MB = 1024 * 1024
# 3 MB a clip, 1 MB a picture and 1 MB of words: see `serving`.
MOST = 5 * MB
FORM = "multipart/form-data; boundary=x"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def head(method: str = "GET", *lines: str, close: bool = True, path: str = "/x") -> bytes:
    closing = ["Connection: close"] if close else []
    return "\r\n".join([f"{method} {path}?q=1 HTTP/1.1", "Host: studio", *closing, *lines, "", ""]).encode()


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def said(answer: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return found


def test_headers_with_underscores_do_not_arrive(server: Server) -> None:
    forged = ["X_Forwarded_For: 9.9.9.9", "X_FORWARDED-PROTO: https", "x-forwarded_host: evil", "Content_Length: 5"]
    got = said(spoken(server, head("GET", *forged, "X-Forwarded-For: 10.0.0.1")))
    assert {name: value for name, value in got.items() if "FORWARDED" in name} == {"HTTP_X_FORWARDED_FOR": "10.0.0.1"}
    assert got["length"] == ""
    assert got["REMOTE_ADDR"] == "127.0.0.1"


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: 3", "Transfer-Encoding: chunked"],
        ["Content-Length: 3", "Content-Length: 4"],
        ["Content-Length: +3"],
        ["Content-Length: 3 3"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: identity, chunked"],
        ["Transfer-Encoding: chunked, chunked"],
        ["Transfer-Encoding: xchunked"],
        ["Transfer-Encoding:\r\n chunked"],
        ["Transfer-Encoding : chunked"],
        ["Transfer-Encoding:"],
        ["Bare: a\nTransfer-Encoding: chunked"],
    ],
)
def test_a_length_with_two_meanings_is_refused(server: Server, lines: list[str]) -> None:
    answer = spoken(server, head("POST", *lines, close=False) + b"0\r\n\r\n" + head())
    assert status(answer) in (400, 501)
    assert answer.count(b"\r\nDate: ") == 1, "what follows is not read as a request"


def test_chunks_for_an_old_client_are_refused(server: Server) -> None:
    old = b"POST / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert status(spoken(server, old)) == 400


@pytest.mark.parametrize(
    "body", [b"g\r\nabc\r\n0\r\n\r\n", b"3\r\nabcd\r\n0\r\n\r\n", b"-3\r\nabc\r\n0\r\n\r\n", b"1" * 5000]
)
def test_broken_chunks_are_refused(server: Server, body: bytes) -> None:
    assert status(spoken(server, head("POST", "Transfer-Encoding: chunked"), body)) == 400


def test_a_body_arrives_whole_however_it_is_sent(server: Server) -> None:
    got = said(spoken(server, head("POST", "Content-Length: 10"), b"01234", b"56789"))
    assert (got["got"], got["length"]) == (10, "10")
    chunks = b"5;a=b\r\n01234\r\n5\r\n56789\r\n0\r\nTrailer: x\r\n\r\n"
    same = said(spoken(server, head("POST", "Transfer-Encoding: chunked"), chunks))
    assert (same["sha256"], same["length"]) == (got["sha256"], "10")


def test_two_requests_on_one_connection(server: Server) -> None:
    answer = spoken(server, head("POST", "Content-Length: 1", close=False) + b"a" + head())
    assert answer.count(b"HTTP/1.1 200") == 2


def test_an_answer_without_a_body_keeps_the_connection(server: Server) -> None:
    nothing = b"GET /nothing HTTP/1.1\r\nHost: studio\r\n"
    answer = spoken(server, nothing + b"\r\n" + nothing + b"Connection: close\r\n\r\n")
    assert answer.count(b"HTTP/1.1 204") == 2
    assert answer.count(b"Connection: close") == 1


def test_an_answer_to_head_has_no_body(server: Server) -> None:
    answer = spoken(server, head("HEAD"))
    assert status(answer) == 200
    assert b"Content-Length: " in answer
    assert answer.endswith(b"\r\n\r\n")


def test_who_asks_first_is_told_to_go_on_or_spared_the_body(server: Server) -> None:
    with connected(server) as line:
        line.sendall(head("POST", "Expect: 100-continue", "Content-Length: 2"))
        assert line.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        line.sendall(b"ab")
        assert said(read_all(line))["got"] == 2
    answer = spoken(server, head("POST", "Expect: 100-continue", f"Content-Length: {2 * MB}"))
    assert status(answer) == 200, "no 100 before it"
    assert (said(answer)["got"], said(answer)["length"]) == (0, str(2 * MB))


@pytest.mark.parametrize("kind", [f"Content-Length: {MOST + 1}", "Transfer-Encoding: chunked"])
def test_what_no_page_takes_is_counted_and_not_kept(server: Server, kind: str) -> None:
    body = b"a" * (MOST + 1)
    sent = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if "chunked" in kind else body
    got = said(spoken(server, head("POST", kind, f"Content-Type: {FORM}"), sent))
    assert (got["got"], got["length"], got["refused"]) == (0, str(MOST + 1), "")


def test_a_form_with_files_is_kept_to_the_byte(server: Server) -> None:
    got = said(spoken(server, head("POST", f"Content-Length: {MOST}", f"Content-Type: {FORM}"), b"a" * MOST))
    assert got["got"] == MOST


def test_half_sent_files_of_one_address_do_not_fill_the_disk(server: Server) -> None:
    """Of each process two whole forms' worth; the next ones are counted, not kept, and their pages say why."""
    lines = [connected(server) for _ in range(16)]
    refused = 0
    for line in lines:
        line.sendall(head("POST", f"Content-Length: {MOST}", f"Content-Type: {FORM}") + b"a" * (MOST - 1))
    for line in lines:
        line.sendall(b"a")
        got = said(read_all(line))
        refused += bool(got["refused"])
        assert got["got"] == (0 if got["refused"] else MOST)
        line.close()
    assert 1 <= refused <= 14


def test_short_pieces_are_received_into_memory_and_more_of_them_by_the_disk() -> None:
    size, kind = 2 * MB, "Content-Type: application/offset+octet-stream"
    body = os.urandom(size)
    with serving(PROCESSES=1) as server:
        lines = [connected(server) for _ in range(4)]
        for line in lines:
            line.sendall(head("PATCH", f"Content-Length: {size}", kind) + body[:-1])
        (process,) = wait_until(lambda: children(server), "the process is there")
        wait_until(lambda: drafts(process) == 2, "two are in memory")
        for line in lines:
            line.sendall(body[-1:])
            assert said(read_all(line))["sha256"] == hashlib.sha256(body).hexdigest()
            line.close()
        with connected(server) as line:
            line.sendall(head("PATCH", f"Content-Length: {size}", kind) + body[:-1])
            line.sendall(body[-1:])
            assert said(read_all(line))["sha256"] == hashlib.sha256(body).hexdigest()
        wait_until(lambda: drafts(process) == 0, "none is left")


def drafts(process: int) -> int:
    """How many bodies this process has in temporary files, which have no name."""
    found = 0
    for descriptor in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):
            found += "/data/tmp/" in (name := os.readlink(descriptor)) and name.endswith("(deleted)")
    return found


def test_a_full_disk_keeps_no_body_and_says_why() -> None:
    with serving(min_free_mb=10**9) as server:
        whole = head("POST", f"Content-Length: {MOST}", f"Content-Type: {FORM}") + b"a" * MOST
        got = said(spoken(server, whole))
        assert (got["got"], got["length"]) == (0, str(MOST))
        assert "disk is full" in got["refused"]
        assert said(spoken(server, head("POST", "Content-Length: 9"), b"a" * 9))["got"] == 9


def test_slow_senders_are_given_up_and_a_slow_line_is_not() -> None:
    """The slow line has sent enough for two minutes; it was the first to begin, and goes on after the others' end."""
    with serving(PROCESSES=1, HEAD_WITHIN_S=1, BODY_GRACE_S=2, BODY_BYTES_A_SECOND=3_000) as server:
        line, slow_head, slow_body = connected(server), connected(server), connected(server)
        line.sendall(head("POST", f"Content-Length: {800_000}", f"Content-Type: {FORM}") + b"a" * 400_000)
        slow_head.sendall(b"GET / HTTP/1.1\r\nHost: ")
        slow_body.sendall(head("POST", "Content-Length: 1000") + b"a")
        assert read_all(slow_head) == read_all(slow_body) == b""
        line.sendall(b"a" * 400_000)
        assert said(read_all(line))["got"] == 800_000


def test_a_reader_who_stops_holds_no_thread_for_ever() -> None:
    with serving(STALLED_AFTER_S=1, PROCESSES=1, THREADS=1) as server, connected(server) as line:
        line.sendall(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
        assert line.recv(1), "it has begun"
        assert status(spoken(server, head())) == 200, "its only thread is free again"


def test_what_is_asked_in_one_breath_waits_in_no_thread_for_its_reader() -> None:
    with serving(PROCESSES=1, THREADS=1) as server, connected(server) as line:
        line.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n" * 5)
        assert line.recv(1), "it has begun"
        assert status(spoken(server, head())) == 200
        got = read_all(line)
        assert len(got) > LARGE
        assert got.count(b"TTP/1.1 200 OK") == 1, "the first is answered whole, then it ends"


def test_a_file_is_sent_to_the_byte_and_slow_readers_hold_no_thread(tmp_path: Path) -> None:
    film = tmp_path / "film"
    film.write_bytes(os.urandom(LARGE))
    asked = f"GET /file?{film} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()
    with serving(PROCESSES=1, THREADS=1) as server:
        lines = [connected(server) for _ in range(5)]
        for line in lines:
            line.sendall(asked)
            assert line.recv(15) == b"HTTP/1.1 200 OK"
        assert status(spoken(server, head())) == 200, "its only thread is free"
        for line in lines:
            assert read_all(line).partition(b"\r\n\r\n")[2] == film.read_bytes()
            line.close()


def test_a_file_that_is_cut_short_ends_its_connection_and_nothing_else(tmp_path: Path) -> None:
    """It is longer than all that sockets hold: most of it was not sent yet."""
    film = tmp_path / "film"
    film.touch()
    os.truncate(film, 1024 * MB)
    with serving(PROCESSES=1, THREADS=1) as server, connected(server) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        line.sendall(f"GET /file?{film} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        assert line.recv(15) == b"HTTP/1.1 200 OK"
        os.truncate(film, 0)
        # To its end: a connection that stays open times out here.
        with suppress(ConnectionResetError):
            while line.recv(65536):
                pass
        assert status(spoken(server, head())) == 200


def test_a_process_that_dies_is_replaced(server: Server) -> None:
    first = int(said(spoken(server, head()))["pid"])
    os.kill(first, signal.SIGKILL)
    # What the killed one had accepted ends without an answer.
    wait_until(lambda: status(spoken(server, head())) == 200, "the other one answers")
    wait_until(lambda: len(found := children(server)) == 2 and first not in found, "another takes its place")


def children(server: Server) -> list[int]:
    assert server.process
    with open(f"/proc/{server.process.pid}/task/{server.process.pid}/children") as listed:
        return [int(pid) for pid in listed.read().split()]


def test_a_stop_lets_an_answer_end() -> None:
    """This one would never end; the supervisor kills what takes longer than it gives."""
    assert web_server.FINISHES_WITHIN_S + 1 < GRACE_S
    with serving(FINISHES_WITHIN_S=1) as server:
        assert server.process
        with requests.get(f"{server.url}/stream", stream=True, timeout=60) as stream:
            assert next(stream.iter_content(1024))
            workers = children(server)
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(60) == 0
        wait_until(lambda: not [pid for pid in workers if os.path.exists(f"/proc/{pid}")], "none of them is left")


@pytest.mark.parametrize("host", ["::1", "127.0.0.2", "0.0.0.0", "::"])
def test_any_address_can_be_listened_on(host: str) -> None:
    with serving(host) as server:
        assert status(spoken(server, head())) == 200
        if host == "::":
            port = int(server.url.rpartition(":")[2])
            with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
                line.sendall(head())
                assert status(read_all(line)) == 200


def test_a_port_that_is_taken_is_said_in_a_sentence(server: Server) -> None:
    port = server.url.rpartition(":")[2]
    code = f"from wanstudio.operations.web_server import listen; listen('127.0.0.1', {port})"
    env = {**os.environ, **server.env}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert f"Port {port} on 127.0.0.1 cannot be used (Address already in use). Stop what uses it, or set PORT." in (
        done.stderr
    )


def test_requests_wake_the_thread_that_has_worked_last() -> None:
    """One visitor after the other is served by one thread: each has a connection and memory of its own."""
    dispatcher, served = Threads(8), list[str]()

    class Task:
        def service(self) -> None:
            served.append(current_thread().name)

    def idle() -> bool:
        return bool(dispatcher.active_count == 0)

    try:
        for number in range(20):
            wait_until(idle, "all wait")
            dispatcher.add_task(Task())
            wait_until(lambda number=number: len(served) > number, "it is served")  # type: ignore[misc]
        assert len(set(served)) == 1
    finally:
        dispatcher.shutdown(timeout=60)
    assert dispatcher.threads == set()


def test_polls_are_answered_by_few_threads_and_pages_by_others() -> None:
    """However many are open at once: at most one thread in each of the two processes here."""
    with serving(POLL_THREADS=1) as server:
        lines = [connected(server) for _ in range(40)]
        for number, line in enumerate(lines):
            line.sendall(head(path="/notifications/bell/" if number % 2 else "/jobs/status/"))
        polls = {said(read_all(line))["thread"] for line in lines}
        pages = {said(spoken(server, head()))["thread"] for _ in range(10)}
    assert len(polls) <= 2
    assert not polls & pages


@pytest.mark.parametrize(("most", "allowed"), [(-1, 4000), (1_048_576, 4000), (4096, 1948), (1024, 412), (64, 1)])
def test_there_are_never_more_connections_than_files(most: int, allowed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two files each; a connection that could not be accepted would keep the loop busy."""
    raised = []
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (1024, most))
    monkeypatch.setattr(resource, "setrlimit", lambda kind, limits: raised.append(limits))
    assert web_server._max_connections() == allowed
    assert raised == [(8200 if most in (-1, 1_048_576) else most, most)]
