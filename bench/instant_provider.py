"""An instant provider, in a process of its own: it takes each task, and it is done when it is first asked about.

`python -m bench.instant_provider FILM` prints its port. What it costs is as little as a server in Python can cost; it
notes when each POST arrived.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

API = "/api/v1"


class Instant(asyncio.Protocol):
    """One connection: one request, one answer."""

    film = b""
    posts: dict[str, float] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._line, self._got = transport, b""

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, end, body = self._got.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            return
        method, path, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
        kind, content = self._answer(method, path, body)
        status = (
            f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
        )
        self._line.write(status.encode() + content)  # type: ignore[attr-defined]
        self._line.close()

    def _answer(self, method: str, path: str, body: bytes) -> tuple[str, bytes]:
        if method == "POST":
            task = f"task_{len(self.posts):08d}"
            self.posts[task] = time.time()
            return _envelope({"taskId": task})
        if path.startswith(f"{API}/statusTask/"):
            task = path.rpartition("taskId=")[2]
            links = json.dumps({"resultUrls": [f"http://127.0.0.1:{self.port}/{task}.mp4"]})
            made = int(self.posts[task] * 1000)
            done = {"createTime": made, "completeTime": made + 20, "costTime": 20, "resultJson": links}
            return _envelope({"taskId": task, "state": "success", **done})
        if path.endswith("/current-balance"):
            return _envelope(1_000_000.0)
        if path == "/posts":
            return "application/json", json.dumps(self.posts).encode()
        return "video/mp4", self.film


def _length(head: bytes) -> int:
    named = (line.split(b":", 1) for line in head.lower().split(b"\r\n")[1:])
    return next((int(value) for name, value in named if name == b"content-length"), 0)


def _envelope(data: object) -> tuple[str, bytes]:
    return "application/json", json.dumps({"code": 200, "message": "success", "data": data}).encode()


async def serve() -> None:
    Instant.film = Path(sys.argv[1]).read_bytes()
    server = await asyncio.get_running_loop().create_server(Instant, "127.0.0.1", 0)
    Instant.port = server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    sys.stdout.write(f"{Instant.port}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
