"""Uploads: a large clip in pieces, from its first byte to its row, beside write + fsync + hash of the same bytes."""

import hashlib
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from bench.figures import Figure, interleaved, ratios, shown
from bench.rig import Rig
from tests.bad_lines import MB, Sender, large_clip, watched_memory
from tests.e2e.person import Person
from tests.e2e.studio import Studio
from tests.e2e.template import template

SIZE = 200 * MB


def figures(rig: Rig) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(dir=rig.data) as name:
        folder = Path(name)
        studio = Studio(folder / "data", template(folder, owner=True)).start()
        try:
            # Each copy is kept, as each upload is: pages of memory that were just freed are written twice as fast.
            person, clip, numbers = Person(studio), folder / "clip.mp4", count()

            def send() -> float:
                large_clip(clip, SIZE)
                began = time.perf_counter()
                Sender(person, studio.url).send(clip)
                return SIZE / MB / (time.perf_counter() - began)

            with watched_memory(studio) as held:
                stored, sent = interleaved(rig.runs, lambda: _store(clip, folder / f"copy-{next(numbers)}"), send)
            beside = f"write + fsync + hash, {shown(statistics.median(stored))} MB/s"
            yield Figure("an upload in pieces ÷ write + fsync + hash", "≥ 0.5", ratios(sent, stored), "", beside)
            yield Figure("an upload of 200 MB in pieces", "", sent, "MB/s")
            yield Figure("memory that the web processes took for it", "≤ 64", [(max(held) - held[0]) / MB], "MB")
        finally:
            studio.stop()


def _store(clip: Path, copy: Path) -> float:
    if not clip.exists():
        large_clip(clip, SIZE)
    content = clip.read_bytes()
    began, digest = time.perf_counter(), hashlib.sha256()
    with copy.open("wb") as file:
        for at in range(0, SIZE, MB):
            file.write(content[at : at + MB])
            digest.update(content[at : at + MB])
        file.flush()
        os.fsync(file.fileno())
    return SIZE / MB / (time.perf_counter() - began)
