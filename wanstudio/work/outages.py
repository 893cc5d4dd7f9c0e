"""Outages of what the studio works with: database, disk and broker. Each is logged as it begins and as it ends.

Every process keeps its own record. While an outage lasts it is repeated every few minutes, never at each failure: its
lines would fill the disk that can be full.
"""

import errno
import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction

from wanstudio.data_files import is_writable
from wanstudio.storage.bucket import BucketRefused

log = logging.getLogger(__name__)

REMIND_S = 300.0
# Without a failure for so long, it can be over; a failure so soon after its end is the same outage.
QUIET_S, SAME_S = 5.0, 60.0
# A disk with less free is full: databases and files fail on it in many words.
FULL_BELOW_BYTES = 1024 * 1024

AWAY = "The database of the studio does not answer."
BUSY = "The database of the studio is busy."
DAMAGED = "The database of the studio cannot be read."
FULL = "The disk of the studio is full."
UNWRITABLE = "The data folder of the studio cannot be written."
NO_FILES = "The bucket that holds the studio’s videos and files cannot be used."
ADVICE = {
    AWAY: "Start it, or check DATABASE_URL",
    BUSY: "Wait; if it does not recover, end the process that locks it",
    DAMAGED: "Check its file, owner and disk, or restore a backup",
    FULL: "Free some space",
    UNWRITABLE: "Check its owner and its mount",
}
# SQLite's primary result codes; code 1 (a wrong statement) and the like are faults of ours.
SQLITE = {5: BUSY, 6: BUSY, 8: UNWRITABLE, 10: DAMAGED, 11: DAMAGED, 13: FULL, 14: DAMAGED, 26: DAMAGED}
# PostgreSQL's: disk full, a server that takes no writes, locks and time limits.
POSTGRES = {"53100": FULL, "25006": UNWRITABLE, "55P03": BUSY, "57014": BUSY, "40P01": BUSY, "40001": BUSY}


class Outage:
    """One part of what the studio works with, as this process sees it."""

    def __init__(self, back: str) -> None:
        self._back, self._lock = back, Lock()
        self._since: float | None = None
        self._failed_at = self._said_at = self._over_at = float("-inf")
        self._is_said = False

    @property
    def is_open(self) -> bool:
        return self._since is not None

    @property
    def may_be_over(self) -> bool:
        return self.is_open and time.monotonic() - self._failed_at > QUIET_S

    def failed(self, why: str) -> None:
        with self._lock:
            self._failed_at = now = time.monotonic()
            begins = self._since is None and now - self._over_at > SAME_S
            self._since = now if self._since is None else self._since
            if begins or now - self._said_at > REMIND_S:
                self._said_at, self._is_said = now, True
                log.error("%s The studio recovers automatically.", why)

    def over(self) -> None:
        with self._lock:
            if self._since is None:
                return
            self._over_at = now = time.monotonic()
            if self._is_said:
                log.warning("%s after %d s.", self._back, now - self._since)
            self._since, self._is_said = None, False


DATABASE, DISK = Outage("The database is back"), Outage("The disk can be written again")
BROKER, MEDIA = Outage("The broker takes messages again"), Outage("The bucket of the media has refused nothing more")


class Cause(NamedTuple):
    """`sentence` is for pages, `why` for the log."""

    outage: Outage
    sentence: str
    why: str


def cause(wrong: BaseException) -> Cause | None:
    """The outage that this failure comes from, or None if it is a fault of ours."""
    if isinstance(wrong, BucketRefused):
        return Cause(MEDIA, NO_FILES, f"{NO_FILES} {wrong.sentence}")
    sentence = _of_database(wrong) if isinstance(wrong, DatabaseError | InterfaceError) else _of_disk(wrong)
    if sentence is None:
        return None
    if sentence == DAMAGED and _free_bytes() < FULL_BELOW_BYTES:
        sentence = FULL
    said = " ".join(str(wrong).split()) or type(wrong).__name__
    return Cause(
        DISK if sentence in (FULL, UNWRITABLE) else DATABASE, sentence, f"{sentence} ({said}) {ADVICE[sentence]}."
    )


def _of_database(wrong: BaseException) -> str | None:
    inner = wrong.__cause__ or wrong
    if code := getattr(inner, "sqlite_errorcode", None):
        return SQLITE.get(code & 0xFF)
    state = getattr(inner, "sqlstate", None)
    # A connection that could not be made, or broke, has no code.
    return POSTGRES.get(state or "") or (AWAY if isinstance(wrong, OperationalError | InterfaceError) else None)


def _of_disk(wrong: BaseException) -> str | None:
    if not isinstance(wrong, OSError):
        return None
    if wrong.errno in (errno.ENOSPC, errno.EDQUOT):
        return FULL
    ours = str(wrong.filename or "").startswith(str(settings.DATA_DIR))
    gone = wrong.errno == errno.ENOENT and not Path(settings.FILE_UPLOAD_TEMP_DIR).is_dir()
    return UNWRITABLE if ours and (gone or wrong.errno in (errno.EROFS, errno.EACCES, errno.EPERM)) else None


def _free_bytes() -> int:
    try:
        return shutil.disk_usage(settings.DATA_DIR).free
    except OSError:
        return 0


def noticed(wrong: BaseException) -> Cause | None:
    """The same, and it is logged, unless it was lately."""
    if found := cause(wrong):
        found.outage.failed(found.why)
    return found


@contextmanager
def noted() -> Iterator[None]:
    """A failure within that comes from an outage ends what is within, and no more. Any other is raised."""
    try:
        yield
    except Exception as wrong:
        if not noticed(wrong):
            raise
        connection.close()


def check_recovery() -> None:
    """The database has just answered: an outage is over if a transaction can begin, and a file can be written."""
    if MEDIA.may_be_over:
        MEDIA.over()
    if not (DATABASE.may_be_over or DISK.may_be_over):
        return
    with noted():
        with transaction.atomic():
            pass
        DATABASE.over()
        if is_writable(settings.FILE_UPLOAD_TEMP_DIR) and _free_bytes() > FULL_BELOW_BYTES:
            DISK.over()
