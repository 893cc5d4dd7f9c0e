"""What a submission's outcome means for job, money, attempts and key: the table of provider.md, over real HTTP."""

import json
import shutil
import socket
from collections import namedtuple
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models.functions import Now
from django.db.models.signals import post_save
from django.db.transaction import on_commit
from pytest_django import Settings

from tests import factories
from tests.fake_apixo import HTML, KEY, FakeApixo, accept, envelope, refusal, taken_but
from tests.provider.scripted import Move, answer, close, hang, raw, reset
from tests.worker.conftest import MakeJob
from tests.worker.steps import died, fresh, later, rests, running, states, step, wait_s, woken
from wanstudio.models import Attempt, Job, Money, ProviderKey, Stale, State, Team, User
from wanstudio.worker.advance import advance
from wanstudio.worker.submit import send

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
    assert not ProviderKey.at("apixo").blocks_sending


@pytest.mark.usefixtures("unreachable")
def test_without_a_way_back_it_is_asynchronous(job: Job, apixo: FakeApixo) -> None:
    job = running(job)
    assert apixo.posts[0].body["request_type"] == "async"
    assert "callback_url" not in apixo.posts[0].body
    assert not job.callback
    assert not Attempt.objects.get().callback


@pytest.mark.parametrize("how", UNKNOWNS)
def test_unknown_is_never_sent_again(job: Job, apixo: FakeApixo, how: str) -> None:
    apixo.on_post(taken_but(UNKNOWNS[how]()))
    job = step(job)
    assert (job.state, job.money, job.ask_person) == (State.UNCERTAIN, Money.UNKNOWN, False)
    assert states(job) == ["queued", "submitting", "uncertain"]
    (attempt,) = Attempt.objects.all()
    assert (attempt.outcome, attempt.task_id) == ("unknown", "")
    assert attempt.error
    assert 3590 < wait_s(job) <= 3600
    job = step(later(job, hours=1))
    assert job.ask_person
    assert rests(job)
    assert len(apixo.posts) == len(apixo.made) == 1


@pytest.mark.usefixtures("unreachable")
def test_unknown_without_callbacks_asks_at_once(job: Job, apixo: FakeApixo) -> None:
    apixo.on_post(reset)
    job = step(job)
    assert (job.state, job.money, job.ask_person, job.due_at) == (State.UNCERTAIN, Money.UNKNOWN, True, None)
    assert "broke" in job.transitions.latest("pk").why


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
        assert "Nothing was charged" in job.trouble
    job = step(job)
    assert (job.state, job.money) == (State.FAILED, Money.RELEASED)
    assert len(apixo.posts) == Attempt.objects.filter(outcome="not_accepted").count() == 4
    assert rests(job)


def test_not_accepted_and_then_accepted(job: Job, apixo: FakeApixo) -> None:
    apixo.on_post(refusal(503))
    job = running(step(job))
    assert states(job) == ["queued", "submitting", "queued", "submitting", "running"]
    assert job.trouble == ""
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


def test_401_pauses_the_key(make_job: MakeJob, apixo: FakeApixo) -> None:
    first, second = make_job(), make_job()
    apixo.on_post(refusal(401, "Invalid or missing API key"))
    first = step(first)
    assert (first.state, first.money, first.retries) == (State.QUEUED, Money.RESERVED, 0)
    assert "refuses the key" in first.trouble
    second = step(second)
    assert (second.state, second.trouble) == (State.QUEUED, first.trouble)
    assert 29 < wait_s(second) <= 40
    assert len(apixo.posts) == 1
    key = ProviderKey.at("apixo")
    assert key.pause == ProviderKey.Pause.UNAUTHORIZED
    assert 29 < wait_s(key) <= 40
    apixo.on_balance(refusal(401), always=True)
    ask(key)
    assert ProviderKey.at("apixo").blocks_sending
    apixo.behave()
    ask(key)
    assert running(first).trouble == ""
    running(second)


def test_402_pauses_until_the_balance_covers_the_job(make_job: MakeJob, apixo: FakeApixo) -> None:
    first, cheap = make_job(), make_job(resolution="480p")
    assert first.price == Decimal("1.14")
    apixo.on_post(refusal(402, "Insufficient balance"))
    first = step(first)
    assert (first.state, first.money, first.retries) == (State.QUEUED, Money.RESERVED, 0)
    assert "balance" in first.trouble
    key = ProviderKey.at("apixo")
    assert (key.pause, key.needed) == (ProviderKey.Pause.NO_BALANCE, first.price)
    apixo.balance = 1.13
    ask(key)
    assert step(cheap).state == State.QUEUED
    assert len(apixo.posts) == 1
    apixo.balance = 1.14
    ask(key)
    running(first)
    assert ProviderKey.at("apixo").needed == 0


def ask(key: ProviderKey) -> None:
    """The errand of the balance, as if its time had come."""
    ProviderKey.objects.update(due_at=Now())
    assert advance(ProviderKey, key.pk)


def test_429_holds_every_call_back(make_job: MakeJob, apixo: FakeApixo) -> None:
    follower = running(make_job())
    first, second = make_job(), make_job()
    apixo.on_post(refusal(429, Retry_After="17"))
    first = step(first)
    assert (first.state, first.money, first.retries) == (State.QUEUED, Money.RESERVED, 0)
    assert "slow down" in first.trouble
    assert 16 < wait_s(first) < 20
    assert 16 < wait_s(step(second)) < 20
    assert 16 < wait_s(step(follower)) < 20
    key = ProviderKey.at("apixo")
    ask(key)
    assert 29 < wait_s(ProviderKey.at("apixo")) <= 40
    assert (len(apixo.posts), apixo.polls, apixo.balance_calls) == (2, [], 0)
    open_up()
    running(second)
    step(follower)
    ask(key)
    assert (len(apixo.polls), apixo.balance_calls) == (1, 1)


def open_up() -> None:
    """The pause after a 429 is over."""
    ProviderKey.objects.update(paused_until=Now() - timedelta(seconds=1))


def test_429_without_a_header_waits_longer_and_longer_and_is_no_retry(job: Job, apixo: FakeApixo) -> None:
    apixo.on_post(*[answer(429, HTML)] * 7)
    waits = []
    for _ in range(7):
        job = step(job)
        assert (job.state, job.retries) == (State.QUEUED, 0)
        waits.append(wait_s(job))
        open_up()
    roofs = [10, 20, 40, 80, 160, 300, 300]
    assert all(roof - 1 < wait < roof * 1.25 + 2 for wait, roof in zip(waits, roofs, strict=True)), waits
    running(job)
    assert ProviderKey.at("apixo").throttles == 7
    step(job)
    assert ProviderKey.at("apixo").throttles == 0, "a call that went through starts the waits from the bottom"


def test_retry_after_nothing_is_no_storm(job: Job, apixo: FakeApixo) -> None:
    apixo.on_post(refusal(429, Retry_After="0"))
    assert wait_s(step(job)) > 0.9


def test_a_pause_that_comes_while_connecting_withholds_the_post(job: Job, apixo: FakeApixo) -> None:
    def pause(sender: object, **kwargs: object) -> None:
        ProviderKey.at("apixo").throttle(timedelta(seconds=60))

    with signalled(pause):
        job = step(job)
    assert apixo.posts == []
    assert (job.state, job.retries, job.submissions.get().outcome) == (State.QUEUED, 0, "not_sent")
    assert 59 < wait_s(job) < 63
    open_up()
    running(job)


def test_three_403_in_a_row_pause_the_key(make_job: MakeJob, apixo: FakeApixo) -> None:
    apixo.on_post(refusal(403), refusal(403), refusal(400), refusal(403), refusal(403), refusal(403))
    for _ in range(5):
        assert step(make_job()).state == State.FAILED
        assert not ProviderKey.at("apixo").blocks_sending, "the 400 stood between them"
    assert step(make_job()).state == State.FAILED
    held = step(make_job())
    assert (held.state, ProviderKey.at("apixo").pause) == (State.QUEUED, ProviderKey.Pause.FORBIDDEN)
    assert len(apixo.posts) == 6
    ask(ProviderKey.at("apixo"))
    apixo.on_post(refusal(403))
    assert step(held).state == State.FAILED
    assert ProviderKey.at("apixo").blocks_sending, "one more suspends at once"
    ask(ProviderKey.at("apixo"))
    running(make_job())
    assert ProviderKey.at("apixo").strikes == 0


signal_uid = "tests.after_the_attempt"


class signalled:  # noqa: N801 (reads as a word)
    """While in here, `receiver` runs when an attempt's row is written: between the intent and the first byte."""

    def __init__(self, receiver: Callable[..., None]) -> None:
        self.receiver = receiver

    def __enter__(self) -> None:
        post_save.connect(self.receiver, sender=Attempt, dispatch_uid=signal_uid)

    def __exit__(self, *exc_info: object) -> None:
        post_save.disconnect(sender=Attempt, dispatch_uid=signal_uid)


def test_a_lease_lost_before_the_first_byte_writes_nothing(job: Job, apixo: FakeApixo) -> None:
    with signalled(lambda **kwargs: died(job)):
        job = step(job)
    assert apixo.posts == []
    assert job.due_at
    assert (job.state, job.submissions.get().outcome) == (State.SUBMITTING, "not_sent")
    # Whoever finds it next reads in the attempt's row that it is safe to send.
    job = step(job)
    assert (job.state, job.retries) == (State.QUEUED, 1)
    running(job)
    assert len(apixo.posts) == 1


def test_a_lease_taken_over_before_the_first_byte_writes_nothing(job: Job, apixo: FakeApixo) -> None:
    def take_over() -> None:
        died(job)
        assert advance(Job, job.pk)
        assert fresh(job).state == State.UNCERTAIN

    with signalled(lambda **kwargs: on_commit(take_over)):
        job = step(job)
    assert apixo.posts == []
    assert (job.state, job.money) == (State.UNCERTAIN, Money.UNKNOWN)
    assert job.nudged_at, "the other worker is told that there is news"
    job = woken(job)
    assert (job.state, job.money, job.ask_person) == (State.QUEUED, Money.RESERVED, False)
    running(job)
    assert len(apixo.posts) == 1


def test_an_answer_that_comes_after_the_lease_is_kept(job: Job, apixo: FakeApixo) -> None:
    def outlive(line: socket.socket, over: object) -> None:
        died(job)
        assert advance(Job, job.pk)
        answer(200, envelope(data={"taskId": apixo.made[-1]}))(line, apixo.over)

    apixo.on_post(taken_but(outlive))
    job = step(job)
    assert job.state == State.UNCERTAIN
    assert job.submissions.get().task_id == apixo.made[0]
    job = woken(job)
    assert (job.state, job.task_id, job.money) == (State.RUNNING, apixo.made[0], Money.RESERVED)
    assert len(apixo.posts) == 1


def test_a_surprise_while_sending_is_uncertain(
    job: Job, apixo: FakeApixo, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("a bug of ours, after the answer")

    with monkeypatch.context() as patched:
        patched.setattr(Attempt, "record", broken)
        job = step(job)
    assert job.state == State.SUBMITTING
    assert "a bug of ours" in caplog.text
    assert apixo.made[0] in caplog.text, "the log is the last place that knows the task"
    assert 29 < wait_s(job) <= 30
    assert step(job).state == State.UNCERTAIN
    assert len(apixo.posts) == 1


def test_no_room_on_the_disk(job: Job, apixo: FakeApixo, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda path: usage(10**12, 10**12, 600_000_000 - 70_000_000))
        job = step(job)
        assert (job.state, job.money) == (State.QUEUED, Money.RESERVED)
        assert "no room" in job.trouble
        assert 29 < wait_s(job) <= 40
    assert apixo.posts == []
    running(job)


def test_a_key_that_was_taken_away(make_job: MakeJob, apixo: FakeApixo, settings: Settings) -> None:
    follower, queued = running(make_job()), make_job()
    keyless = settings.PROVIDERS | {"apixo": (apixo.url, "")}
    settings.PROVIDERS, with_key = keyless, settings.PROVIDERS
    assert step(follower).state == State.RUNNING
    queued = step(queued)
    assert (queued.state, queued.submissions.count()) == (State.QUEUED, 0)
    assert "key was taken away" in queued.trouble
    settings.PROVIDERS = with_key
    running(queued)


def test_another_providers_job_goes_there(apixo: FakeApixo, team: Team, alice: User, settings: Settings) -> None:
    # A key was added while the sandbox had work to do.
    settings.PROVIDERS = settings.PROVIDERS | {"sandbox": (apixo.url, "sandbox")}
    job = running(factories.job(team, alice, provider="sandbox"))
    assert apixo.posts[0].authorization == "Bearer sandbox"
    assert job.submissions.get().provider == "sandbox"
    assert json.dumps(apixo.posts[0].body).count("/files/") == 2


def test_a_cancelled_job_is_not_sent(job: Job, apixo: FakeApixo) -> None:
    fresh(job).cancel()
    job = fresh(job)
    assert rests(job)
    assert (job.state, job.money, job.due_at) == (State.CANCELLED, Money.RELEASED, None)
    assert apixo.posts == []


def test_cancelled_while_it_is_being_claimed(job: Job, apixo: FakeApixo) -> None:
    claimed = Job.claim(job.pk)
    assert claimed
    fresh(job).cancel()
    with pytest.raises(Stale):
        send(claimed)
    claimed.release()
    assert fresh(job).state == State.CANCELLED
    assert rests(job)
    assert apixo.posts == []


def test_accepting_twice_is_one_task_each(make_job: MakeJob, apixo: FakeApixo) -> None:
    """The provider answers two jobs with one task: the second is uncertain, and a person decides."""
    first = running(make_job())
    apixo.on_post(answer(200, envelope(data={"taskId": first.task_id})))
    second = step(make_job())
    assert (second.state, second.ask_person, second.money) == (State.UNCERTAIN, True, Money.UNKNOWN)
    assert "another job" in second.transitions.latest("pk").why
    assert rests(second)
    second.send_again()
    apixo.on_post(accept)
    assert running(second).task_id != first.task_id
