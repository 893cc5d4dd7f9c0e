"""Hundreds of slow connections of one address: pages answer meanwhile, and a real upload on a slow line arrives."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from urllib.parse import urlsplit

import pytest
import requests

from tests.e2e.person import WALK, Person, value_of
from tests.e2e.studio import Studio
from tests.servers import Server, haproxy, nginx
from wanstudio.operations.web_requests import HEAD_WITHIN_S

CONNECTIONS = 400
LOGIN = "POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"


def slow_body(person: Person) -> tuple[bytes, bytes]:
    """A form that passes all that is looked at before its body is read."""
    cookie = person.session.cookies["wanstudio_csrf"]
    return f"{LOGIN}Cookie: wanstudio_csrf={cookie}\r\nContent-Length: 900\r\n\r\nlogin=".encode(), b"a"


def slow_head(person: Person) -> tuple[bytes, bytes]:
    return b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ", b"a"


def idle(person: Person) -> tuple[bytes, bytes]:
    return b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b""


@contextmanager
def connections(url: str, first: bytes, drip: bytes) -> Iterator[None]:
    address = ("127.0.0.1", urlsplit(url).port)
    lines = [socket.create_connection(address, timeout=60) for _ in range(CONNECTIONS)]
    over = threading.Event()

    def go_on() -> None:
        while not over.wait(2):
            for line in lines:
                # It may have been given up.
                with suppress(OSError):
                    line.sendall(drip)

    for line in lines:
        line.sendall(first)
    dripping = threading.Thread(target=go_on)
    dripping.start()
    try:
        yield
    finally:
        over.set()
        dripping.join()
        for line in lines:
            line.close()


@pytest.mark.parametrize("kind", [slow_body, slow_head, idle])
def test_slow_connections_hold_up_no_page(
    studio: Studio, person: Person, kind: Callable[[Person], tuple[bytes, bytes]]
) -> None:
    with connections(studio.url, *kind(person)):
        answers_meanwhile(studio.url, person)


@pytest.mark.parametrize("proxy", [nginx, haproxy])
def test_slow_connections_hold_up_no_page_behind_a_proxy(
    studio: Studio, person: Person, proxy: Callable[[str], AbstractContextManager[Server]]
) -> None:
    with proxy(f"127.0.0.1:{studio.port}") as front, connections(front.url, *slow_body(person)):
        answers_meanwhile(front.url, person)


def answers_meanwhile(url: str, person: Person) -> None:
    """Each, before the first of the others is given up: threads that waited for them would answer none until then."""
    for path, status in (("/healthz", 200), ("/jobs/status/", 204)) * 4:
        assert person.session.get(url + path, timeout=HEAD_WITHIN_S * 0.8).status_code == status
        time.sleep(0.25)


def test_an_upload_on_a_slow_line_arrives(studio: Studio, person: Person) -> None:
    """A clip of 6 MB at 1 MB/s with pauses, while others send next to nothing."""
    clip = WALK.read_bytes()
    padding = 6 * 1024 * 1024 - len(clip) - 8
    clip += (padding + 8).to_bytes(4, "big") + b"free" + bytes(padding)
    page = person.get("/").text
    form = requests.Request(
        "POST",
        f"{studio.url}/uploads/add/",
        data={name: value_of(page, name) for name in ("csrfmiddlewaretoken", "team")} | {"kind": "motion"},
        files={"file": ("slow.mp4", clip)},
    )
    form.headers["HX-Request"] = "true"
    prepared = person.session.prepare_request(form)
    body = prepared.body
    assert isinstance(body, bytes)

    def slowly() -> Iterator[bytes]:
        for at in range(0, len(body), 256 * 1024):
            time.sleep(0.25)
            yield body[at : at + 256 * 1024]

    with connections(studio.url, *slow_body(person)):
        # By its length, as a browser sends it.
        prepared.body = Slow(slowly())  # type: ignore[assignment]
        answer = person.session.send(prepared, timeout=120)
    assert answer.status_code == 201, answer.text[:2000]
    assert studio.rows("SELECT count(*) FROM wanstudio_source WHERE name = 'slow.mp4'") == [(1,)]


class Slow:
    """A body that is sent with the length that its head announced."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts

    def read(self, size: int = -1) -> bytes:
        return next(self._parts, b"")
