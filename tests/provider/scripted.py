"""A provider that does exactly what a test tells it, at the level of bytes: it resets, hangs, drips and lies.

    with Scripted(answer(200, {"code": 200, ...}), reset) as server:
        Client(server.url, KEY)

Each request is recorded and met by the next move; the last one is repeated.
"""

import fcntl
import json
import socket
import ssl
import struct
import termios
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType

NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True)
class Seen:
    """One request as it arrived. Header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def json(self) -> object:
        return json.loads(self.body)


# A move gets the connection, and an event that is set when the test is over.
Move = Callable[[socket.socket, threading.Event], None]


def answer(status: int, body: object = b"", headers: Mapping[str, str] = NO_HEADERS) -> Move:
    """A well-formed answer; `body` is bytes or anything for JSON. The connection stays open for another request."""
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Scripted", f"Content-Length: {len(payload)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return raw("\r\n".join(lines).encode() + b"\r\n\r\n" + payload, then=stay)


def raw(data: bytes, then: Move | None = None) -> Move:
    def move(line: socket.socket, over: threading.Event) -> None:
        line.sendall(data)
        (then or close)(line, over)

    return move


def drip(data: bytes, pause_s: float) -> Move:
    """One byte at a time."""

    def move(line: socket.socket, over: threading.Event) -> None:
        for byte in data:
            line.sendall(bytes([byte]))
            if over.wait(pause_s):
                break
        close(line, over)

    return move


def stay(line: socket.socket, over: threading.Event) -> None:
    """Keep the connection open and read the next request from it."""


# Set once a server has said all that it says, and hangs.
HANGING = threading.Event()


def hang(line: socket.socket, over: threading.Event) -> None:
    """To the end of the test, however long that takes."""
    if not over.is_set():
        HANGING.set()
    over.wait()


def close(line: socket.socket, over: threading.Event) -> None:
    line.shutdown(socket.SHUT_WR)
    line.close()


def reset(line: socket.socket, over: threading.Event) -> None:
    """What was said before has arrived: a reset can overtake it."""
    while struct.unpack("i", fcntl.ioctl(line, termios.TIOCOUTQ, bytes(4)))[0] and not over.wait(0.001):
        pass
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


class Scripted:
    """The server. `received` is every byte that arrived, in any connection; `connections` how many were made."""

    def __init__(self, *moves: Move, at_once: Move | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Seen] = []
        self.received = b""
        self.connections = 0
        self.ended = 0
        self._moves = list(moves)
        self._at_once = at_once
        self._tls = tls
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}/api/v1"

    def __enter__(self) -> "Scripted":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def wait_for(self, condition: Callable[["Scripted"], bool]) -> None:
        until = time.monotonic() + 60
        while not condition(self):
            assert time.monotonic() < until, "the scripted server waited in vain"
            time.sleep(0.005)

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(line, self.connections), daemon=True).start()

    def _serve(self, line: socket.socket, number: int) -> None:
        try:
            if self._at_once:
                self._at_once(line, self._over)
                return
            if self._tls:
                line = self._tls.wrap_socket(line, server_side=True)
            while request := self._read(line, number):
                self.requests.append(request)
                move = self._moves.pop(0) if len(self._moves) > 1 else self._moves[0]
                move(line, self._over)
        except OSError:
            return
        finally:
            line.close()
            self.ended += 1

    def _read(self, line: socket.socket, number: int) -> Seen | None:
        data = b""
        while b"\r\n\r\n" not in data:
            chunk = self._receive(line)
            if not chunk:
                return None
            data += chunk
        head, _, body = data.partition(b"\r\n\r\n")
        first, *rest = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (header.partition(":") for header in rest)}
        while len(body) < int(headers.get("content-length", "0")):
            body += self._receive(line)
        method, target, _ = first.split(" ")
        return Seen(method, target, headers, body, number)

    def _receive(self, line: socket.socket) -> bytes:
        chunk = line.recv(65536)
        self.received += chunk
        return chunk
