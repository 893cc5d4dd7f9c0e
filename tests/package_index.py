"""A package index on loopback, and wheels for it: real metadata, nothing inside."""

import hashlib
import io
import zipfile
from dataclasses import dataclass
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from packaging.utils import canonicalize_name
from packaging.version import Version


@dataclass(frozen=True)
class Stub:
    """A wheel with an empty module; its metadata stands before the module in the archive."""

    name: str
    version: str
    fields: tuple[str, ...] = ()

    @property
    def filename(self) -> str:
        return f"{self.module}-{self.version}-py3-none-any.whl"

    @property
    def module(self) -> str:
        return canonicalize_name(self.name).replace("-", "_")

    @cached_property
    def wheel(self) -> bytes:
        info = f"{self.module}-{self.version}.dist-info"
        metadata = ["Metadata-Version: 2.1", f"Name: {self.name}", f"Version: {self.version}", *self.fields, ""]
        files = {
            f"{info}/METADATA": "\n".join(metadata),
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: stub\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{self.module}_stub.py": "",
        }
        files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as wheel:
            for name, text in files.items():
                wheel.writestr(name, text)
        return archive.getvalue()

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.wheel).hexdigest()

    def newer(self) -> "Stub":
        release = ".".join(str(part) for part in Version(self.version).release)
        return Stub(self.name, f"{release}.1", self.fields)


class Index(ThreadingHTTPServer):
    """A simple index (PEP 503) of the stubs it was given."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.answers: dict[str, bytes] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/simple/"

    def offer(self, *stubs: Stub) -> None:
        for stub in stubs:
            page = f"/simple/{canonicalize_name(stub.name)}/"
            link = f'<a href="/{stub.filename}#sha256={stub.sha256}">{stub.filename}</a>\n'
            self.answers[page] = self.answers.get(page, b"") + link.encode()
            self.answers[f"/{stub.filename}"] = stub.wheel


class Answer(BaseHTTPRequestHandler):
    server: Index

    def do_GET(self) -> None:
        body = self.server.answers.get(self.path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", "text/html" if self.path.endswith("/") else "application/octet-stream")
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *args: object) -> None:
        pass
