"""Failures of the worker, its messages, the broker, the database: one submission each time, and nothing is lost."""

import os
import signal
import threading
import time
from typing import Any

import pytest
import requests

from tests import servers
from tests.e2e.person import Person
from tests.e2e.studio import Studio, wait_until
from tests.fake_apixo import FakeApixo, envelope, taken_but
from tests.proof.lateness import Lateness
from tests.proof.outgrown.conftest import StartStudio
from tests.proof.outgrown.steps import call_back, state, worker_lives
from tests.provider.scripted import answer, hang
from tests.servers import Server


def test_worker_killed_while_sending(start_studio: StartStudio, broker: Server, apixo: FakeApixo, film: bytes) -> None:
    """It is unconfirmed, and its callback settles it. The message that the worker held comes back to no effect."""
    studio = start_studio(broker, WANSTUDIO_READ_TIMEOUT="300")
    apixo.on_post(taken_but(hang))
    job = Person(studio).make_sample()
    apixo.wait_for(lambda: bool(apixo.posts), 120)
    studio.kill("worker")
    wait_until(lambda: state(studio, job) == "uncertain", "nobody can tell whether it was taken", 180)
    apixo.succeed(apixo.made[0], film)
    call_back(studio, apixo)
    wait_until(lambda: state(studio, job) == "done", "the callback settles it", 120)
    assert len(apixo.posts) == 1


def test_broker_away_for_a_while(start_studio: StartStudio, broker: Server, apixo: FakeApixo) -> None:
    """No page waits for it; the pages say that nobody works; what was clicked meanwhile is sent once it is back."""
    studio = start_studio(broker)
    person = Person(studio)
    person.make_sample()
    wait_until(lambda: len(apixo.posts) == 1, "the first is sent", 120)
    broker.kill()
    try:
        began = time.monotonic()
        with Lateness() as late:
            job = person.make_sample()
        assert time.monotonic() - began - late.s < 5
        wait_until(lambda: not worker_lives(studio), "the pages say so", 180)
        assert state(studio, job) == "queued"
        assert len(apixo.posts) == 1
    finally:
        broker.start()
    wait_until(lambda: state(studio, job) == "running", "it is sent", 180)
    wait_until(lambda: worker_lives(studio), "the worker is at work again", 120)
    assert len(apixo.posts) == 2


def test_messages_doubled_and_lost(start_studio: StartStudio, rabbitmq_server: Server, apixo: FakeApixo) -> None:
    studio = start_studio(rabbitmq_server)
    person = Person(studio)
    with stopped(studio, "worker"):
        job = person.make_sample()
        again = f"from wanstudio.celery import hand_over\nfor _ in range(50): hand_over('Job', {job})"
        studio.manage("shell", "-v0", "-c", again)
    wait_until(lambda: state(studio, job) == "running", "fifty messages send it", 120)
    with stopped(studio, "worker"):
        lost = person.make_sample()
        purge = "from wanstudio.celery import app\nprint(app.control.purge())"
        wait_until(lambda: int(studio.manage("shell", "-v0", "-c", purge)) > 0, "its message was there", 120)
    wait_until(lambda: state(studio, lost) == "running", "a sweep finds it", 120)
    assert len(apixo.posts) == 2


def test_database_restarted_while_sending(start_studio: StartStudio, redis_server: Server, apixo: FakeApixo) -> None:
    """The answer with the task's id comes when every connection is broken: it is written down all the same."""
    go, answered = threading.Event(), threading.Event()

    def answer_late(line: Any, over: threading.Event) -> None:
        go.wait(240)
        answer(200, envelope(data={"taskId": apixo.made[0]}))(line, over)
        answered.set()

    with servers.postgres() as postgres:
        studio = start_studio(redis_server, DATABASE_URL=postgres.url, WANSTUDIO_READ_TIMEOUT="300")
        person = Person(studio)
        apixo.on_post(taken_but(answer_late))
        job = person.make_sample()
        apixo.wait_for(lambda: bool(apixo.posts), 120)
        postgres.stop()
        down = requests.get(f"{studio.url}/readyz", timeout=60)
        assert (down.status_code, down.json()["database"]) == (503, False)
        assert requests.get(f"{studio.url}/healthz", timeout=60).status_code == 200
        go.set()
        assert answered.wait(60)
        wait_until(lambda: "The database of the studio does not answer" in studio.said(), "the outage is logged")
        postgres.start()
        wait_until(lambda: state(studio, job) == "running", "the answer is followed", 180)
        assert studio.rows("SELECT task_id FROM wanstudio_attempt") == [(apixo.made[0],)]
        assert person.get("/jobs/").status_code == 200
        studio.stop()
    assert len(apixo.posts) == 1


@pytest.mark.parametrize("name", ["worker", "beat"])
def test_it_stops_in_time_and_comes_back(
    start_studio: StartStudio, rabbitmq_server: Server, apixo: FakeApixo, name: str
) -> None:
    """A dead process is started again; SIGTERM ends all within 10 s, although a submission hangs."""
    studio = start_studio(rabbitmq_server, WANSTUDIO_READ_TIMEOUT="300")
    studio.kill(name)
    apixo.on_post(taken_but(hang))
    Person(studio).make_sample()
    apixo.wait_for(lambda: bool(apixo.posts), 120)
    children = [studio.pid(child) for child in ("web", "worker", "beat")]
    with Lateness() as late:
        took = studio.stop()
    assert took - late.s < 10
    assert not [pid for pid in children if os.path.exists(f"/proc/{pid}")]


class stopped:  # noqa: N801 (reads as a sentence)
    """While it lasts, the child hears nothing."""

    def __init__(self, studio: Studio, name: str) -> None:
        self.pid = studio.pid(name)

    def __enter__(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def __exit__(self, *error: object) -> None:
        os.kill(self.pid, signal.SIGCONT)
