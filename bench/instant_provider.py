"""An instant provider, in a process of its own: it takes each task, and it is done when it is first asked about.

`python -m bench.instant_provider FILM` prints its port. At `/posts` it says when the POST of each task arrived.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

HEAD = "HTTP/1.1 200 OK\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n"


class Provider:
    def __init__(self, film: bytes) -> None:
        self.film, self.port = film, 0
        self.posts: dict[str, float] = {}

    def answer(self, method: str, path: str) -> tuple[str, bytes]:
        """The type and the bytes."""
        task = path.rpartition("taskId=")[2]
        if method == "POST":
            task = f"task_{len(self.posts):08d}"
            self.posts[task] = time.time()
            return _envelope({"taskId": task})
        if "/statusTask/" in path:
            links = json.dumps({"resultUrls": [f"http://127.0.0.1:{self.port}/{task}.mp4"]})
            made = int(self.posts[task] * 1000)
            times = {"createTime": made, "completeTime": made + 20, "costTime": 20}
            return _envelope({"taskId": task, "state": "success", "resultJson": links, **times})
        if path.endswith("/current-balance"):
            return _envelope(1_000_000.0)
        if path == "/posts":
            return "application/json", json.dumps(self.posts).encode()
        return "video/mp4", self.film

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: one request, one answer."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        lengths = [int(line.split(":")[1]) for line in head if line.lower().startswith("content-length:")]
        await reader.readexactly(sum(lengths))
        method, path, _ = head[0].split(" ")
        kind, content = self.answer(method, path)
        writer.write(HEAD.format(kind, len(content)).encode() + content)
        await writer.drain()
        writer.close()


def _envelope(data: object) -> tuple[str, bytes]:
    return "application/json", json.dumps({"code": 200, "message": "success", "data": data}).encode()


async def main() -> None:
    provider = Provider(Path(sys.argv[1]).read_bytes())
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0)
    provider.port = server.sockets[0].getsockname()[1]
    sys.stdout.write(f"{provider.port}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
