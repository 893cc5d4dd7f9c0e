"""Polls and a price over HTTP, by their ratio to `/healthz`, which does nothing, in a studio of two processes."""

import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.figures import Figure, interleaved, ratios, shown
from bench.rig import Rig
from tests.e2e.person import Person
from tests.e2e.studio import Studio, wait_until
from tests.e2e.template import OWNER, PASSWORD

REQUESTS, JOBS = 60, 200


def figures(rig: Rig) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        studio = Studio(Path(folder) / "data", LOG_LEVEL="WARNING").start()
        try:
            studio.manage(*OWNER, WANSTUDIO_PASSWORD=PASSWORD)
            yield from _figures(rig.runs, studio, Person(studio))
        finally:
            studio.end()


def _figures(runs: int, studio: Studio, person: Person) -> Iterator[Figure]:
    job = person.make_sample(prompt="[stuck]")
    wait_until(lambda: studio.rows("SELECT state FROM wanstudio_job WHERE id = ?", job)[0][0] == "running", "it runs")
    _copy_job(studio, job, JOBS - 1)
    jobs = studio.rows("SELECT id, version FROM wanstudio_job ORDER BY id")
    asked = {"a price": "/price/?motion=2&character=1&resolution=480p"}
    for count in (1, 10, JOBS):
        for name, off in (("unchanged", 0), ("changed", 1)):
            seen = ",".join(f"{pk}:{version + off}" for pk, version in jobs[:count])
            asked[f"a poll of {count}, {name}"] = f"/jobs/status/?as=rows&seen={seen}"
    for name, address in asked.items():
        health, took = interleaved(runs, *(lambda at=at: _median_ms(person, at) for at in ("/healthz", address)))
        yield Figure(f"{name} ÷ /healthz", "", ratios(took, health), "", f"{shown(statistics.median(health))} ms")


def _median_ms(person: Person, address: str) -> float:
    def once(get: Callable[[str], object]) -> float:
        began = time.perf_counter()
        get(address)
        return (time.perf_counter() - began) * 1000

    return statistics.median(once(person.get) for _ in range(REQUESTS))


def _copy_job(studio: Studio, job: int, times: int) -> None:
    """The same running job many times over, each with its timeline."""
    with sqlite3.connect(studio.data / "studio.sqlite3", timeout=20) as database:
        database.row_factory = sqlite3.Row
        row = dict(database.execute("SELECT * FROM wanstudio_job WHERE id = ?", [job]).fetchone())
        steps = database.execute("SELECT * FROM wanstudio_transition WHERE job_id = ?", [job]).fetchall()
        for number in range(times):
            own = {"id": job + 1 + number, "nonce": f"{number:032x}", "task_id": f"copy{number}", "due_at": None}
            _insert(database, "wanstudio_job", row | own)
            for step in steps:
                copied = dict(step) | {"job_id": own["id"]}
                del copied["id"]
                _insert(database, "wanstudio_transition", copied)
    database.close()


def _insert(database: sqlite3.Connection, table: str, row: dict[str, object]) -> None:
    names, marks = ",".join(row), ",".join("?" * len(row))
    database.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values()))
