"""Files of the data folder: their owner's alone, and atomic through a power cut. Imports no Django: settings use it."""

import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from environs import EnvError


@contextmanager
def usable(path: Path | str) -> Iterator[None]:
    """Refuses to start with a file or folder that cannot be read or written."""
    try:
        yield
    except OSError as wrong:
        where = wrong.filename or path
        raise EnvError(
            f"{where} cannot be used: {wrong.strerror}. It must belong to the account that runs the studio, on a "
            "writable disk with free space. WANSTUDIO_DATA sets another folder."
        ) from wrong


def folder(path: Path) -> Path:
    """The same path, created if it was missing."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def is_writable(path: Path) -> bool:
    """True if a file can be written in this folder, by writing one. It is made if it was missing."""
    try:
        with tempfile.TemporaryFile(dir=folder(path)) as probe:
            probe.write(b"probe")
            probe.flush()
    except OSError:
        return False
    return True


def secret_key(path: Path, size_bytes: int = 64, generate: Callable[[], str] | None = None) -> str:
    """The key kept in `path`; the first call writes it (mode 0600); of two at the same time, one does."""
    if not path.exists():
        # Linked only when it is whole: a reader at this moment must not find it empty.
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.") as draft:
            draft.write(generate() if generate else secrets.token_urlsafe(size_bytes))
            draft.flush()
            os.fsync(draft.fileno())
            with suppress(FileExistsError):
                os.link(draft.name, path)
    return path.read_text().strip()


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
    sync(target.parent)


def sync(path: Path) -> None:
    """A file's bytes, and the names in a folder, survive a power cut only after this."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
