"""Open job pages while their jobs end: how long a poll takes, how soon Ready shows, how many pages are too many.

The studio's web server and worker, the scripted provider and the pages share the machine. Half of the jobs that end
call back: the row is nudged as a callback does it. The others are asked about when they are due.
"""

import random
import socket
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

from bench.figures import Figure
from bench.page_client import OpenPages, Page
from bench.rig import Rig
from tests.e2e.person import MIRA, WALK, Person
from tests.e2e.studio import Studio, wait_until
from tests.fake_apixo import FakeApixo
from tests.media.clips import FASTSTART, clip
from tests.proof.load.outside import studio_with

PAGES, ENDING, FOR_S = 1_000, 120, 60
STEP, STEP_S, MAX_PAGES, TOO_LONG_S = 250, 10, 4_000, 0.2
READERS, READ_FOR_S, LARGE_BYTES = 60, 15, 64 * 1024**2


def figures(rig: Rig) -> Iterator[Figure]:
    with (
        tempfile.TemporaryDirectory() as folder,
        studio_with(Path(folder), WANSTUDIO_IN_FLIGHT="2000", WANSTUDIO_CALLS_PER_MINUTE="100000") as made,
    ):
        studio, apixo, person = made
        jobs = _running_jobs(studio, apixo, person, PAGES)
        cookie = "; ".join(f"{name}={value}" for name, value in person.session.cookies.items())
        client = OpenPages(studio.port, cookie, [Page(job) for job in jobs])
        client.open()
        ending = Thread(target=_end_some, args=(studio, apixo, random.sample(sorted(jobs), ENDING), jobs))
        ending.start()
        client.run(FOR_S + 5)
        ending.join()
        known = _known(studio)
        late = [page.shown.get("Ready", time.time()) - known[page.job] for page in client.pages if page.job in known]
        name, polls = f"{PAGES:,} open pages of running jobs, {len(late)} end within {FOR_S} s", len(client.took_s)
        yield Figure(f"{name}: p99 of a poll", "≤ 200", [_at(client.took_s, 0.99) * 1000], "ms", f"{polls:,} polls")
        yield Figure("the same, polls that failed", "≤ 0", [len(client.failed)])
        yield Figure(
            "the same, known → Ready shows, p95", "≤ 3", [_at(late, 0.95)], "s", f"median {_at(late, 0.5):.2g}"
        )
        with _slow_readers(studio, cookie):
            client.took_s.clear()
            client.run(READ_FOR_S)
            yield Figure(f"{READERS} slow readers: p95 of a poll", "≤ 250", [_at(client.took_s, 0.95) * 1000], "ms")
        client.close()
        asked = next(page.path for page in client.pages if page.path)
        yield Figure("open pages, each asks every 2 s, until p99 > 200 ms", "", [_breaks_at(studio, cookie, asked)])


def _running_jobs(studio: Studio, apixo: FakeApixo, person: Person, count: int) -> dict[int, str]:
    """Their tasks at the provider, by id. One is made as people do, the others are copies of its rows."""
    apixo.files |= {"/mira.png": MIRA.read_bytes(), "/walk.mp4": WALK.read_bytes()}
    person.generate(character_url=f"http://{apixo.host}/mira.png", motion_url=f"http://{apixo.host}/walk.mp4")
    wait_until(lambda: studio.rows("SELECT id FROM wanstudio_job WHERE state = 'running'"), "it runs", 60)
    with closing(_database(studio)) as database:
        job = dict(database.execute("SELECT * FROM wanstudio_job").fetchone())
        task = str(job["task_id"])
        tasks = {job["id"]: task} | {job["id"] + number: apixo.new_task(f"copy{number}") for number in range(1, count)}
        for pk, name in list(tasks.items())[1:]:
            _copy(database, "wanstudio_job", job, id=pk, nonce=uuid4().hex, task_id=name)
            for table in ("wanstudio_transition", "wanstudio_attempt"):
                for row in database.execute(f"SELECT * FROM {table} WHERE job_id = ?", [job["id"]]).fetchall():
                    named = {"task_id": name} if "task_id" in row.keys() else {}  # noqa: SIM118
                    _copy(database, table, {**row, "id": None}, job_id=pk, **named)
        far = _moment(timedelta(hours=1))
        database.execute("UPDATE wanstudio_job SET callback = 1, nudged_at = NULL, due_at = ?", [far])
        database.commit()
    return tasks


def _end_some(studio: Studio, apixo: FakeApixo, ending: list[int], tasks: dict[int, str]) -> None:
    """At random moments of the minute. Every other job does not call back, and the worker asks at that moment."""
    film = clip(1.0, options=FASTSTART)
    began = time.time()
    moments = sorted((random.uniform(0, FOR_S), job, number % 2 == 0) for number, job in enumerate(ending))
    with closing(_database(studio)) as database:
        for after_s, job, calls_back in moments:
            if not calls_back:
                due = _moment(timedelta(seconds=after_s))
                database.execute("UPDATE wanstudio_job SET callback = 0, due_at = ? WHERE id = ?", [due, job])
        database.commit()
        for after_s, job, calls_back in moments:
            time.sleep(max(began + after_s - 0.1 - time.time(), 0))
            apixo.succeed(tasks[job], film)
            if calls_back:
                database.execute("UPDATE wanstudio_job SET nudged_at = ? WHERE id = ?", [_moment(timedelta()), job])
                database.commit()


def _known(studio: Studio) -> dict[int, float]:
    """When each job was done, by id, in seconds since 1970."""
    rows = studio.rows("SELECT job_id, at FROM wanstudio_transition WHERE to_state = 'done'")
    return {job: datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp() for job, at in rows}


@contextmanager
def _slow_readers(studio: Studio, cookie: str) -> Iterator[None]:
    """Connections that have asked for a large file and read it slowly, a little at a time."""
    (video, file), *_ = studio.rows("SELECT id, file FROM wanstudio_video")
    with (studio.data / "media" / file).open("ab") as large:
        large.truncate(LARGE_BYTES)
    ask = f"GET /videos/{video}/file HTTP/1.1\r\nHost: 127.0.0.1:{studio.port}\r\nCookie: {cookie}\r\n\r\n"
    with ExitStack() as readers:
        for _ in range(READERS):
            reader = readers.enter_context(socket.socket())
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
            reader.connect(("127.0.0.1", studio.port))
            reader.sendall(ask.encode())
            assert reader.recv(1024).startswith(b"HTTP/1.1 200"), "no file"
            Thread(target=_read_slowly, args=(reader,), daemon=True).start()
        yield


def _read_slowly(reader: socket.socket) -> None:
    with suppress(OSError):
        while reader.recv(8 * 1024):
            time.sleep(0.1)


def _breaks_at(studio: Studio, cookie: str, asked: str) -> int:
    """How many pages there are as 1 % of the polls first take too long, or as one fails."""
    number = STEP
    while number < MAX_PAGES:
        pages = OpenPages(studio.port, cookie, [Page(at, asked, 2.0) for at in range(number)])
        pages.spread()
        pages.run(STEP_S)
        pages.close()
        if pages.failed or _at(pages.took_s, 0.99) > TOO_LONG_S:
            break
        number += STEP
    return number


def _at(times: list[float], share: float) -> float:
    return sorted(times)[min(int(len(times) * share), len(times) - 1)]


def _moment(ahead: timedelta) -> str:
    return (datetime.now(UTC) + ahead).strftime("%Y-%m-%d %H:%M:%S.%f")


def _database(studio: Studio) -> sqlite3.Connection:
    database = sqlite3.connect(studio.data / "studio.sqlite3", timeout=20)
    database.row_factory = sqlite3.Row
    return database


def _copy(database: sqlite3.Connection, table: str, row: Any, **own: object) -> None:
    values = {**dict(row), **own}
    names, marks = ",".join(values), ",".join("?" * len(values))
    database.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(values.values()))
