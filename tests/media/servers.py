"""Servers on loopback: one that knows ranges and counts what it sends, and one that says whatever a test wants."""

import re
import socket
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

Say = Callable[[socket.socket, bytes], None]


class _Server(ThreadingHTTPServer):
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Who asked is gone."""


class FileServer:
    """Serves the files of a folder; `/to/<url>` redirects there. Counts requests, and the bytes of bodies.

    `before`: called with the path before anything is sent; it can wait.
    """

    def __init__(self, folder: Path, *, ranges: bool = True, announce: bool = True) -> None:
        self.folder = folder
        self.ranges = ranges
        self.announce = announce
        self.requests: list[dict[str, str]] = []
        self.bytes_sent = 0
        self.before: Callable[[str], object] = lambda path: None
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.host = f"127.0.0.1:{self._server.server_address[1]}"

    def url(self, path: str) -> str:
        return f"http://{self.host}/{path}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(outer) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests.append({**dict(self.headers.items()), "path": self.path})
                outer.before(self.path)
                if self.path.startswith("/to/"):
                    self.send_response(302)
                    self.send_header("Location", self.path.removeprefix("/to/"))
                    self.end_headers()
                    return
                file = outer.folder / self.path.strip("/")
                if not file.is_file():
                    self.send_error(404)
                    return
                self._send(file, file.stat().st_size)

            def _send(self, file: Path, size: int) -> None:
                start, end = 0, size
                match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
                if match and outer.ranges:
                    start, end = int(match[1]), min(int(match[2] or size) + 1, size)
                    if start >= size:
                        self.send_error(416)
                        return
                    self.send_response(206)
                    self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
                else:
                    self.send_response(200)
                if outer.announce:
                    self.send_header("Content-Length", str(end - start))
                self.end_headers()
                with file.open("rb") as source:
                    source.seek(start)
                    while start < end:
                        chunk = source.read(min(65536, end - start))
                        outer.bytes_sent += len(chunk)
                        try:
                            self.wfile.write(chunk)
                        except OSError:
                            return
                        start += len(chunk)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


class Talker:
    """Accepts connections, reads a request's head and lets `say` answer it, byte for byte."""

    def __init__(self, say: Say, tls: ssl.SSLContext | None = None) -> None:
        self._say = say
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.port = self._listener.getsockname()[1]
        self.heads: list[bytes] = []

    def url(self, path: str = "clip.mp4") -> str:
        return f"http://{self.host}/{path}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        # Wakes accept(), which closing alone does not.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=[connection], daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            try:
                wire = self._tls.wrap_socket(connection, server_side=True) if self._tls else connection
                head = b""
                # A handshake (it begins with 0x16) is answered like a request.
                while b"\r\n\r\n" not in head and head[:1] != b"\x16":
                    head += wire.recv(4096) or b"\r\n\r\n"
                self.heads.append(head)
                self._say(wire, head)
                wire.close()
            except OSError:
                pass


def saying(*parts: bytes) -> Say:
    return lambda wire, _: wire.sendall(b"".join(parts))


def answer(body: bytes, *headers: str, status: str = "200 OK", length: int | None = -1) -> bytes:
    """An HTTP answer. `length` -1 tells the true one, None tells none."""
    lines = [f"HTTP/1.1 {status}", *headers]
    if length is not None:
        lines.append(f"Content-Length: {len(body) if length == -1 else length}")
    return "\r\n".join([*lines, "", ""]).encode() + body
