"""Remote files: seekable like any other, small pieces fetched when they are read, and within a budget."""

import io
import os
from tempfile import TemporaryFile

from .decoder_messages import UNKNOWN_SIZE, SizedFile
from .errors import FetchError, FetchProblem
from .exchange import Deadline
from .fetch import Fetcher, Opened


class RemoteFile(SizedFile):
    """Read-only, for probing and posters; never for a whole file.

    Reads ahead so far that `max_requests` pieces are `max_bytes` together, and keeps them on disk, not in memory. A
    server that ignores Range is read from the head, once, up to `max_bytes`. Every method that needs the network can
    raise FetchError: its own OVER_BUDGET and NO_RANGES, or what fetching raises. `deadline_s` is for all requests
    together, from the first.
    """

    def __init__(
        self, fetcher: Fetcher, url: str, *, max_bytes: int = 1_000_000, max_requests: int = 6, deadline_s: float = 5.0
    ) -> None:
        self._fetcher = fetcher
        self._url = url
        self._bytes_left = max_bytes
        self._requests_left = max_requests
        self._ahead = max_bytes // max_requests
        self._deadline_s = deadline_s
        self._deadline: Deadline | None = None
        # Of each piece: where it begins in the file, where it begins in what is kept, its length.
        self._pieces: list[tuple[int, int, int]] = []
        self._kept = TemporaryFile()  # noqa: SIM115 (closed with the object)
        self._size: int | None = None
        self._ranges = True

    def close(self) -> None:
        self._kept.close()
        super().close()

    @property
    def size(self) -> int:
        if self._size is None and not self._pieces:
            self._fetch(0, self._ahead)
        return UNKNOWN_SIZE if self._size is None else self._size

    def read(self, size: int = -1) -> bytes:
        """Fewer bytes than asked for only at the end of the file."""
        parts = []
        end = self.size if size < 0 else min(self._position + size, self.size)
        while self._position < end:
            for start, kept, length in self._pieces:
                if (skipped := self._position - start) in range(length):
                    count = min(end, start + length) - self._position
                    parts.append(os.pread(self._kept.fileno(), count, kept + skipped))
                    self._position += count
                    break
            else:
                # Near the end the whole tail is fetched in one request: an index there is read backwards.
                ends = (start + length for start, _, length in self._pieces)
                behind = max((before for before in ends if before <= self._position), default=0)
                start = max(behind, min(self._position, self.size - self._ahead))
                self._fetch(start, max(self._ahead, end - start))
        return b"".join(parts)

    def _fetch(self, start: int, wanted: int) -> None:
        if not self._ranges:
            raise FetchError(FetchProblem.NO_RANGES)
        wanted = min(wanted, self._bytes_left)
        if wanted <= 0 or self._requests_left <= 0:
            raise FetchError(FetchProblem.OVER_BUDGET)
        self._deadline = self._deadline or Deadline(self._deadline_s, 30.0)
        part = (start, start + wanted - 1)
        try:
            with self._fetcher.open(self._url, byte_range=part, deadline=self._deadline) as opened:
                self._keep(opened, start, wanted)
        except FetchError as error:
            # How servers say that a file is empty.
            if error.http_status != 416 or start > 0:
                raise
            self._size = 0

    def _keep(self, opened: Opened, start: int, wanted: int) -> None:
        self._requests_left -= opened.requests
        # Straight to where it ended: a redirect would cost every piece a request.
        self._url = opened.final_url
        if opened.response.status == 200:
            self._ranges = False
            start, wanted = 0, self._bytes_left
        kept = self._kept.seek(0, io.SEEK_END)
        length = sum(self._kept.write(chunk) for chunk in opened.chunks(wanted))
        self._kept.flush()
        self._bytes_left -= length
        size = opened.total_size
        if size is None and length < wanted:
            size = start + length
        if (size is not None and self._size not in (None, size)) or (not length and size != 0):
            raise FetchError(
                FetchProblem.CUT_SHORT, "The file at this link changed while it was being read. Try again."
            )
        self._size = self._size if size is None else size
        self._pieces.append((start, kept, length))
