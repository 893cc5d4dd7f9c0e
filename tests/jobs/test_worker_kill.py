"""Real workers, really killed: `manage.py work` in processes of their own, ended by SIGKILL in every state at once."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import Client

from tests.databases import database_url
from tests.fake_apixo import KEY, FakeApixo, envelope, taken_but
from tests.provider.scripted import answer, hang
from tests.servers import ENDS_WITHIN_S
from tests.worker_fixtures import MakeJob
from tests.worker_steps import died, fresh, states
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.money.models import Money
from wanstudio.videos.models import Video
from wanstudio.work.models import Heartbeat

ROOT = Path(__file__).resolve().parents[2]
# Of a worker on a busy machine: until its first step is done, and until a further one is.
STARTS_WITHIN_S, STEPS_WITHIN_S = 120, 60


@contextmanager
def worker(apixo: FakeApixo, **settings_: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker on the database and the media of this test. It is gone when the block ends."""
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    environment |= {
        "WANSTUDIO_DATA": str(settings.DATA_DIR),
        "DATABASE_URL": database_url(),
        "APIXO_API_KEY": KEY,
        "APIXO_BASE_URL": apixo.url,
        "WANSTUDIO_PRIVATE_HOSTS": apixo.host,
        "WANSTUDIO_PACE": "0.02",
        "WANSTUDIO_CALLS_PER_MINUTE": "1000000",
        "WANSTUDIO_READ_TIMEOUT": "300",
        **settings_,
    }
    process = subprocess.Popen([sys.executable, "manage.py", "work"], cwd=ROOT, env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait(ENDS_WITHIN_S)


def test_killed_in_every_state(make_job: MakeJob, apixo: FakeApixo, film: bytes) -> None:
    """One submission each, and all end Ready, also the one that nobody could tell about: its callback comes."""
    followed, fetched = make_job(), make_job()
    half = threading.Event()

    def half_a_film(line: Any, over: threading.Event) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(film) + film[:1000])
        half.set()
        hang(line, over)

    with worker(apixo) as first:
        apixo.wait_for(lambda: Job.objects.filter(state=State.RUNNING).count() == 2, STARTS_WITHIN_S)
        apixo.on_file(half_a_film, always=True)
        apixo.succeed(fresh(fetched).task_id, film)
        fresh(fetched).nudge()
        assert half.wait(STEPS_WITHIN_S)
        apixo.on_post(taken_but(hang), always=True)
        submitting = make_job()
        apixo.wait_for(lambda: len(apixo.made) == 3, STEPS_WITHIN_S)
        states_at_death = [fresh(job).state for job in (followed, fetched, submitting)]
        first.send_signal(signal.SIGKILL)
        first.wait(ENDS_WITHIN_S)
    assert states_at_death == [State.RUNNING, State.ARCHIVING, State.SUBMITTING]
    assert Video.objects.count() == 0
    queued = make_job()
    apixo.behave()
    for job in (followed, fetched, submitting):
        died(job)
    apixo.succeed(fresh(followed).task_id, film)
    with worker(apixo):
        ready(apixo, followed, fetched)
        apixo.wait_for(lambda: fresh(submitting).state == State.UNCERTAIN, STEPS_WITHIN_S)
        assert fresh(submitting).money == Money.UNKNOWN
        post = apixo.posts[2]
        apixo.succeed(post.task_id, film)
        call = Client().post(post.callback_path, json.dumps({"data": {"taskId": post.task_id}}), "application/json")
        assert call.status_code == 200
        apixo.wait_for(lambda: len(apixo.made) == 4, STEPS_WITHIN_S)
        apixo.succeed(apixo.made[3], film)
        ready(apixo, submitting, queued)
    assert len(apixo.posts) == Attempt.objects.count() == 4
    assert sorted(apixo.made) == sorted(Job.objects.values_list("task_id", flat=True))
    assert states(submitting) == ["queued", "submitting", "uncertain", "running", "archiving", "done"]
    assert set(Job.objects.values_list("money", flat=True)) == {Money.SETTLED}


def ready(apixo: FakeApixo, *jobs: Job) -> None:
    for job in jobs:
        apixo.wait_for(lambda job=job: fresh(job).state == State.DONE, STARTS_WITHIN_S)  # type: ignore[misc]


def test_sigterm_lets_a_submission_finish(make_job: MakeJob, apixo: FakeApixo) -> None:
    go = threading.Event()

    def wait_for_it(line: Any, over: threading.Event) -> None:
        go.wait(STARTS_WITHIN_S)
        answer(200, envelope(data={"taskId": apixo.made[0]}))(line, over)

    apixo.on_post(taken_but(wait_for_it))
    job = make_job()
    with worker(apixo) as process:
        apixo.wait_for(lambda: bool(apixo.posts), STARTS_WITHIN_S)
        assert Heartbeat.alive()
        process.send_signal(signal.SIGTERM)
        go.set()
        assert process.wait(ENDS_WITHIN_S) == 0
    assert fresh(job).state == State.RUNNING


def test_sigterm_does_not_wait_for_what_hangs(make_job: MakeJob, apixo: FakeApixo, film: bytes) -> None:
    """A download that drips and a submission without an answer are cut off, and taken up again later."""
    fetched, half = make_job(), threading.Event()

    def half_a_film(line: Any, over: threading.Event) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(film) + film[:1000])
        half.set()
        hang(line, over)

    with worker(apixo) as process:
        apixo.wait_for(lambda: fresh(fetched).state == State.RUNNING, STARTS_WITHIN_S)
        apixo.on_file(half_a_film, always=True)
        apixo.succeed(fresh(fetched).task_id, film)
        fresh(fetched).nudge()
        assert half.wait(STEPS_WITHIN_S)
        apixo.on_post(taken_but(hang), always=True)
        submitting = make_job()
        apixo.wait_for(lambda: len(apixo.made) == 2, STEPS_WITHIN_S)
        process.send_signal(signal.SIGTERM)
        # None of them answers before the test is over.
        assert process.wait(ENDS_WITHIN_S) == 0
    assert (fresh(fetched).state, fresh(submitting).state) == (State.ARCHIVING, State.SUBMITTING)
    assert not Heartbeat.alive(), "it said goodbye"
    died(submitting)
    died(fetched)
    apixo.behave()
    with worker(apixo):
        ready(apixo, fetched)
        apixo.wait_for(lambda: fresh(submitting).state == State.UNCERTAIN, STEPS_WITHIN_S)
    assert len(apixo.posts) == 2
