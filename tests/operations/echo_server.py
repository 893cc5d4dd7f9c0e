"""The studio's web server around a small application that says what reached it, as a process of its own.

`python -m tests.operations.echo_server PORT`; `serving()` starts it and `spoken` talks to it byte by byte.
"""

import hashlib
import json
import os
import socket
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import get_native_id
from typing import TYPE_CHECKING, Any

from tests.e2e.studio import ROOT
from tests.servers import Server, answers, free_port, running

if TYPE_CHECKING:
    from wsgiref.types import StartResponse


# More than a socket takes at once, and than may wait behind it while the next answer is made.
LARGE = 12 * 1024 * 1024


def application(environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    if path == "/stream":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return (b"x" * 65536 for _ in range(100_000))
    if path == "/large":
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(LARGE))])
        return [b"x" * LARGE]
    if path == "/file":
        start_response("200 OK", [("Content-Type", "video/mp4")])
        return environ["wsgi.file_wrapper"](open(environ["QUERY_STRING"], "rb"), 4096)  # type: ignore[no-any-return]
    body = environ["wsgi.input"].read()
    if path == "/nothing":
        start_response("204 No Content", [])
        return []
    said = {name: value for name, value in environ.items() if name.startswith("HTTP_")}
    said |= {name: environ[name] for name in ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR")}
    said |= {"length": environ.get("CONTENT_LENGTH", ""), "got": len(body), "pid": str(os.getpid())}
    said["thread"] = get_native_id()
    said |= {"sha256": hashlib.sha256(body).hexdigest(), "refused": environ["wanstudio.refused"]}
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(json.dumps(said))))])
    return [json.dumps(said).encode()]


@contextmanager
def serving(host: str = "127.0.0.1", min_free_mb: int = 1, **limits: float) -> Iterator[Server]:
    """`limits` are constants of `web_requests` and `web_server`, as short as a test wants them."""
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="wanstudio-echo-"))
    command = [sys.executable, "-m", "tests.operations.echo_server", host, str(port), json.dumps(limits)]
    env = {"PYTHONPATH": str(ROOT), "WANSTUDIO_DATA": str(folder / "data"), "WANSTUDIO_ENV_FILE": ""}
    env |= {"DJANGO_SETTINGS_MODULE": "wanstudio.settings", "WANSTUDIO_CLIP_MAX_MB": "3", "WANSTUDIO_IMAGE_MAX_MB": "1"}
    env |= {"WANSTUDIO_MIN_FREE_MB": str(min_free_mb)}
    shown = f"[{host}]" if ":" in host else host
    with running(
        Server("the web server", f"http://{shown}:{port}", command, folder, lambda: answers(port, host=host), env)
    ) as server:
        yield server


def spoken(server: Server, *parts: bytes) -> bytes:
    """What it answers to these bytes until it closes the connection, or says nothing more for a minute."""
    with connected(server) as line:
        for part in parts:
            line.sendall(part)
        return read_all(line)


def connected(server: Server) -> socket.socket:
    host, _, port = server.url.removeprefix("http://").rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), timeout=60)


def read_all(line: socket.socket) -> bytes:
    answer = b""
    try:
        while part := line.recv(65536):
            answer += part
    except (TimeoutError, ConnectionResetError):
        pass
    return answer


def main() -> None:
    import django

    django.setup()
    from wanstudio.operations import web_requests, web_server

    host, port, limits = sys.argv[1:]
    for name, value in json.loads(limits).items():
        (module,) = [module for module in (web_requests, web_server) if hasattr(module, name)]
        setattr(module, name, value)
    web_server.serve(web_server.listen(host, int(port)), application)


if __name__ == "__main__":
    main()
