"""Anomalies of a provider, each over real HTTP. The table names the test of each:

| anomaly                                                  | test                                                  |
|----------------------------------------------------------|-------------------------------------------------------|
| outcome of a POST, every row and variant                 | provider/test_submissions.py, jobs/test_submission.py |
| whether writing began                                    | provider/test_exchange.py, jobs/test_last_poll.py     |
| unknown state, bad JSON, 5xx, 429, 404 for ten minutes   | jobs/test_polling.py                                  |
| success without a usable result                          | jobs/test_polling.py                                  |
| slower than usual, overdue                               | jobs/test_polling.py, jobs/test_alerts.py             |
| a result of 0 bytes, HTML, no MP4, cut short, no picture | videos/test_archiving.py                              |
| a result link that expired                               | videos/test_archiving.py                              |
| slow drip: status answers                                | provider/test_exchange.py                             |
| slow drip: results, head and body                        | here, `test_a_drip_holds_no_thread`                   |
| lying Content-Length, both ways                          | videos/test_archiving.py                              |
| a broken index, compression, a giant, a full disk        | here, `test_a_result_that_…`, `test_compressed_…`     |
| links and redirects into private networks                | here, `test_private_addresses…`                       |
| several results: one bad, twice the same, fifty          | here, `test_one_bad_result…` and below                |
| a state that flaps backwards                             | here, `test_flapping`; jobs/test_polling.py           |
| clocks that are wrong                                    | here, `test_a_wrong_clock…`; jobs/test_polling.py     |
| callbacks in any order and number, forged, or none       | here, `test_callbacks…`; jobs/test_uncertain.py       |
| the door itself                                          | jobs/test_callbacks.py, e2e/test_door.py              |
"""

import gzip
import json
import shutil
import time
from collections.abc import Callable
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.fake_apixo import FakeApixo, envelope, taken_but
from tests.provider.scripted import Move, answer, drip, raw
from tests.worker_fixtures import MakeJob
from tests.worker_steps import fresh, later, running, step
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.media import fetch
from wanstudio.money.models import Money
from wanstudio.videos import steps as archive
from wanstudio.work.advance import advance

HOUR_MS = 3_600_000


def succeeded(job: Job, apixo: FakeApixo, *urls: object, **fields: Any) -> Job:
    """The job as it is archived, with these as the links of its results."""
    job = running(job)
    result = {"state": "success", "resultJson": json.dumps({"resultUrls": urls})}
    apixo.tasks[job.task_id] |= result | fields
    job = step(job)
    assert (job.state, job.money) == (State.ARCHIVING, Money.SETTLED)
    return job


@pytest.fixture
def archiving(job: Job, apixo: FakeApixo, film: bytes) -> Job:
    apixo.files["/v.mp4"] = film
    return succeeded(job, apixo, f"http://{apixo.host}/v.mp4")


def waits(job: Job) -> Job:
    """Not Ready, paid for, and retried."""
    job = step(job)
    assert (job.state, job.money, job.setbacks, job.videos.count()) == (State.ARCHIVING, Money.SETTLED, 1, 0)
    return job


def waits_then_ready(job: Job, apixo: FakeApixo) -> None:
    """Ready as soon as the result is good."""
    job = waits(job)
    apixo.behave()
    assert step(job).state == State.DONE


# --- one result ---------------------------------------------------------------------------------------

DRIPS: dict[str, Callable[[bytes], Move]] = {
    "head": lambda film: drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 5000, 0.02),
    "body": lambda film: raw(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(film), then=drip(film, 0.02)),
    "body without a length": lambda film: raw(b"HTTP/1.1 200 OK\r\n\r\n", then=drip(film, 0.02)),
}


@pytest.mark.parametrize("where", DRIPS)
def test_a_drip_holds_no_thread(
    where: str, archiving: Job, apixo: FakeApixo, film: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    apixo.on_file(DRIPS[where](film))
    began = time.monotonic()
    with monkeypatch.context() as patched:
        patched.setattr(fetch, "HEAD_S", 0.3)
        patched.setattr(fetch, "SPEED_OVER_S", 0.3)
        waits(archiving)
    assert time.monotonic() - began < 60, "to the end of the drip it would be minutes"
    apixo.behave()
    assert step(fresh(archiving)).state == State.DONE


def test_a_result_that_ends_early_although_its_index_is_whole(archiving: Job, apixo: FakeApixo, film: bytes) -> None:
    apixo.on_file(answer(200, film[: len(film) * 2 // 3], {"Content-Type": "video/mp4"}))
    waits_then_ready(archiving, apixo)


def test_a_result_that_is_a_giant_is_not_even_begun(archiving: Job, apixo: FakeApixo) -> None:
    apixo.on_file(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5368709120\r\n\r\n" + b"x" * 1000))
    waits_then_ready(archiving, apixo)


def test_a_result_that_would_fill_the_disk(archiving: Job, apixo: FakeApixo, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda path: usage._replace(free=archive.KEPT_FREE_BYTES + 100))
        job = step(archiving)
        assert "larger than the free space of the studio" in job.problem
        patched.setattr(shutil, "disk_usage", lambda path: usage._replace(free=0))
        job = step(job)
        assert "No space left" in job.problem
    assert step(job).state == State.DONE


def test_compressed_results_are_unpacked(archiving: Job, apixo: FakeApixo, film: bytes) -> None:
    apixo.on_file(answer(200, gzip.compress(film), {"Content-Encoding": "gzip", "Content-Type": "video/mp4"}))
    job = step(archiving)
    assert job.state == State.DONE
    assert job.video
    with job.video.file.open() as stored:
        assert stored.read() == film


@pytest.mark.parametrize("spoil", [lambda packed: packed[:-20], lambda packed: packed[:40] + b"\0" * 40 + packed[80:]])
def test_compressed_and_broken(archiving: Job, apixo: FakeApixo, film: bytes, spoil: Callable[[bytes], bytes]) -> None:
    apixo.on_file(answer(200, spoil(gzip.compress(film)), {"Content-Encoding": "gzip"}))
    waits_then_ready(archiving, apixo)


@pytest.mark.parametrize(
    "url",
    ["http://169.254.169.254/latest/meta-data", "http://127.0.0.1:9/v.mp4", "http://[::1]:9/v.mp4", "http://10.0.0.1/"],
)
def test_private_addresses_are_not_fetched(url: str, job: Job, apixo: FakeApixo) -> None:
    job = step(succeeded(job, apixo, url))
    assert (job.state, job.setbacks) == (State.ARCHIVING, 1)
    assert "private network" in job.problem


@pytest.mark.parametrize("location", ["http://169.254.169.254/", "http://127.0.0.1:9/v.mp4", "file:///etc/passwd"])
def test_private_addresses_behind_a_redirect(location: str, archiving: Job, apixo: FakeApixo) -> None:
    apixo.on_file(answer(302, b"", {"Location": location}))
    waits_then_ready(archiving, apixo)
    assert apixo.fetched == ["/v.mp4", "/v.mp4"]


# --- several results ----------------------------------------------------------------------------------


def test_one_bad_result_holds_up_no_other(job: Job, apixo: FakeApixo, film: bytes) -> None:
    apixo.files |= {"/1.mp4": film, "/2.mp4": film}
    job = step(succeeded(job, apixo, *(f"http://{apixo.host}/{number}.mp4" for number in range(3))))
    assert (job.state, sorted(job.videos.values_list("position", flat=True))) == (State.ARCHIVING, [1, 2])
    apixo.files["/0.mp4"] = film
    job = step(job)
    assert job.state == State.DONE
    assert job.video == job.videos.get(position=0)


def test_what_is_saved_when_the_day_is_over_is_the_result(job: Job, apixo: FakeApixo, film: bytes) -> None:
    apixo.files["/1.mp4"] = film
    job = step(succeeded(job, apixo, *(f"http://{apixo.host}/{number}.mp4" for number in range(2))))
    job = later(step(step(job)), hours=25)
    assert job.state == State.ARCHIVING
    job = step(job)
    assert (job.state, job.money, job.video) == (State.DONE, Money.SETTLED, job.videos.get())
    assert "1 of 2" in job.transitions.latest("pk").why


def test_named_twice_it_is_one(job: Job, apixo: FakeApixo, film: bytes) -> None:
    apixo.files["/v.mp4"] = film
    link = f"http://{apixo.host}/v.mp4"
    job = step(succeeded(job, apixo, link, None, 7, "", {"url": link}, link, "not a link"))
    assert (job.state, job.videos.count(), apixo.fetched) == (State.DONE, 1, ["/v.mp4"])


def test_fifty_results(job: Job, apixo: FakeApixo, film: bytes) -> None:
    links = [f"http://{apixo.host}/{number}.mp4" for number in range(50)]
    apixo.files |= {f"/{number}.mp4": film for number in range(50)}
    job = step(succeeded(job, apixo, *links))
    assert (job.state, job.videos.count()) == (State.DONE, 50)
    assert job.video == job.videos.get(position=0)


# --- states and clocks --------------------------------------------------------------------------------


def test_flapping(job: Job, apixo: FakeApixo, film: bytes) -> None:
    job = running(job)
    for state in ("processing", "pending", "processing", "resting"):
        apixo.tasks[job.task_id]["state"] = state
        job = step(job)
        assert (job.state, job.money) == (State.RUNNING, Money.RESERVED)
    apixo.succeed(job.task_id, film)
    job = step(job)
    for state in ("processing", "pending", "failed"):
        apixo.on_file(answer(403))
        apixo.tasks[job.task_id]["state"] = state
        job = step(job)
        assert (job.state, job.money) == (State.ARCHIVING, Money.SETTLED), "once it was done, it is paid for"
    assert step(job).state == State.DONE
    assert len(apixo.posts) == 1


@pytest.mark.parametrize("hours", [-30, -23, -1, 0, 1, 23, 10_000])
def test_a_wrong_clock_of_the_providers(hours: int, job: Job, apixo: FakeApixo) -> None:
    now_ms = int(timezone.now().timestamp() * 1000) + hours * HOUR_MS
    job = succeeded(job, apixo, f"http://{apixo.host}/no.mp4", createTime=now_ms - 160_000, completeTime=now_ms)
    assert job.expires_at
    assert abs(job.expires_at - timezone.now() - timedelta(hours=24)) < timedelta(minutes=5)


def test_a_studio_that_slept_for_two_days_still_tries_for_an_hour(job: Job, apixo: FakeApixo) -> None:
    job = later(running(job), hours=48)
    sent_ms = int((timezone.now() - timedelta(hours=48)).timestamp() * 1000)
    done = {"createTime": sent_ms, "completeTime": sent_ms + 160_000}
    result = {"state": "success", "resultJson": json.dumps({"resultUrls": [f"http://{apixo.host}/gone.mp4"]})}
    apixo.tasks[job.task_id] |= result | done
    job = step(job)
    assert job.is_lost, "by every clock"
    for _ in range(3):
        job = step(job)
        assert job.state == State.ARCHIVING
    job = step(later(job, minutes=61))
    assert (job.state, job.failure, job.money) == (State.FAILED, "RESULT_LOST", Money.SETTLED)


# --- callbacks ----------------------------------------------------------------------------------------

TRUE = {"state": "success"}
CALLS: dict[str, Callable[[str, str], dict[str, Any]]] = {
    "the true one": lambda own, other: {"taskId": own, **TRUE},
    "again": lambda own, other: {"taskId": own, **TRUE},
    "nobody's task": lambda own, other: {"taskId": "task_of_nobody", **TRUE},
    "another job's task": lambda own, other: {"taskId": other, **TRUE},
}
FORGED = [
    {"state": "success", "resultJson": '{"resultUrls":["http://169.254.169.254/latest"]}'},
    {"state": "failed", "failCode": "SensitiveContent", "failMsg": "forged"},
]


def call(apixo: FakeApixo, data: dict[str, Any], number: int = 0) -> int:
    """The provider calls back about the n-th POST, over the product's own door."""
    path = apixo.posts[number].callback_path
    return Client().post(path, json.dumps(envelope(data=data)), content_type="application/json").status_code


def settled(job: Job) -> Job:
    """The job after everything that hints and time make of it."""
    for _ in range(12):
        job = later(job, minutes=2)
        if not advance(Job, job.pk):
            break
        job = fresh(job)
    return fresh(job)


@pytest.mark.parametrize("order", list(permutations(CALLS)), ids=" / ".join)
def test_callbacks_in_any_order_end_in_the_true_state(
    order: tuple[str, ...], job: Job, apixo: FakeApixo, film: bytes, make_job: MakeJob
) -> None:
    other = running(make_job())
    apixo.on_post(taken_but(raw(b"")))
    job = step(job)
    assert job.state == State.UNCERTAIN
    own = apixo.posts[1].task_id
    apixo.succeed(own, film)
    for name in order:
        assert call(apixo, CALLS[name](own, other.task_id), 1) == 200
    job = settled(job)
    assert (job.state, job.task_id, job.money) == (State.DONE, own, Money.SETTLED)
    assert fresh(other).task_id != own
    assert len(apixo.posts) == 2


@pytest.mark.parametrize("forged", FORGED, ids=["success", "failed"])
def test_callbacks_that_are_forged_change_nothing(
    forged: dict[str, Any], job: Job, apixo: FakeApixo, film: bytes
) -> None:
    job = running(job)
    for _ in range(5):
        assert call(apixo, {"taskId": job.task_id, **forged}) == 200
    job = settled(job)
    assert (job.state, job.money, job.result_urls) == (State.RUNNING, Money.RESERVED, [])
    apixo.succeed(job.task_id, film)
    job = settled(job)
    assert job.state == State.DONE
    before = (job.version, job.transitions.count())
    for _ in range(3):
        assert call(apixo, {"taskId": job.task_id, **forged}) == 200
    job = settled(job)
    assert (job.state, job.money) == (State.DONE, Money.SETTLED)
    assert (job.version, job.transitions.count()) == before


def test_callbacks_that_never_come(job: Job, apixo: FakeApixo, film: bytes) -> None:
    job = running(job)
    assert apixo.posts[0].body["request_type"] == "callback"
    job = step(job)
    assert job.state == State.RUNNING
    apixo.succeed(job.task_id, film)
    assert step(step(job)).state == State.DONE
