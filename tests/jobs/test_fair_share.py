"""People take turns, and nobody who waits is asked about, sent, or forgotten."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from pytest_django import Settings

from tests.fake_apixo import FakeApixo, refusal
from tests.jobs.test_worker_kill import worker
from tests.worker_fixtures import MakeJob
from tests.worker_steps import ask, died, fresh, open_up, running, states, step, wait_s
from wanstudio.accounts.models import User
from wanstudio.jobs import verbs
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.jobs.steps import queue_update as line
from wanstudio.jobs.steps.queue_update import update
from wanstudio.keys import verbs as key_verbs
from wanstudio.keys.models import ProviderKey
from wanstudio.work.advance import advance, due

MINUTES = 4 * 60
STOPPED = "Sending is stopped in Settings. Nothing was charged; it is sent when the owner starts sending again."


@pytest.fixture(autouse=True)
def two_at_a_time(apixo: FakeApixo, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.IN_FLIGHT = 2
    monkeypatch.setattr(line, "UPDATE_EVERY_S", 0)


def positions(*jobs: Job) -> list[int | None]:
    return [fresh(job).position for job in jobs]


def sleeps(job: Job) -> bool:
    """Nobody looks at it soon."""
    return wait_s(fresh(job)) > MINUTES


def ended(job: Job, apixo: FakeApixo) -> None:
    apixo.fail(fresh(job).task_id, "NSFW")
    assert step(job).state == State.FAILED


def test_the_queue_waits_and_moves_up(make_job: MakeJob, apixo: FakeApixo) -> None:
    first, second = running(make_job()), running(make_job())
    waiting = [step(make_job()) for _ in range(3)]
    assert [job.state for job in waiting] == [State.QUEUED] * 3
    assert positions(*waiting) == [1, 2, 3]
    assert all(map(sleeps, waiting))
    assert len(apixo.posts) == 2
    seen = [fresh(job).version for job in waiting]
    ended(first, apixo)
    assert due(Job) == [waiting[0].pk], "the next is woken, and nobody else"
    assert advance(Job, waiting[0].pk)
    assert fresh(waiting[0]).state == State.RUNNING
    assert positions(*waiting[1:]) == [1, 2]
    assert all(fresh(job).version > version for job, version in zip(waiting, seen, strict=True)), "pages hear of it"
    ended(second, apixo)
    running(waiting[1])
    assert len(apixo.posts) == 4


def test_forty_of_one_and_one_of_another(make_job: MakeJob, apixo: FakeApixo, bob: User) -> None:
    flying = [running(make_job()) for _ in range(2)]
    hers = [make_job() for _ in range(40)]
    his = make_job(person=bob)
    update("apixo")
    assert due(Job) == []
    assert positions(his, *hers[:2]) == [1, 2, 3]
    ended(flying[0], apixo)
    assert due(Job) == [his.pk]
    running(his)


def test_who_is_not_next_sends_nothing_even_when_asked_to(make_job: MakeJob, apixo: FakeApixo) -> None:
    for _ in range(2):
        running(make_job())
    early = make_job()
    late = make_job()
    for _ in range(3):
        assert step(late).state == State.QUEUED
    assert (positions(early, late), len(apixo.posts)) == ([1, 2], 2)


def test_a_new_job_goes_at_once_while_there_is_room(make_job: MakeJob, apixo: FakeApixo) -> None:
    job = make_job()
    update("apixo")
    assert (fresh(job).position, fresh(job).version, due(Job)) == (None, 1, [job.pk])
    assert states(running(job)) == ["queued", "submitting", "running"]


def test_a_cancelled_one_makes_room_in_line(make_job: MakeJob, apixo: FakeApixo) -> None:
    for _ in range(2):
        running(make_job())
    first, second = step(make_job()), step(make_job())
    verbs.cancel(fresh(first))
    update("apixo")
    assert positions(second) == [1]


def test_who_waits_for_its_own_reason_lets_others_pass(make_job: MakeJob, apixo: FakeApixo) -> None:
    running(make_job())
    broken, other = make_job(), make_job()
    apixo.on_post(refusal(500))
    broken = step(broken)
    assert (broken.state, broken.position, broken.retries) == (State.QUEUED, None, 1)
    running(other)
    broken = step(broken)
    assert (broken.state, broken.position, broken.problem) == (State.QUEUED, 1, "")


def test_a_link_that_is_slow_to_read_holds_nobody_up(make_job: MakeJob, apixo: FakeApixo, film: bytes) -> None:
    running(make_job())
    apixo.files["/inputs/walk.mp4"] = film
    slow, other = make_job(), make_job()
    type(slow.motion).objects.filter(pk=slow.motion.pk).update(probed_at=Now() - 2 * line.LOOK_AGAIN)

    def pass_by(line: socket.socket, over: threading.Event) -> None:
        running(other)
        refusal(404)(line, over)

    apixo.on_file(pass_by)
    assert step(slow).state == State.FAILED
    assert fresh(other).state == State.RUNNING, "it went out while the link was read"


@pytest.fixture
def held(make_job: MakeJob, apixo: FakeApixo) -> list[Job]:
    """Three in line behind two that are under way."""
    for _ in range(2):
        running(make_job())
    return [step(make_job()) for _ in range(3)]


def test_the_reason_of_a_stop_reaches_who_sleeps(held: list[Job], apixo: FakeApixo) -> None:
    key = ProviderKey.at("apixo")
    key_verbs.stop(key)
    update("apixo")
    assert {fresh(job).problem for job in held} == {STOPPED}
    versions = [fresh(job).version for job in held]
    update("apixo")
    assert [fresh(job).version for job in held] == versions, "said once"
    ended(Job.objects.filter(state=State.RUNNING)[0], apixo)
    assert due(Job) == []
    key_verbs.start_again(key)
    update("apixo")
    assert {fresh(job).problem for job in held} == {""}
    assert due(Job) == [held[0].pk]


def test_a_429_holds_the_line_and_lets_it_go(held: list[Job], settings: Settings, apixo: FakeApixo) -> None:
    settings.IN_FLIGHT = 4
    ProviderKey.objects.update(due_at=Now() + timedelta(minutes=10))
    apixo.on_post(refusal(429, Retry_After="20"))
    assert "slow down" in step(held[0]).problem
    assert all("slow down" in fresh(job).problem for job in held)
    assert sorted(filter(None, positions(*held))) == [1, 2, 3]
    assert due(Job) == []
    assert wait_s(ProviderKey.at("apixo")) < 23, "a question soon tells whether it was the calls or the tasks"
    open_up()
    ask(ProviderKey.at("apixo"))
    for _ in range(2):
        update("apixo")
        (woken,) = (job for job in held if fresh(job).state == State.QUEUED and not sleeps(job))
        assert wait_s(fresh(woken)) < 1, "nobody waits longer than the pause"
        running(woken)
    assert len(apixo.posts) == 5


def test_a_balance_that_covers_it_wakes_the_line(make_job: MakeJob, apixo: FakeApixo) -> None:
    job = make_job()
    apixo.on_post(refusal(402))
    assert "balance" in step(job).problem
    assert wait_s(fresh(job)) > 29
    ask(ProviderKey.at("apixo"))
    assert due(Job) == [job.pk], "the balance call wakes it at once"
    running(job)


def test_nobody_is_forgotten_when_nobody_tends_the_line(held: list[Job], settings: Settings) -> None:
    settings.IN_FLIGHT = 9
    Job.objects.filter(state=State.QUEUED).update(due_at=F("due_at") - 2 * line.LOOK_AGAIN)
    assert sorted(due(Job)) == [job.pk for job in held]


def test_a_job_in_a_workers_hands_stays_due(make_job: MakeJob, apixo: FakeApixo) -> None:
    for _ in range(2):
        running(make_job())
    job = make_job()
    assert Job.claim(job.pk)
    update("apixo")
    assert wait_s(fresh(job)) <= 0, "if that worker dies, it is found when the lease is over"
    died(job)
    update("apixo")
    assert sleeps(job)


def test_threads_that_take_at_once_never_take_too_many(make_job: MakeJob, apixo: FakeApixo) -> None:
    jobs = [make_job() for _ in range(12)]

    def go(job: Job) -> None:
        try:
            advance(Job, job.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(go, jobs))
    assert Job.objects.filter(state=State.RUNNING).count() == len(apixo.posts) == 2
    # Of two updates at once the older can write last: the next one, a second later, puts that right.
    update("apixo")
    assert sorted(filter(None, positions(*jobs))) == list(range(1, 11))


def test_four_workers_never_exceed_it(make_job: MakeJob, apixo: FakeApixo, bob: User) -> None:
    """Counted by the provider: tasks that were made and have not ended, at every POST."""
    most = 0
    jobs = [make_job() for _ in range(20)] + [make_job(person=bob) for _ in range(4)]
    done: set[str] = set()

    def finish_what_was_made() -> bool:
        nonlocal most
        open_tasks = [task for task in apixo.made if task not in done]
        most = max(most, len(open_tasks))
        for job in Job.objects.filter(state=State.RUNNING, task_id__in=open_tasks):
            done.add(job.task_id)
            apixo.fail(job.task_id, "NSFW")
            job.nudge()
        return not Job.objects.exclude(state=State.FAILED).exists()

    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(worker(apixo, WANSTUDIO_IN_FLIGHT="3"))
        apixo.wait_for(finish_what_was_made, 300)
    assert len(apixo.posts) == len(jobs)
    assert most <= 3
    order = list(Job.objects.order_by("submissions__pk").values_list("person__name", flat=True))
    assert max(index for index, name in enumerate(order) if name == "Bob") < 14, "four of his among twenty of hers"
