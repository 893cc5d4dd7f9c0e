"""From the click to Ready, on PostgreSQL and Celery, with either broker."""

import requests

from tests.e2e.person import Person
from tests.e2e.studio import Studio, wait_until
from tests.fake_apixo import FakeApixo
from tests.outgrown.conftest import StartStudio
from tests.servers import Server


def state(studio: Studio, job: int) -> str:
    return str(studio.rows("SELECT state FROM wanstudio_job WHERE id = ?", job)[0][0])


def test_from_the_click_to_ready(start_studio: StartStudio, broker: Server, apixo: FakeApixo, film: bytes) -> None:
    studio = start_studio(broker)
    job = Person(studio).make_sample()
    wait_until(lambda: state(studio, job) == "running", "it runs")
    apixo.succeed(apixo.made[0], film)
    requests.post(f"{studio.url}{apixo.posts[0].callback_path}", json={"data": {"taskId": apixo.made[0]}}, timeout=5)
    wait_until(lambda: state(studio, job) == "done", "it is Ready")
    assert len(apixo.posts) == 1
    assert requests.get(f"{studio.url}/readyz", timeout=5).json()["worker"]
    assert studio.stop() < 10
