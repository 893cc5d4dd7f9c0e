"""Pieces of uploads whose connection broke: what arrived is handed on, and no one is there to read the answer.

The server receives a body whole before a thread works on it. Without this a sender whose every connection breaks within
a piece would never get on.
"""

from waitress.parser import HTTPRequestParser
from waitress.task import WSGITask

from wanstudio.web.request_bodies import PIECE


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
