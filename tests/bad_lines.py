"""A bad line to a studio: a proxy that refuses large bodies or cuts connections; and who sends a file through it."""

import filecmp
import hashlib
import os
import re
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import requests

from tests.e2e.person import WALK, Person, value_of
from tests.e2e.studio import Studio, wait_until
from tests.e2e.test_bombs import processes

MB = 1024 * 1024
PIECE = "application/offset+octet-stream"


@dataclass
class BadLine:
    """One request a connection. `url` is its address; `passed` counts the bytes of bodies that went through."""

    upstream: int
    largest_body: int
    cut_after: int
    passed: int = 0
    cuts: int = 0
    _socket: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0), backlog=64))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                threading.Thread(target=self._pass, args=(client,), daemon=True).start()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _pass(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            head, _, body = _head_of(client)
            found = re.search(rb"(?im)^content-length: *(\d+)", head)
            length = int(found[1]) if found else 0
            if length > self.largest_body:
                client.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                # Until it has sent all: it would not read an answer after a reset.
                while length > len(body) and (data := client.recv(MB)):
                    length -= len(data)
                return
            with socket.create_connection(("127.0.0.1", self.upstream), timeout=60) as server:
                closing = re.sub(rb"(?im)^connection:[^\r\n]*\r\n", b"", head + b"\r\n")
                server.sendall(closing + b"Connection: close\r\n\r\n")
                if self._send_body(client, server, body, length):
                    while data := server.recv(64 * 1024):
                        client.sendall(data)

    def _send_body(self, client: socket.socket, server: socket.socket, data: bytes, length: int) -> bool:
        sent = 0
        while sent < length:
            data = data or client.recv(min(256 * 1024, length - sent))
            if not data:
                return False
            data = data[: self.cut_after - sent]
            server.sendall(data)
            sent, self.passed, data = sent + len(data), self.passed + len(data), b""
            if sent >= self.cut_after and sent < length:
                self.cuts += 1
                return False
        return True


def _head_of(client: socket.socket) -> tuple[bytes, bytes, bytes]:
    head = b""
    while b"\r\n\r\n" not in head:
        if not (data := client.recv(64 * 1024)):
            raise OSError("closed")
        head += data
    return head.partition(b"\r\n\r\n")


@contextmanager
def bad_line(studio: Studio, *, largest_body: int = 100 * MB, cut_after: int = 1 << 60) -> Iterator[BadLine]:
    line = BadLine(studio.port, largest_body, cut_after)
    threading.Thread(target=line.serve, daemon=True).start()
    try:
        yield line
    finally:
        line.close()


def large_clip(path: Path, size: int) -> str:
    """A clip of so many bytes that can be played, other ones each time; its SHA-256."""
    clip = WALK.read_bytes()
    digest, block = hashlib.sha256(), os.urandom(MB)
    with path.open("wb") as file:
        for data in (clip, (size - len(clip)).to_bytes(4, "big") + b"mdat"):
            file.write(data)
            digest.update(data)
        left = size - len(clip) - 8
        while left:
            # Each block is another one.
            data = (left.to_bytes(8, "big") + block)[: min(MB, left)]
            file.write(data)
            digest.update(data)
            left -= len(data)
    return digest.hexdigest()


@dataclass
class Sender:
    """Sends a file by the protocol, with pieces as large as the line takes, and goes on after whatever happens."""

    person: Person
    url: str
    piece: int = 8 * MB
    refused: list[int] = field(default_factory=list)

    def send(self, path: Path, watch: Callable[[int], None] = lambda _: None) -> str:
        """The id of the upload that it has become."""
        size, session = path.stat().st_size, self.person.session
        page = self.person.get("/").text
        headers = {"Tus-Resumable": "1.0.0", "X-CSRFToken": value_of(page, "csrfmiddlewaretoken")}
        said = {"filename": path.name, "kind": "motion", "team": value_of(page, "team")}
        metadata = ",".join(f"{key} {b64encode(value.encode()).decode()}" for key, value in said.items())
        asked = {**headers, "Upload-Length": str(size), "Upload-Metadata": metadata, "HX-Request": "true"}
        made = session.post(f"{self.url}/uploads/parts/", headers=asked, timeout=60)
        assert made.status_code == 201, made.text
        address, at = self.url + made.headers["Location"], 0
        with path.open("rb") as file:
            until = time.monotonic() + 600
            while time.monotonic() < until:
                file.seek(at)
                piece = file.read(self.piece)
                sent = {**headers, "Upload-Offset": str(at), "Content-Type": PIECE}
                try:
                    answer = session.patch(address, piece, headers=sent, timeout=60)
                except requests.RequestException:
                    answer = self._head(address, headers)
                if answer.status_code == 413 and "X-Wan-Studio" not in answer.headers:
                    self.refused.append(len(piece))
                    self.piece //= 2
                    continue
                # While the web is away, a proxy says so.
                if answer.status_code in (409, 423, 502):
                    answer = self._head(address, headers)
                assert answer.status_code in (200, 204), f"{answer.status_code} {answer.text[:500]}"
                at = int(answer.headers["Upload-Offset"])
                watch(at)
                if at == size:
                    return answer.headers["X-Upload"]
        raise AssertionError(f"{at} of {size} bytes have arrived")

    def _head(self, address: str, headers: dict[str, str]) -> requests.Response:
        until = time.monotonic() + 60
        while True:
            with suppress(requests.RequestException):
                answer = self.person.session.head(address, headers=headers, timeout=60)
                if answer.status_code == 200:
                    return answer
            assert time.monotonic() < until, "the studio does not come back"
            time.sleep(0.05)


def memory_of(studio: Studio) -> int:
    """What the web processes hold of their own, in bytes; what decodes has limits of its own, and is seen by chance."""
    held = 0
    for pid in processes(studio.pid("web")):
        with suppress(FileNotFoundError, ProcessLookupError):
            found = re.search(r"RssAnon:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
            held += int(found[1]) * 1024 if found else 0
    return held


@contextmanager
def watched_memory(studio: Studio) -> Iterator[list[int]]:
    """What they hold, five times a second, from now on."""
    seen, over = [memory_of(studio)], threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            seen.append(memory_of(studio))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield seen
    finally:
        over.set()
        watching.join()


def _end_of(path: Path) -> Path:
    """What follows the clip itself, in place of the file."""
    with path.open("r+b") as file:
        file.write(bytes(WALK.stat().st_size))
    return path


def drill(studio: Studio, line: BadLine, size: int, folder: Path) -> None:
    """The file arrives although the web processes are killed twice, and no more is sent than each break costs."""
    person, path = Person(studio), folder / "large.mp4"
    for page in ("/", "/uploads/", "/jobs/"):
        person.get(page)
    digest = large_clip(path, size)
    killed: list[int] = []
    kills: list[threading.Thread] = []

    def kill(at: int) -> None:
        if len(killed) < 2 and at > size * (len(killed) + 1) // 3:
            # The one before has been replaced by now, and its thread knows: of two at once both would kill the same.
            for thread in kills:
                thread.join()
            killed.append(at)
            # In the middle of the piece that follows.
            kills.append(threading.Thread(target=studio.kill, args=("web",)))
            kills[-1].start()

    sender = Sender(person, line.url)
    with watched_memory(studio) as held:
        source = sender.send(path, kill)
    for thread in kills:
        thread.join()
    assert len(killed) == 2
    (file, fingerprint, count), *more = studio.rows(
        "SELECT file, fingerprint, size_bytes FROM wanstudio_source WHERE name = 'large.mp4'"
    )
    assert not more, "it is there twice"
    assert studio.rows("SELECT id FROM wanstudio_source WHERE name = 'large.mp4'") == [(int(source),)]
    # As it was sent; what is kept has lost its metadata, which are in the index of the clip.
    assert (fingerprint, count) == (digest, size)
    assert filecmp.cmp(_end_of(studio.data / "media" / file), _end_of(path), shallow=False)
    # What a proxy behind the line refused for its size has passed the line.
    refused = sum(length for length in sender.refused if length <= line.largest_body)
    assert line.passed - refused <= size + sender.piece * (line.cuts + len(killed) + 2)
    assert max(held) - held[0] <= 64 * MB, [round(each / MB) for each in held]
    wait_until(lambda: not list((studio.data / "tmp").glob("*.part")), "nothing of it is left")
