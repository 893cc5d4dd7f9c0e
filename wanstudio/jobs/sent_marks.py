"""Marks of what was sent, in the data folder and so outside the database: one that lacks them was replaced by hand.

For each studio (known by the birth of its first team) and provider, the file names the newest attempt whose POST can
have gone out: its id, and its job's nonce. A database without that attempt would send, and pay, again.
"""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings

from wanstudio.jobs.models import Attempt
from wanstudio.teams.models import Team
from wanstudio.work.compiled import moment
from wanstudio.work.prepared import PreparedRows

FILE = "sent.json"
NOTE_EVERY_S = 5.0

_noted_at = float("-inf")

# Provider to attempt.
Marks = dict[str, tuple[int, str]]


def put_back() -> bool:
    """True if this database lacks an attempt that the data folder has a mark of, or the marks cannot be read.

    Without a file, and for a database without a team, there is nothing to compare: that is a new one.
    """
    try:
        with _file(fcntl.LOCK_SH) as file:
            marks = _read(file).get(_studio(), {})
        known = _marks(pk for pk, _ in marks.values())
        return any(known.get(provider) != tuple(mark) for provider, mark in marks.items())
    except FileNotFoundError:
        return False
    except (ValueError, TypeError, AttributeError, OverflowError):
        return True


def note(attempt: Attempt) -> None:
    """This attempt's POST is about to go out: on the disk when this returns. Raises OSError: then nothing can be sent.

    Nothing is written if the database was `put_back`, so that this stays known. Crash anywhere: nothing was sent, and
    the database has the attempt since before this.
    """
    _advance(lambda: {attempt.provider: (attempt.pk, str(attempt.job.nonce))})


def note_newest() -> None:
    """Notes this database's newest attempts, every 5 s in a worker: other machines have their own folders."""
    global _noted_at
    if time.monotonic() - _noted_at < NOTE_EVERY_S:
        return
    _noted_at = time.monotonic()
    # A folder that cannot be written blocks what is to be sent, which says so.
    with suppress(OSError):
        _advance(_newest)


def start_anew() -> None:
    """Accepts this database, after it was made safe. Crash before it: the start is refused once more."""
    with _file(fcntl.LOCK_EX) as file:
        try:
            studios = _read(file)
        except ValueError:
            studios = {}
        _write(file, {**studios, _studio(): _newest()})


@contextmanager
def _file(lock: int) -> Iterator[int]:
    """Locked against the other threads, processes and machines that share the folder."""
    mode = os.O_RDONLY if lock == fcntl.LOCK_SH else os.O_RDWR | os.O_CREAT
    file = os.open(Path(settings.DATA_DIR) / FILE, mode, 0o600)
    try:
        fcntl.flock(file, lock)
        yield file
    finally:
        os.close(file)


def _read(file: int) -> dict[str, Marks]:
    text = os.pread(file, os.fstat(file).st_size, 0)
    studios: dict[str, Marks] = json.loads(text or "{}")
    return studios


def _advance(marks: Callable[[], Marks]) -> None:
    if put_back():
        return
    with _file(fcntl.LOCK_EX) as file:
        studios, studio = _read(file), _studio()
        before = studios.get(studio, {})
        # A slower thread never takes a mark back.
        newer = {provider: mark for provider, mark in marks().items() if mark[0] > before.get(provider, (0, ""))[0]}
        if newer:
            _write(file, {**studios, studio: {**before, **newer}})


def _write(file: int, studios: dict[str, Marks]) -> None:
    """In place and in one write: a rename would take the file away from those who wait for its lock."""
    text = json.dumps(studios).encode()
    if os.pwrite(file, text, 0) < len(text):
        raise OSError("the marks of what was sent could not be written")
    os.ftruncate(file, len(text))
    # Beside the bytes, only what is needed to read them again: not the time of the change.
    getattr(os, "fdatasync", os.fsync)(file)


def _studio() -> str:
    born = _BORN.first()
    # Of the moment dumpdata keeps the milliseconds.
    return moment(born[0]).isoformat(timespec="milliseconds") if born else ""


def _newest() -> Marks:
    # Among the last few: a scan for the last one of each provider would read the whole table, every few seconds.
    return _named(reversed(_NEWEST.all()))


def _marks(pks: Iterable[int]) -> Marks:
    return _named(filter(None, (_MARK.first(int(pk)) for pk in sorted(pks))))


def _named(rows: Iterable[tuple[Any, ...]]) -> Marks:
    return {provider: (pk, str(UUID(str(nonce)))) for provider, pk, nonce in rows}


_BORN = PreparedRows(lambda: Team.objects.order_by("pk").values_list("created_at")[:1])
_NEWEST = PreparedRows(lambda: Attempt.objects.order_by("-pk").values_list("provider", "pk", "job__nonce")[:20])
_MARK = PreparedRows(lambda pk: Attempt.objects.filter(pk=pk).values_list("provider", "pk", "job__nonce"))
