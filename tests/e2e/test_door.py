"""The provider's door in the real web process: bodies of every framing, and bodies that never come."""

import json
import socket

import pytest
import requests

from tests.e2e.person import Person
from tests.e2e.studio import Studio, wait_until

# More than both web processes have threads.
SILENT = 20
# The web gives up on a body that does not come.
GIVEN_UP_S = 30


@pytest.fixture(scope="module")
def door(studio: Studio, person: Person) -> str:
    """The path of the callback of an unconfirmed job."""
    job = person.make_sample(prompt="[html:504]")
    wait_until(lambda: state(studio, job) == "uncertain", "an unconfirmed job", 120)
    attempt = studio.rows("SELECT id FROM wanstudio_attempt WHERE job_id = ?", job)[0][0]
    token = studio.python(f"from wanstudio.models import Attempt; print(Attempt({attempt}).callback_token)")
    return f"/hooks/apixo/{token}/"


def state(studio: Studio, job: int) -> str:
    return str(studio.rows("SELECT state FROM wanstudio_job WHERE id = ?", job)[0][0])


def hints(studio: Studio, door: str) -> list[str]:
    attempt = door.split("/")[3].split(".")[0]
    found = studio.rows("SELECT hints FROM wanstudio_attempt WHERE id = ?", attempt)
    return [hint["task"] for hint in json.loads(found[0][0])]


def silent(studio: Studio, path: str) -> socket.socket:
    """Somebody who announces a body and sends its first byte."""
    line = socket.create_connection(("127.0.0.1", studio.port))
    line.sendall(f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9999\r\n\r\n{{".encode())
    return line


def test_a_body_in_chunks_is_read(studio: Studio, door: str) -> None:
    chunks = iter([b'{"code":200,"data":', b'{"taskId":"task_in_chunks"}}'])
    assert requests.post(studio.url + door, data=chunks, timeout=60).status_code == 200
    assert "task_in_chunks" in hints(studio, door)


def test_chunks_beyond_what_a_callback_has_are_refused(studio: Studio, door: str) -> None:
    endless = iter([b" " * 8192] * 12)
    assert requests.post(studio.url + door, data=endless, timeout=60).status_code == 413
    assert requests.post(studio.url + door, data=b"{}", timeout=60).status_code == 200


def test_bodies_that_never_come_hold_up_no_page(studio: Studio, door: str) -> None:
    lines = [silent(studio, door) for _ in range(SILENT)]
    lines += [silent(studio, "/hooks/apixo/1.wrong/") for _ in range(4 * SILENT)]
    try:
        assert requests.get(f"{studio.url}/healthz", timeout=GIVEN_UP_S - 5).status_code == 200
    finally:
        for line in lines:
            line.close()
    good = {"data": {"taskId": "task_after_all"}}
    wait_until(lambda: requests.post(studio.url + door, json=good, timeout=60).status_code == 200, "the door is open")
    assert "task_after_all" in hints(studio, door)
