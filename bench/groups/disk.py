"""The disk under results: 10 MB written, synced and hashed, as an archived video is; and the commits of a second."""

import hashlib
import os
import random
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure, interleaved
from bench.rig import Rig

SIZE, FILES, COMMITS = 10_000_000, 10, 300
BLOCK = 1024**2


def figures(rig: Rig) -> Iterator[Figure]:
    content = random.Random(1).randbytes(SIZE)
    elapsed, worked = [], []

    def once() -> float:
        began, processor = time.perf_counter(), time.process_time()
        for number in range(FILES):
            _store(rig.data / f"disk-{number}", content)
        elapsed.append(SIZE * FILES / 1e6 / (time.perf_counter() - began))
        worked.append((time.process_time() - processor) * 1000 / FILES)
        return elapsed[-1]

    interleaved(rig.runs, once)
    yield Figure("write + fsync + hash, one after the other", "", elapsed[-rig.runs :], "MB/s")
    yield Figure("the processor's part of 10 MB", "", worked[-rig.runs :], "ms")
    yield Figure(
        "commits of SQLite, synced, one after the other", "", interleaved(rig.runs, lambda: _commits(rig))[0], "/s"
    )


def _commits(rig: Rig) -> float:
    """A row a transaction, as the studio's settings have it: WAL, synchronous FULL."""
    path = rig.data / "commits.sqlite3"
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE one (id INTEGER PRIMARY KEY, text)")
    began = time.perf_counter()
    for _ in range(COMMITS):
        database.execute("INSERT INTO one (text) VALUES (?)", ["x" * 300])
    took = time.perf_counter() - began
    database.close()
    path.unlink()
    return COMMITS / took


def _store(path: Path, content: bytes) -> None:
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for start in range(0, SIZE, BLOCK):
            file.write(content[start : start + BLOCK])
            digest.update(content[start : start + BLOCK])
        file.flush()
        os.fsync(file.fileno())
    assert len(digest.hexdigest()) == 64
    path.unlink()
