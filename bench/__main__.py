"""`make bench`: ratios against a yardstick of the same run."""

import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests import blank  # noqa: F401  (before anything reads the environment)

# isort: split
from bench.arrival import arrivals
from bench.callbacks import callbacks
from bench.free_tier import free_tier
from bench.words import say
from tests.e2e.person import Person
from tests.e2e.studio import Studio, wait_until
from tests.e2e.template import EMAIL, PASSWORD
from tests.media.clips import FASTSTART, clip
from tests.media.servers import FileServer
from tests.media.test_remote_clips import with_wide_mdat
from wanstudio.media.fetch import Fetcher, Limits
from wanstudio.media.probe import probe_video
from wanstudio.media.remote_file import RemoteFile

RUNS = 3
REQUESTS = 60


def median_ms(act: Callable[[], object]) -> float:
    """Of 60 calls one after the other, after 5 that do not count."""
    times = []
    for number in range(REQUESTS + 5):
        began = time.perf_counter()
        act()
        if number >= 5:
            times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def polls(studio: Studio, person: Person) -> None:
    job = person.make_sample(prompt="[stuck]")
    wait_until(lambda: studio.rows("SELECT state FROM wanstudio_job WHERE id = ?", job)[0][0] == "running", "it runs")
    copy_job(studio, job, 199)
    jobs = studio.rows("SELECT id, version FROM wanstudio_job ORDER BY id")
    say("status poll, median ms and ratio to /healthz of the same run")
    for run in range(1, RUNS + 1):
        yardstick = median_ms(lambda: person.get("/healthz"))
        line = [f"run {run}: /healthz {yardstick:.1f} ms"]
        for count in (1, 10, 200):
            for name, off in (("unchanged", 0), ("changed", 1)):
                seen = ",".join(f"{pk}:{version + off}" for pk, version in jobs[:count])
                took = median_ms(lambda seen=seen: person.get(f"/jobs/status/?as=rows&seen={seen}"))  # type: ignore[misc]
                line.append(f"{count} {name} ×{took / yardstick:.1f}")
        preview = median_ms(lambda: person.get("/price/?motion=2&character=1&resolution=480p"))
        say("  " + " | ".join([*line, f"price ×{preview / yardstick:.1f}"]))


def copy_job(studio: Studio, job: int, times: int) -> None:
    """The same running job many times over, each with its timeline."""
    with sqlite3.connect(studio.data / "studio.sqlite3", timeout=20) as database:
        database.row_factory = sqlite3.Row
        row = dict(database.execute("SELECT * FROM wanstudio_job WHERE id = ?", [job]).fetchone())
        steps = database.execute("SELECT * FROM wanstudio_transition WHERE job_id = ?", [job]).fetchall()
        for number in range(times):
            fresh = row | {
                "id": job + 1 + number,
                "nonce": f"{number:032x}",
                "task_id": f"copy{number}",
                "due_at": None,
            }
            insert(database, "wanstudio_job", fresh)
            for step in steps:
                copied = dict(step) | {"job_id": fresh["id"]}
                del copied["id"]
                insert(database, "wanstudio_transition", copied)
    database.close()


def insert(database: sqlite3.Connection, table: str, row: dict[str, object]) -> None:
    names, marks = ",".join(row), ",".join("?" * len(row))
    database.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values()))  # noqa: S608


def links(folder: Path) -> None:
    say("pricing a linked clip of 100 MB, against downloading it whole in the same run")
    for place, options in (("index in front", FASTSTART), ("index at the end", None)):
        film = folder / "clip.mp4"
        with_wide_mdat(film, clip(12.3, options=options))
        for run in range(1, RUNS + 1):
            with FileServer(folder) as files:
                fetcher = Fetcher({files.host})
                began = time.perf_counter()
                probe_video(RemoteFile(fetcher, files.url("clip.mp4")), decode=False)
                priced = time.perf_counter() - began
                requests, sent = len(files.requests), files.bytes_sent
                began = time.perf_counter()
                with (folder / "whole").open("wb") as target:
                    fetcher.download(files.url("clip.mp4"), target, Limits(max_bytes=10**9, deadline_s=60))
                whole = time.perf_counter() - began
            say(
                f"  {place}, run {run}: {requests} requests, {sent:,} bytes, {priced * 1000:.0f} ms; "
                f"whole {whole * 1000:.0f} ms, ×{whole / priced:.0f}"
            )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        links(Path(folder))
        studio = Studio(Path(folder) / "data", LOG_LEVEL="WARNING").start()
        try:
            words = ("createowner", "--email", EMAIL, "--team", "Northlight", "--name", "Ben")
            studio.manage(*words, WANSTUDIO_PASSWORD=PASSWORD)
            polls(studio, Person(studio))
        finally:
            studio.stop()
    callbacks()
    arrivals()
    free_tier()


if __name__ == "__main__":
    main()
