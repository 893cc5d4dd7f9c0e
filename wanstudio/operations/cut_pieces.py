"""Pieces of uploads: short ones are received into memory, and what arrived of one whose connection broke is handed on.

The server receives a body whole before a thread works on it. Without this it would write all of it twice, and a sender
whose connections all break within a piece would make no progress. The answer to such a piece is not read.
"""

from collections.abc import MutableSet

from waitress.parser import HTTPRequestParser
from waitress.task import WSGITask

from wanstudio.web.request_bodies import PIECE

# Those that each process receives into memory, up to so large; more go by a temporary file, as any body.
HELD, HELD_BYTES = 2, 8 * 1024 * 1024


def hold(request: HTTPRequestParser, held: MutableSet[HTTPRequestParser]) -> None:
    """Receives the body into memory, if it is a short piece and few are: `held` are those, until they are closed."""
    is_piece = request.headers.get("CONTENT_TYPE", "").lower().startswith(PIECE) and not request.chunked
    if is_piece and request.content_length <= HELD_BYTES and len(held) < HELD and request.body_rcv is not None:
        request.body_rcv.getbuf().overflow = HELD_BYTES + 1
        held.add(request)


def is_useful(request: HTTPRequestParser) -> bool:
    """True for the beginning of a piece. One with a checksum can only be checked as a whole."""
    headers, arrived = request.headers, request.body_bytes_received
    is_piece = headers.get("CONTENT_TYPE", "").lower().startswith(PIECE) and "UPLOAD_CHECKSUM" not in headers
    return bool(is_piece and arrived and request.is_kept and not (request.error or request.chunked))


class CutPiece(WSGITask):  # type: ignore[misc]
    def service(self) -> None:
        self.request.headers["CONTENT_LENGTH"] = str(self.request.body_bytes_received)
        try:
            super().service()
        finally:
            self.request.close()

    def write(self, data: bytes) -> None:
        pass

    def finish(self) -> None:
        pass
