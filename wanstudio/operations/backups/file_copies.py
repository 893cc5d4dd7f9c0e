"""Copying, hashing, and writing so that a power cut takes nothing back."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

CHUNK = 1024 * 1024


class Hashed(NamedTuple):
    sha256: str
    size_bytes: int


def hash_of(path: Path) -> Hashed:
    with path.open("rb") as file:
        return _through(file, None)


def copy(source: Path, target: Path) -> Hashed:
    """The file, whole and on the disk under its new name, or (after a crash, after an exception) not there at all."""
    with source.open("rb") as file, whole(target) as draft:
        return _through(file, draft)


@contextmanager
def whole(target: Path) -> Iterator[BinaryIO]:
    """A file to write that gets its name only once all of it is on the disk. Mode 0600."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".partial-", delete=False) as draft:
        try:
            yield cast(BinaryIO, draft)
            draft.flush()
            os.fsync(draft.fileno())
            os.replace(draft.name, target)
        except BaseException:
            Path(draft.name).unlink(missing_ok=True)
            raise
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Names in a folder survive a power cut only after this."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _through(source: BinaryIO, target: BinaryIO | None) -> Hashed:
    digest, size_bytes = hashlib.sha256(), 0
    while chunk := source.read(CHUNK):
        digest.update(chunk)
        size_bytes += len(chunk)
        if target:
            target.write(chunk)
    return Hashed(digest.hexdigest(), size_bytes)
