"""Pieces of files on their way: what has arrived is in one file, and the length of that file is the offset.

A row is written when an upload begins and when it ends, and none in between: it can never be ahead of the bytes.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from hashlib import new
from io import BufferedRandom
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.db.models.functions import Now

from wanstudio.accounts.models import User
from wanstudio.teams.models import Team
from wanstudio.uploads.arrivals import running_hashes
from wanstudio.uploads.arrivals.headers import Checksum
from wanstudio.uploads.models import PartialUpload, Source

# Counted from the last byte that arrived; the sweep deletes files by the same clock.
KEPT_S = 24 * 60 * 60
COPIED_AT_ONCE = 1024 * 1024
# Of one person. A page has a few at a time; what is never continued is gone after a day.
MAX_UNFINISHED = 100


class Gone(Exception):
    """What had arrived was deleted: a day without a byte, or a restore of a backup."""


class Busy(Exception):
    """Another request is writing to this upload."""


class Mismatch(Exception):
    """The piece does not match its checksum."""


class ArrivedFile(UploadedFile):  # type: ignore[type-arg]
    """A whole upload, which stays where it is when the storage has taken it."""

    def __init__(self, upload: PartialUpload, file: IO[bytes]) -> None:
        super().__init__(file, upload.name, size=upload.size_bytes)
        self._path, self.fingerprint = path_of(upload), upload.fingerprint

    def temporary_file_path(self) -> str:
        """A second name of the file, for the storage to move: until the row is there, the first one is kept."""
        twin = self._path.with_suffix(".twin")
        twin.unlink(missing_ok=True)
        try:
            os.link(self._path, twin)
        except OSError:
            # A disk without hard links: a crash before the row costs the bytes, which are then sent again.
            return str(self._path)
        return str(twin)


def begin(upload: PartialUpload) -> None:
    """Its row and its empty file. A crash in between leaves a file that the sweep deletes."""
    path_of(upload).touch(mode=0o600)
    upload.save(force_insert=True)


def path_of(upload: PartialUpload) -> Path:
    return Path(settings.FILE_UPLOAD_TEMP_DIR) / f"{upload.pk.hex}.part"


def offset_of(upload: PartialUpload) -> int:
    """How many bytes are here. Raises Gone."""
    return upload.size_bytes if upload.is_over else _stat(upload).st_size


def expires_at(upload: PartialUpload) -> float:
    """The moment, as seconds since 1970, at which it is deleted unless more arrives. Raises Gone."""
    return _stat(upload).st_mtime + KEPT_S


def _stat(upload: PartialUpload) -> os.stat_result:
    try:
        found = path_of(upload).stat()
    except FileNotFoundError:
        raise Gone from None
    if found.st_mtime + KEPT_S < time.time():
        raise Gone
    return found


@contextmanager
def opened(upload: PartialUpload, *, wait: bool = False) -> Iterator[BufferedRandom]:
    """Its file for one request alone, on this machine and others; a process that dies lets go. Raises Busy, Gone.

    `wait`: until the other request is done; then the row is read again.
    """
    _stat(upload)
    try:
        file = path_of(upload).open("r+b")
    except FileNotFoundError:
        raise Gone from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            upload.refresh_from_db(fields=["source", "refusal", "fingerprint"])
        except BlockingIOError:
            raise Busy from None
        except PartialUpload.DoesNotExist:
            raise Gone from None
        yield file


@contextmanager
def checked(body: IO[bytes], length: int, checksum: Checksum | None) -> Iterator[IO[bytes]]:
    """The body, read once beforehand if it has a checksum: nothing is kept of one that differs. Raises Mismatch."""
    if checksum is None:
        yield body
        return
    found = new(checksum.algorithm, usedforsecurity=False)
    with SpooledTemporaryFile(COPIED_AT_ONCE, dir=str(settings.FILE_UPLOAD_TEMP_DIR)) as copy:
        while data := body.read(COPIED_AT_ONCE):
            found.update(data)
            copy.write(data)
        if found.digest() != checksum.digest or copy.tell() != length:
            raise Mismatch
        copy.seek(0)
        yield copy


def append(upload: PartialUpload, file: IO[bytes], piece: IO[bytes], length: int) -> int:
    """Writes up to `length` bytes at the end, and returns how many. They go to the disk while the next piece comes.

    A crash of the studio leaves some of them: the beginning of the piece, and the sender continues after it. After a
    power cut the last pieces can be missing: the file is that much shorter, and the sender continues from there.
    """
    at = file.seek(0, os.SEEK_END)
    left = length
    try:
        while left and (data := piece.read(min(left, COPIED_AT_ONCE))):
            file.write(data)
            left -= len(data)
        file.flush()
    except OSError:
        # A full disk: the beginning of a block can be there, and it is not sure that it is the whole of it.
        with suppress(OSError):
            file.truncate(at)
        raise
    running_hashes.follow(upload.pk, path_of(upload), at + length - left)
    return length - left


def keep_fingerprint(upload: PartialUpload) -> None:
    """SHA-256 of the bytes as they arrived, written down before anything changes them, and when all are on the disk."""
    if not upload.fingerprint:
        upload.fingerprint = running_hashes.digest(upload.pk, path_of(upload), upload.size_bytes)
        upload.save(update_fields=["fingerprint"])


def end(upload: PartialUpload, *, source: Source | None = None, refusal: str = "") -> None:
    """Its bytes are in an upload of the team, or are of no use. A crash in between leaves a file for the sweep."""
    upload.source, upload.refusal = source, refusal
    upload.save(update_fields=["source", "refusal"])
    path_of(upload).unlink(missing_ok=True)


def drop(upload: PartialUpload) -> None:
    """No trace of it. A crash leaves a row whose upload is gone."""
    path_of(upload).unlink(missing_ok=True)
    running_hashes.forget(upload.pk)
    upload.delete()


def forget_old() -> int:
    """Deletes the rows of uploads that are over, or gone, for a day; how many. Their files the sweep deletes."""
    old = PartialUpload.objects.filter(created_at__lt=Now() - timedelta(seconds=KEPT_S))
    over = [upload.pk for upload in old if not path_of(upload).exists()]
    return PartialUpload.objects.filter(pk__in=over).delete()[0]


def unfinished(person: User) -> QuerySet[PartialUpload]:
    return PartialUpload.objects.filter(person=person, source=None, refusal="")


def unfinished_bytes(team: Team) -> int:
    """What the team's uploads on their way need when they are whole."""
    rows = PartialUpload.objects.filter(team=team, source=None, refusal="")
    return sum(upload.size_bytes for upload in rows if path_of(upload).exists())
