"""SIGKILL at the worst moments: nothing is lost, and nothing is sent twice."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext

import pytest

from tests.e2e.person import Person
from tests.e2e.studio import Studio, wait_until
from tests.proof.lateness import Lateness

Start = Callable[..., Studio]


def state(studio: Studio, job: int) -> str:
    return str(studio.rows("SELECT state FROM wanstudio_job WHERE id = ?", job)[0][0])


def submissions(studio: Studio, job: int) -> int:
    return int(studio.rows("SELECT count(*) FROM wanstudio_attempt WHERE job_id = ?", job)[0][0])


def has_task(studio: Studio) -> bool:
    with closing(sqlite3.connect(studio.data / "sandbox" / "sandbox.sqlite3", timeout=20)) as sandbox:
        return bool(sandbox.execute("SELECT count(*) FROM task").fetchone()[0])


def kill_in(studio: Studio, job: int, wanted: str) -> None:
    """SIGKILL to the worker as soon as the job is seen in this state."""
    wait_until(lambda: state(studio, job) == wanted, f"job {job} is {wanted}", 120)
    studio.kill("worker")


@contextmanager
def none_leaves(studio: Studio, wanted: str) -> Iterator[None]:
    """No job leaves this state meanwhile, however late the test sees it there: the database refuses."""
    with closing(sqlite3.connect(studio.data / "studio.sqlite3", timeout=60)) as database:
        database.execute(
            f"CREATE TRIGGER none_leaves BEFORE UPDATE OF state ON wanstudio_job "
            f"WHEN OLD.state = '{wanted}' AND NEW.state <> '{wanted}' BEGIN SELECT RAISE(ABORT, 'not yet'); END"
        )
        try:
            yield
        finally:
            database.execute("DROP TRIGGER none_leaves")


@pytest.mark.parametrize("wanted", ["queued", "running", "archiving"])
def test_worker_killed_where_nothing_is_being_sent(start_studio: Start, wanted: str) -> None:
    studio = start_studio()
    person = Person(studio)
    if wanted == "queued":
        studio.freeze("worker")
    with nullcontext() if wanted == "queued" else none_leaves(studio, wanted):
        job = person.make_sample()
        kill_in(studio, job, wanted)
    wait_until(lambda: state(studio, job) == "done", "the job is Ready", 180)
    assert submissions(studio, job) == 1


def test_worker_killed_while_sending_is_settled_by_the_callback(start_studio: Start) -> None:
    studio = start_studio()
    job = Person(studio).make_sample(prompt="[hang]")
    # Killed any sooner, nothing was sent, and no callback would ever come.
    wait_until(lambda: has_task(studio), "the sandbox has made the task", 120)
    kill_in(studio, job, "submitting")
    wait_until(lambda: state(studio, job) == "uncertain", "nobody can tell whether it was taken", 120)
    wait_until(lambda: state(studio, job) == "done", "the callback settles it", 180)
    assert submissions(studio, job) == 1
    assert "The worker stopped while sending" in studio.rows("SELECT group_concat(why) FROM wanstudio_transition")[0][0]


def test_web_and_sandbox_come_back_by_themselves(start_studio: Start) -> None:
    studio = start_studio()
    person = Person(studio)
    job = person.make_sample(prompt="[slow:6]")
    wait_until(lambda: state(studio, job) == "running", "it runs", 120)
    studio.kill("sandbox")
    studio.kill("web")
    wait_until(studio.is_ready, "web is back", 120)
    assert person.get(f"/jobs/{job}/").status_code == 200
    wait_until(lambda: state(studio, job) == "done", "the job is Ready", 180)
    assert submissions(studio, job) == 1


@contextmanager
def watching(studio: Studio, person: Person) -> Iterator[None]:
    """A browser in the middle of a large video, which it has stopped reading."""
    pk, name = studio.rows("SELECT id, file FROM wanstudio_source WHERE kind = 'motion'")[0]
    with (studio.data / "media" / name).open("ab") as clip:
        clip.truncate(200_000_000)
    with person.session.get(f"{studio.url}/uploads/{pk}/file", stream=True, timeout=60) as stream:
        assert stream.status_code == 200
        assert next(stream.iter_content(1024))
        yield


def test_sigterm_ends_everything_within_ten_seconds(start_studio: Start) -> None:
    studio = start_studio()
    person = Person(studio)
    job = person.make_sample(prompt="[slow:60]")
    wait_until(lambda: state(studio, job) == "running", "it runs", 120)
    children = [studio.pid(name) for name in ("web", "worker", "sandbox")]
    with watching(studio, person), Lateness() as late:
        took = studio.stop()
    assert took - late.s < 10
    assert not [pid for pid in children if os.path.exists(f"/proc/{pid}")]
