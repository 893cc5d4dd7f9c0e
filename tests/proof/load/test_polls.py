"""A thousand running jobs: asked about often enough, and never too early."""

import socket
import threading
import time
from collections.abc import Callable

import pytest
from pytest_django import Settings

from tests.fake_apixo import FakeApixo, refusal
from tests.jobs.test_worker_kill import worker
from tests.proof.load.conftest import LARGE
from tests.proof.load.rows import Watch, copies, set_running
from tests.worker_fixtures import MakeJob
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.keys.models import ProviderKey
from wanstudio.work.loop import MAX_THREADS

RUNNING = 1000 if LARGE else 250
# Seconds watched, and the 429 in the middle of it asks for this many.
WATCHED_S = 60 if LARGE else 7
PAUSE_S = 5
# From the moment a worker has noted a 429, what is under way cannot be held back, and no thread begins another one.
UNDER_WAY = MAX_THREADS
SHORTEST_PAIR_S = 5.0


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("callback", "pace"), [(False, 0.2 if LARGE else 0.05), (True, 0.02)], ids=["async", "callback"]
)
def test_nobody_is_asked_about_before_its_time(
    callback: bool,
    pace: float,
    job: Job,
    apixo: FakeApixo,
    settings: Settings,
    say: Callable[[str], None],
    make_job: MakeJob,
) -> None:
    Job.objects.update(due_at=None)
    settings.PACE = pace
    jobs = copies(job, RUNNING, due=False)
    watch, told = Watch(apixo), threading.Event()

    def slow_down(line: socket.socket, over: threading.Event) -> None:
        refusal(429, Retry_After=str(PAUSE_S))(line, over)
        told.set()

    with worker(apixo, WANSTUDIO_PACE=str(pace), LOG_LEVEL="WARNING"):
        apixo.wait_for(lambda: apixo.balance_calls > 0, 120)
        first = set_running(jobs, apixo, callback=callback)
        apixo.wait_for(lambda: len(watch.polls) > RUNNING / 2, 240)
        apixo.on_status(slow_down)
        assert told.wait(60)
        until = time.time() + WATCHED_S
        apixo.wait_for(lambda: time.time() > until and len(watch.polls) == RUNNING, 240)
    moments, opens = watch.moments, ProviderKey.at("apixo").paused_until
    assert opens
    early = [task for task, asked in watch.polls.items() if min(asked) < first[task]]
    within = [moment for moment in moments if opens.timestamp() - PAUSE_S < moment < opens.timestamp()]
    say(
        f"{RUNNING} running, {'callback' if callback else 'async'}, pace {pace}: {len(moments)} polls, "
        f"{len(moments) / (moments[-1] - moments[0]):.0f}/s; first ones early {len(early)}; shortest pair "
        f"{watch.shortest_gap():.3f} s (at least {SHORTEST_PAIR_S * pace:.3f}); within the 429's pause {len(within)}"
    )
    assert early == []
    assert watch.shortest_gap() >= SHORTEST_PAIR_S * pace
    assert len(within) <= UNDER_WAY
    assert Job.objects.filter(state=State.RUNNING).count() == RUNNING
