"""Requests as the web server receives them: waitress's own, with limits of size, time and number for each sender."""

import os
import re
import shutil
import time
from contextlib import suppress
from io import BytesIO
from typing import NamedTuple
from weakref import WeakSet

from django.conf import settings
from waitress.buffers import ReadOnlyFileBasedBuffer
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import WSGITask
from waitress.utilities import BadRequest

from wanstudio.operations.cut_pieces import CutPiece, hold, is_useful
from wanstudio.web.middleware import is_trusted
from wanstudio.web.request_bodies import BUSY, FULL, REFUSED, max_body
from wanstudio.work.outages import noticed

HEAD_WITHIN_S = 20.0
# A body has 30 s, and then as long as it keeps above this on average: a slow line is a hundred times as fast.
BODY_GRACE_S, BODY_BYTES_A_SECOND = 30.0, 1024
# An answer that is not read for so long is aborted, and its thread freed.
STALLED_AFTER_S = 60.0
ADDRESS_CONNECTIONS = 2000
# Half-sent bodies on the disk, for each process: in all, and of one address.
HELD_BYTES = 4
CHECK_EVERY_BYTES = 1024 * 1024
MAX_CHUNK_LINE = 1024
AT_ONCE_BYTES = 1024 * 1024
# More bytes a round: a quick sender's body takes fewer rounds.
BODY_AT_ONCE_BYTES = 512 * 1024
_CODINGS = re.compile(rb"\r\ntransfer-encoding[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)


class Discarded:
    """A body that is counted and not kept; its reader finds it empty."""

    def __init__(self, size: int = 0) -> None:
        self._size = size

    def __len__(self) -> int:
        return self._size

    def append(self, data: bytes) -> None:
        self._size += len(data)

    def getfile(self) -> BytesIO:
        return BytesIO()

    def close(self) -> None:
        pass


class Part(NamedTuple):
    """Bytes of an open file, by its descriptor."""

    file: int
    start: int
    size: int


class SentFile(ReadOnlyFileBasedBuffer):
    """A file as an answer: its bytes go from the kernel to the connection, and are never read here."""

    def get(self, numbytes: int = -1, skip: bool = False) -> Part:
        return Part(self.file.fileno(), self.file.tell(), min(self.remain, AT_ONCE_BYTES))


class Request(HTTPRequestParser):
    completed: bool
    expect_continue: bool
    error: object
    refused = ""
    is_kept = True

    def __init__(self, adj: object) -> None:
        super().__init__(adj)
        self.began = time.monotonic()
        self.checked = 0

    def parse_header(self, header_plus: bytes) -> None:
        """Refuses a request whose length can be read in two ways: a proxy in front could choose the other one."""
        super().parse_header(header_plus)
        if codings := _CODINGS.findall(header_plus):
            plain = [coding.strip().lower() for coding in codings] == [b"chunked"]
            if not plain or self.version != "1.1" or "CONTENT_LENGTH" in self.headers:
                raise ParsingError("Transfer-Encoding must be chunked, without a Content-Length, in HTTP/1.1")

    def received(self, data: bytes) -> int:
        try:
            taken = int(super().received(data))
        except OSError as wrong:
            if self.chunked or not noticed(wrong):
                raise
            # The rest is counted, so that its sender gets the reason.
            self.refused = FULL
            self.discard()
            taken = int(super().received(data))
        if self.body_rcv is None or self.error:
            return taken
        if self.chunked and max(len(self.body_rcv.control_line), len(self.body_rcv.trailer)) > MAX_CHUNK_LINE:
            self.error, self.completed = BadRequest("A line between chunks is too long"), True
        too_long = max(self.content_length, self.body_bytes_received) > max_body(self.headers.get("CONTENT_TYPE", ""))
        if self.is_kept and too_long:
            self.discard()
            if self.expect_continue:
                # With `Expect: 100-continue` the client is told before it sends the body.
                self.expect_continue, self.completed = False, True
                self.headers["CONNECTION"] = "close"
        return taken

    def discard(self) -> None:
        self.is_kept = False
        with suppress(OSError):
            self.body_rcv.getbuf().close()
        self.body_rcv.buf = Discarded(len(self.body_rcv))

    def is_too_slow(self, now: float) -> bool:
        spent = now - self.began
        if not self.headers_finished:
            return spent > HEAD_WITHIN_S
        return bool(spent > BODY_GRACE_S + self.body_bytes_received / BODY_BYTES_A_SECOND)


class Task(WSGITask):
    """An answer to HEAD has no body, whatever the application says; waitress would send it."""

    def write(self, data: bytes) -> None:
        super().write(b"" if self.request.command == "HEAD" else data)

    def finish(self) -> None:
        if self.request.command == "HEAD":
            self.write(b"")
        else:
            super().finish()
        if self.channel.total_outbufs_len > self.channel.adj.outbuf_high_watermark:
            # Otherwise pipelined requests would occupy this thread until the client has read all of this.
            self.close_on_finish = True

    def set_close_on_finish(self) -> None:
        """Keeps the connection after 204 and 304, which polls get: they have no body whose end must be seen."""
        if self.has_body or self.version == "1.0" or self.request.connection_close:
            super().set_close_on_finish()

    def get_environment(self) -> dict[str, object]:
        environ: dict[str, object] = super().get_environment()
        environ[REFUSED] = self.request.refused
        environ["wsgi.file_wrapper"] = SentFile
        return environ


class Channel(HTTPChannel):
    parser_class = Request
    task_class = Task
    request: Request | None
    room = 0

    def __init__(self, server: "Server", *args: object, **kwargs: object) -> None:
        super().__init__(server, *args, **kwargs)
        self.will_close = server.has_too_many(self.addr[0])

    def writable(self) -> bool:
        self.room = AT_ONCE_BYTES
        return bool(super().writable())

    def send(self, data: bytes | Part, do_close: bool = True) -> int:
        """At most AT_ONCE_BYTES a round: a quick reader of a long file must not occupy the loop."""
        sent = 0
        if self.room > 0 and isinstance(data, Part):
            with suppress(BlockingIOError):
                sent = os.sendfile(self.socket.fileno(), *data)
                # A file that was cut short: what was promised cannot be sent.
                self.will_close = self.will_close or not sent
        elif self.room > 0:
            sent = super().send(data, do_close)
        self.room -= sent
        return sent

    def recv(self, buffer_size: int) -> bytes:
        is_body = self.request is not None and self.request.headers_finished
        return bytes(super().recv(BODY_AT_ONCE_BYTES if is_body else buffer_size))

    def received(self, data: bytes) -> bool:
        taken = bool(super().received(data))
        body = self.request
        if body is not None and body.is_kept:
            hold(body, self.server.held_pieces)
        if body is not None and body.is_kept and body.body_bytes_received - body.checked > CHECK_EVERY_BYTES:
            body.checked = body.body_bytes_received
            if refused := self.server.refuses_to_hold(self.addr[0]):
                body.refused = refused
                body.discard()
        return taken

    def handle_close(self) -> None:
        request, self.request = self.request, None
        super().handle_close()
        if request is not None and is_useful(request):
            self.server.add_task(CutPiece(self, request))

    def is_stuck(self, now: float) -> bool:
        """True if the sender is too slow, or the reader has stopped while a thread waits for it."""
        if self.requests and self.total_outbufs_len and self.last_activity < time.time() - STALLED_AFTER_S:
            return True
        return self.request is not None and bool(self.request.is_too_slow(now))


class Server(TcpWSGIServer):
    channel_class = Channel

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.held_pieces = WeakSet[Request]()

    def maintenance(self, now: float) -> None:
        super().maintenance(now)
        for channel in list(self.active_channels.values()):
            if channel.is_stuck(time.monotonic()):
                # At once: the loop would wait until its connection can be written to.
                channel.handle_close()

    def is_busy(self) -> bool:
        return any(channel.requests or channel.total_outbufs_len for channel in self.active_channels.values())

    def has_too_many(self, address: str) -> bool:
        mine = sum(channel.addr[0] == address for channel in self.active_channels.values())
        return mine > ADDRESS_CONNECTIONS and not is_trusted(address)

    def refuses_to_hold(self, address: str) -> str:
        """The reason why no more of a body of this address is kept; empty if it is."""
        if shutil.disk_usage(settings.FILE_UPLOAD_TEMP_DIR).free < settings.MIN_FREE_BYTES:
            return FULL
        room = HELD_BYTES * max_body("multipart/form-data")
        mine = room if is_trusted(address) else room / 2
        return BUSY if self._held() > room or self._held(address) > mine else ""

    def _held(self, address: str = "") -> int:
        return sum(
            len(request.body_rcv)
            for channel in self.active_channels.values()
            if not address or channel.addr[0] == address
            for request in (*channel.requests, channel.request)
            if request is not None and request.body_rcv is not None and request.is_kept
        )
