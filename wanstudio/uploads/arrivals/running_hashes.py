"""Running hashes: files that come in pieces are hashed, and brought to the disk, beside the next piece.

A hash belongs to a process. One that has not seen all pieces reads those that it lacks from the file.
"""

import logging
import os
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from threading import Lock
from uuid import UUID

log = logging.getLogger(__name__)

READ_BYTES = 256 * 1024
# The rest is forgotten, the one longest without a piece first; it is read again from the beginning.
MAX_KEPT = 64


class _Running:
    """The hash of the first `length` bytes of a file. Those do not change: pieces are appended."""

    def __init__(self) -> None:
        self.lock, self.length, self._hash = Lock(), 0, sha256()

    def go_on(self, path: Path, length: int) -> str:
        """The digest so far. All of the file is on the disk then, or OSError says that it cannot be."""
        with self.lock, path.open("rb", buffering=0) as file:
            file.seek(self.length)
            part = memoryview(bytearray(READ_BYTES))
            while self.length < length and (count := file.readinto(part[: length - self.length])):
                self._hash.update(part[:count])
                self.length += count
            os.fdatasync(file.fileno())
            return self._hash.hexdigest()


_kept: OrderedDict[UUID, _Running] = OrderedDict()
_lock = Lock()
_beside = ThreadPoolExecutor(1, "hashes")


def _of(key: UUID) -> _Running:
    with _lock:
        running = _kept.setdefault(key, _Running())
        _kept.move_to_end(key)
        if len(_kept) > MAX_KEPT:
            _kept.popitem(last=False)
        return running


def follow(key: UUID, path: Path, length: int) -> None:
    """Continues to this length in the background."""
    _beside.submit(_follow, _of(key), path, length)


def _follow(running: _Running, path: Path, length: int) -> None:
    try:
        running.go_on(path, length)
    except FileNotFoundError:
        pass
    except OSError as wrong:
        # Its bytes were promised, and are lost with this error: the sender learns that it is gone, and begins again.
        log.warning("a piece of %s could not be kept: %r", path.name, wrong)
        path.unlink(missing_ok=True)


def digest(key: UUID, path: Path, length: int) -> str:
    """Of the first `length` bytes, as hexadecimal digits; forgotten here."""
    found = _of(key).go_on(path, length)
    forget(key)
    return found


def forget(key: UUID) -> None:
    with _lock:
        _kept.pop(key, None)
