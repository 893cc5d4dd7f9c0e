"""Steps of the tests of outgrown mode."""

import requests

from tests.e2e.studio import Studio
from tests.fake_apixo import FakeApixo


def state(studio: Studio, job: int) -> str:
    return str(studio.rows("SELECT state FROM wanstudio_job WHERE id = ?", job)[0][0])


def call_back(studio: Studio, apixo: FakeApixo, post: int = 0) -> None:
    """The provider's callback for this POST: its task has ended."""
    body = {"data": {"taskId": apixo.posts[post].task_id}}
    assert requests.post(studio.url + apixo.posts[post].callback_path, json=body, timeout=60).status_code == 200


def worker_lives(studio: Studio) -> bool:
    return bool(requests.get(f"{studio.url}/readyz", timeout=60).json()["worker"])
