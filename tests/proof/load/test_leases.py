"""Workers that are killed, and workers that come back from the dead: no two hold a row, and nothing counts twice."""

import random
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.db import connection
from django.db.models.functions import Now

from tests.e2e.studio import stop_between_writes
from tests.fake_apixo import FakeApixo, envelope, taken_but
from tests.jobs.test_worker_kill import worker
from tests.proof.load.conftest import LARGE
from tests.proof.load.leases import Diary, end_diary, keep_diary
from tests.proof.load.rows import copies
from tests.provider.scripted import answer
from tests.worker_fixtures import MakeJob
from tests.worker_steps import died, fresh, states
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.money.models import Money
from wanstudio.videos.models import Video

WORKERS, JOBS, KILLS, EVERY_S = (4, 500, 60, 2.0) if LARGE else (2, 40, 3, 2.0)
# Where workers are killed more quickly than they start, a rescue waits for the next one that has started.
RESCUED_WITHIN_S = 45 if LARGE else 150
ENDED = (State.DONE, State.FAILED, State.UNCERTAIN)


@pytest.mark.timeout(900)
def test_killed_again_and_again(job: Job, apixo: FakeApixo, film: bytes, say: Callable[[str], None]) -> None:
    jobs = [job, *copies(job, JOBS - 1)]
    keep_diary()
    chance, kills, finished = random.Random(7), 0, set[str]()
    with ExitStack() as stack:

        def start() -> subprocess.Popen[bytes]:
            return stack.enter_context(worker(apixo, WANSTUDIO_IN_FLIGHT="60", LOG_LEVEL="ERROR"))

        workers: list[subprocess.Popen[bytes]] = [start() for _ in range(WORKERS)]
        apixo.wait_for(lambda: len(apixo.made) > WORKERS, 240)
        kill_at = time.monotonic() + EVERY_S

        def over() -> bool:
            nonlocal kills, kill_at
            if kills < KILLS and time.monotonic() > kill_at:
                victim = chance.randrange(WORKERS)
                workers[victim].kill()
                workers[victim] = start()
                kills, kill_at = kills + 1, time.monotonic() + EVERY_S
            for task in set(apixo.made) - finished:
                finished.add(task)
                # One in ten is made; the archive has tests of its own.
                apixo.succeed(task, film) if len(finished) % 10 == 0 else apixo.fail(task, "NSFW")
            time.sleep(0.2)
            return kills == KILLS and not Job.objects.exclude(state__in=ENDED).exists()

        apixo.wait_for(over, 840 if LARGE else 600)
    diary = end_diary()
    ends = {state: Job.objects.filter(state=state).count() for state in ENDED}
    say(told(diary, kills, len(apixo.posts), ends))
    assert diary.overlaps == 0
    assert max(diary.rescues, default=0) <= RESCUED_WITHIN_S
    assert len(apixo.posts) <= len(jobs), "nothing was sent twice"
    known = set(Job.objects.exclude(task_id="").values_list("task_id", flat=True))
    assert len(set(apixo.made) - known) <= ends[State.UNCERTAIN], "every task is followed, or its job is unconfirmed"


def told(diary: Diary, kills: int, posts: int, ends: dict[State, int]) -> str:
    rescues = sorted(diary.rescues)
    slowest = f"{rescues[-1]:.1f} s" if rescues else "none"
    return (
        f"{WORKERS} workers, {JOBS} jobs, {kills} kills: {diary.taken} leases, overlaps {diary.overlaps}; "
        f"{len(rescues)} rescues, slowest {slowest}; {posts} POSTs; "
        + ", ".join(f"{state} {number}" for state, number in ends.items())
    )


def test_a_worker_that_outlives_its_leases_changes_nothing(
    make_job: MakeJob, apixo: FakeApixo, film: bytes, say: Callable[[str], None]
) -> None:
    """Stopped while it polls one job and sends another. Somebody else takes both over; then it comes back."""
    polled, sent = make_job(), make_job()
    Job.objects.filter(pk=sent.pk).update(due_at=None)
    asked, go = threading.Event(), threading.Event()

    def failed_long_ago(line: socket.socket, over: threading.Event) -> None:
        asked.set()
        go.wait(400)
        data = {"taskId": apixo.made[0], "state": "failed", "failCode": "NSFW"}
        answer(200, envelope(data=data))(line, over)

    def taken_long_ago(line: socket.socket, over: threading.Event) -> None:
        go.wait(400)
        answer(200, envelope(data={"taskId": apixo.made[1]}))(line, over)

    with worker(apixo) as sleeper:
        apixo.wait_for(lambda: fresh(polled).state == State.RUNNING, 120)
        apixo.on_status(failed_long_ago)
        fresh(polled).nudge()
        assert asked.wait(60)
        apixo.on_post(taken_but(taken_long_ago))
        Job.objects.filter(pk=sent.pk).update(due_at=Now())
        apixo.wait_for(lambda: len(apixo.posts) == 2, 60)
        stop_between_writes(sleeper.pid, Path(connection.settings_dict["NAME"]))
        if LARGE:
            apixo.wait_for(lambda: Job.ready().count() == 2, 60)
        for job in (polled, sent):
            died(job)
        apixo.succeed(apixo.made[0], film)
        with worker(apixo) as other:
            apixo.wait_for(lambda: fresh(polled).state == State.DONE, 120)
            apixo.wait_for(lambda: fresh(sent).state == State.UNCERTAIN, 60)
            before = fresh(polled)
            go.set()
            sleeper.send_signal(signal.SIGCONT)
            # What it learned about the submission is not lost, and is not counted twice either.
            apixo.wait_for(lambda: fresh(sent).state == State.RUNNING, 60)
            apixo.succeed(apixo.made[1], film)
            apixo.wait_for(lambda: fresh(sent).state == State.DONE, 60)
            assert other.poll() is None
    after = fresh(polled)
    assert (after.state, after.money, after.version) == (State.DONE, Money.SETTLED, before.version)
    assert states(polled) == ["queued", "submitting", "running", "archiving", "done"]
    assert states(sent) == ["queued", "submitting", "uncertain", "running", "archiving", "done"]
    assert (len(apixo.posts), Video.objects.count()) == (2, 2)
    say("a worker that came back after its leases: 2 rows taken over, 0 writes of its own, 2 POSTs, 2 videos")
