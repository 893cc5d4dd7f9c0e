"""From the click to Ready, on PostgreSQL and Celery, with either broker."""

from tests.e2e.person import Person
from tests.e2e.studio import wait_until
from tests.fake_apixo import FakeApixo
from tests.proof.lateness import Lateness
from tests.proof.outgrown.conftest import StartStudio
from tests.proof.outgrown.steps import call_back, state, worker_lives
from tests.servers import Server


def test_from_the_click_to_ready(start_studio: StartStudio, broker: Server, apixo: FakeApixo, film: bytes) -> None:
    studio = start_studio(broker)
    person = Person(studio)
    job = person.make_sample()
    wait_until(lambda: state(studio, job) == "running", "it runs", 120)
    apixo.succeed(apixo.made[0], film)
    call_back(studio, apixo)
    wait_until(lambda: state(studio, job) == "done", "it is Ready", 120)
    assert len(apixo.posts) == 1
    assert studio.rows("SELECT money, retries FROM wanstudio_job") == [("settled", 0)]
    wait_until(lambda: worker_lives(studio), "the worker is at work")
    assert "Ready" in person.get(f"/jobs/{job}/").text
    with Lateness() as late:
        took = studio.stop()
    assert took - late.s < 10


def test_many_jobs_by_two_workers_each_once(
    start_studio: StartStudio, rabbitmq_server: Server, apixo: FakeApixo
) -> None:
    """As on two machines: `manage.py work` beside the studio."""
    studio = start_studio(rabbitmq_server, WANSTUDIO_IN_FLIGHT="100")
    person = Person(studio)
    with studio.beside("work"):
        wait_until(lambda: len(studio.rows("SELECT name FROM wanstudio_heartbeat")) == 2, "both are at work", 120)
        jobs = [person.make_sample() for _ in range(12)]
        wait_until(lambda: len(apixo.posts) == len(jobs), "all are sent", 120)
        running = "SELECT count(*) FROM wanstudio_job WHERE state = 'running'"
        wait_until(lambda: studio.rows(running) == [(len(jobs),)], "all run", 120)
    assert len({post.task_id for post in apixo.posts}) == len(apixo.posts) == len(jobs)
