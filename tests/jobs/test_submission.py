"""Outcomes of a submission: job, money, attempts and key after each answer, over real HTTP."""

import socket
from collections.abc import Callable
from contextlib import nullcontext

import pytest
from pytest_django import Settings

from tests.fake_apixo import HTML, KEY, FakeApixo, accept, envelope, refusal, taken_but
from tests.provider.scripted import Move, answer, close, hang, raw, reset
from tests.worker_fixtures import MakeJob
from tests.worker_steps import impatient, later, rests, running, states, step, wait_s
from wanstudio.jobs import verbs
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.keys.models import ProviderKey
from wanstudio.money.models import Money

UNKNOWNS: dict[str, Callable[[], Move]] = {
    "no answer in time": lambda: hang,
    "reset": lambda: reset,
    "closed": lambda: close,
    "a redirect": lambda: answer(302, b"", {"Location": "http://127.0.0.1:9/"}),
    "504": lambda: refusal(504),
    "504 of a gateway": lambda: answer(504, HTML),
    "502 of a gateway": lambda: answer(502, HTML),
    "404 of a gateway": lambda: answer(404, HTML),
    "401 of a gateway": lambda: answer(401, HTML),
    "200 and no JSON": lambda: answer(200, HTML),
    "200 and no task": lambda: answer(200, envelope(data={})),
    "200 cut short": lambda: raw(b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"code":200,"data":{"ta'),
    "not HTTP": lambda: raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    "418": lambda: refusal(418),
}


def test_what_is_sent(job: Job, apixo: FakeApixo) -> None:
    job = running(job)
    (post,) = apixo.posts
    (attempt,) = Attempt.objects.all()
    assert post.authorization == f"Bearer {KEY}"
    assert post.body == {
        "request_type": "callback",
        "callback_url": f"http://127.0.0.1:8000/hooks/apixo/{attempt.callback_token}/",
        "input": {
            "mode": "standard",
            "type": "animate",
            "image_urls": [f"http://{apixo.host}/inputs/mira.png"],
            "video_urls": [f"http://{apixo.host}/inputs/walk.mp4"],
            "resolution": "720p",
            "seed": 7,
        },
    }


def test_accepted(job: Job, apixo: FakeApixo) -> None:
    job = running(job)
    assert (job.task_id, job.money, job.callback, job.retries) == (apixo.made[0], Money.RESERVED, True, 0)
    assert job.started_at
    assert states(job) == ["queued", "submitting", "running"]
    assert job.lease_token is None
    (attempt,) = Attempt.objects.all()
    assert (attempt.outcome, attempt.http_status, attempt.task_id) == ("accepted", 200, job.task_id)
    assert attempt.answered_at


@pytest.mark.parametrize("status", [201, 302, 400, 402, 429, 500, 504])
def test_a_task_id_is_accepted_whatever_the_status(job: Job, apixo: FakeApixo, status: int) -> None:
    apixo.on_post(taken_but(answer(status, envelope(status, {"taskId": apixo.new_task("task_odd")}))))
    assert running(job).task_id == "task_odd"
    assert not ProviderKey.at("apixo").pause


@pytest.mark.usefixtures("unreachable")
def test_without_a_way_back_it_is_asynchronous(job: Job, apixo: FakeApixo) -> None:
    job = running(job)
    assert apixo.posts[0].body["request_type"] == "async"
    assert "callback_url" not in apixo.posts[0].body
    assert not job.callback
    assert not Attempt.objects.get().callback


@pytest.mark.parametrize("how", UNKNOWNS)
def test_unknown_is_never_sent_again(job: Job, apixo: FakeApixo, how: str, settings: Settings) -> None:
    apixo.on_post(taken_but(UNKNOWNS[how]()))
    with impatient(settings) if how == "no answer in time" else nullcontext():
        job = step(job)
    # Given up before it was read, it is read all the same.
    apixo.wait_for(lambda: bool(apixo.posts))
    assert (job.state, job.money, job.ask_person) == (State.UNCERTAIN, Money.UNKNOWN, False)
    assert states(job) == ["queued", "submitting", "uncertain"]
    (attempt,) = Attempt.objects.all()
    assert (attempt.outcome, attempt.task_id) == ("unknown", "")
    assert attempt.error
    assert 3500 < wait_s(job) <= 3600
    job = step(later(job, hours=1))
    assert job.ask_person
    assert rests(job)
    assert len(apixo.posts) == len(apixo.made) == 1


@pytest.mark.usefixtures("unreachable")
def test_unknown_without_callbacks_asks_at_once(job: Job, apixo: FakeApixo) -> None:
    apixo.on_post(reset)
    job = step(job)
    assert (job.state, job.money, job.ask_person, job.due_at) == (State.UNCERTAIN, Money.UNKNOWN, True, None)
    assert "dropped" in job.transitions.latest("pk").why


@pytest.mark.parametrize(
    ("move", "failure"),
    [
        (refusal(400, "video_urls[0] could not be probed"), "bad_request"),
        (refusal(404, "no such model"), "not_found"),
        (refusal(403, "forbidden"), "forbidden"),
        (answer(200, envelope(400, message="bad")), "bad_request"),
    ],
)
def test_rejected_is_final_and_free(job: Job, apixo: FakeApixo, move: Move, failure: str) -> None:
    apixo.on_post(move)
    job = step(job)
    assert (job.state, job.money, job.failure, job.due_at) == (State.FAILED, Money.RELEASED, failure, None)
    assert job.failure_message
    assert job.ended_at
    assert Attempt.objects.get().outcome == "rejected"
    assert rests(job)


@pytest.mark.parametrize("status", [500, 502, 503])
def test_not_accepted_is_tried_three_times_more(job: Job, apixo: FakeApixo, status: int) -> None:
    apixo.on_post(refusal(status), always=True)
    for tries in range(1, 4):
        job = step(job)
        assert (job.state, job.money, job.retries) == (State.QUEUED, Money.RESERVED, tries)
        assert 0 < wait_s(job) <= 10 * 2 ** (tries - 1)
        assert "Nothing was charged" in job.problem
    job = step(job)
    assert (job.state, job.money) == (State.FAILED, Money.RELEASED)
    assert len(apixo.posts) == Attempt.objects.filter(outcome="not_accepted").count() == 4
    assert rests(job)


def test_not_accepted_and_then_accepted(job: Job, apixo: FakeApixo) -> None:
    apixo.on_post(refusal(503))
    job = running(step(job))
    assert states(job) == ["queued", "submitting", "queued", "submitting", "running"]
    assert job.problem == ""
    assert [attempt.outcome for attempt in job.submissions.all()] == ["not_accepted", "accepted"]
    tokens = {post.body["callback_url"] for post in apixo.posts}
    assert len(tokens) == 2, "each attempt names itself"


def test_an_unknown_among_the_retries_ends_them(job: Job, apixo: FakeApixo) -> None:
    apixo.on_post(refusal(500), reset)
    job = step(step(job))
    assert job.state == State.UNCERTAIN
    assert step(later(job, hours=2)).ask_person
    assert len(apixo.posts) == 2


def test_not_sent(job: Job, settings: Settings) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        settings.PROVIDERS = settings.PROVIDERS | {"apixo": (f"http://127.0.0.1:{nobody.getsockname()[1]}", KEY)}
        for tries in range(1, 4):
            job = step(job)
            assert (job.state, job.retries) == (State.QUEUED, tries)
        job = step(job)
    assert (job.state, job.money, job.failure) == (State.FAILED, Money.RELEASED, "not_connected")
    assert set(job.submissions.values_list("outcome", flat=True)) == {"not_sent"}


def test_accepting_twice_is_one_task_each(make_job: MakeJob, apixo: FakeApixo) -> None:
    """The provider answers two jobs with one task: the second is uncertain, and a person decides."""
    first = running(make_job())
    apixo.on_post(answer(200, envelope(data={"taskId": first.task_id})))
    second = step(make_job())
    assert (second.state, second.ask_person, second.money) == (State.UNCERTAIN, True, Money.UNKNOWN)
    assert "another job" in second.transitions.latest("pk").why
    assert rests(second)
    verbs.send_again(second, seen=second.version)
    apixo.on_post(accept)
    assert running(second).task_id != first.task_id
