"""Files and streams through the real server: to the byte, on one connection, and with readers that hardly read."""

import http.client
import socket
from collections.abc import Iterator

import pytest

from tests.e2e.person import Person
from tests.e2e.studio import Studio
from wanstudio.operations.web_requests import STALLED_AFTER_S

READERS = 80
LARGE = 50_000_000


@pytest.fixture(scope="module")
def clip(studio: Studio, person: Person) -> str:
    person.make_sample()
    return f"/uploads/{studio.rows('SELECT id FROM wanstudio_source WHERE kind = ?', 'motion')[0][0]}/file"


@pytest.fixture
def line(studio: Studio) -> Iterator[http.client.HTTPConnection]:
    opened = http.client.HTTPConnection("127.0.0.1", studio.port, timeout=60)
    yield opened
    opened.close()


def test_parts_of_a_file_on_one_connection(person: Person, clip: str, line: http.client.HTTPConnection) -> None:
    cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in person.session.cookies.items())}
    whole = person.get(clip)
    size, etag = len(whole.content), whole.headers["ETag"]
    asked: list[tuple[str, dict[str, str], int, bytes]] = [
        ("GET", {}, 200, whole.content),
        ("GET", {"Range": "bytes=0-0"}, 206, whole.content[:1]),
        ("GET", {"Range": "bytes=-7"}, 206, whole.content[-7:]),
        ("GET", {"Range": f"bytes=1000-{size + 5}"}, 206, whole.content[1000:]),
        ("GET", {"Range": "bytes=5-9", "If-Range": etag}, 206, whole.content[5:10]),
        ("GET", {"Range": "bytes=5-9", "If-Range": '"another"'}, 200, whole.content),
        ("GET", {"Range": f"bytes={size}-"}, 416, b""),
        ("GET", {"If-None-Match": etag}, 304, b""),
        ("HEAD", {"Range": "bytes=0-0"}, 200, b""),
        ("GET", {}, 200, whole.content),
    ]
    sockets = set()
    for method, headers, status, body in asked:
        line.request(method, clip, headers={**cookie, **headers})
        sockets.add(line.sock)
        answer = line.getresponse()
        assert (answer.status, answer.read()) == (status, body), headers
        if method == "HEAD":
            assert answer.headers["Content-Length"] == str(size)
    assert len(sockets) == 1


def test_readers_who_hardly_read_hold_up_nobody(studio: Studio, person: Person, clip: str) -> None:
    """More of them than both web processes have threads, each in the middle of a large video."""
    name = studio.rows("SELECT file FROM wanstudio_source WHERE kind = ?", "motion")[0][0]
    with (studio.data / "media" / name).open("ab") as file:
        file.truncate(LARGE)
    cookie = "; ".join(f"{name}={value}" for name, value in person.session.cookies.items())
    lines = [socket.create_connection(("127.0.0.1", studio.port), timeout=60) for _ in range(READERS)]
    try:
        for line in lines:
            line.sendall(f"GET {clip} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n".encode())
        for line in lines:
            assert line.recv(17) == b"HTTP/1.1 200 OK\r\n"
        # A thread that a reader held would be free much later.
        for _ in range(6):
            answer = person.session.get(f"{studio.url}/jobs/status/", timeout=STALLED_AFTER_S / 2)
            assert answer.status_code == 204
    finally:
        for line in lines:
            line.close()
    # A quick one gets all of it.
    assert len(person.get(clip).content) == LARGE


def test_a_csv_file_is_streamed(person: Person) -> None:
    answer = person.get("/activity/activity.csv?group=job")
    assert (answer.status_code, answer.headers["Transfer-Encoding"]) == (200, "chunked")
    assert "about" in answer.text.splitlines()[0]
