"""The provider's door: whatever comes through it is a hint, and only with a token of ours."""

import gzip
import json
import socket
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests import factories
from wanstudio.accounts.models import User
from wanstudio.jobs import verbs
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.jobs.views import job_decisions as hooks
from wanstudio.money.models import Money
from wanstudio.teams.models import Team
from wanstudio.uploads.models import Source

Post = Callable[..., int]


@pytest.fixture
def attempt(team: Team, alice: User) -> Attempt:
    """The attempt of a job that is being sent."""
    job = Job.claim(factories.job(team, alice).pk)
    assert job
    return verbs.begin_submitting(job, callback=True)


@pytest.fixture
def post(attempt: Attempt) -> Post:
    """Send a body to the door of the attempt; the status of the answer."""

    def send(body: bytes | object, token: str | None = None) -> int:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        address = reverse("hooks.apixo", args=[token or attempt.callback_token])
        # A provider brings neither a session nor a CSRF token.
        return Client(enforce_csrf_checks=True).post(address, content, content_type="application/json").status_code

    return send


def terminal(task_id: object = "task_1", **data: object) -> dict[str, object]:
    return {"code": 200, "message": "success", "data": {"taskId": task_id, "state": "success", **data}}


def written(attempt: Attempt) -> tuple[str, bool]:
    """The hint, and whether the job was nudged."""
    attempt.refresh_from_db()
    return attempt.hinted_task_id, Job.objects.get(pk=attempt.job_id).nudged_at is not None


def test_a_callback_is_a_hint(post: Post, attempt: Attempt) -> None:
    before = Job.objects.get(pk=attempt.job_id)
    assert post(terminal()) == 200
    assert written(attempt) == ("task_1", True)
    after = Job.objects.get(pk=attempt.job_id)
    assert (after.state, after.due_at, after.lease_token) == (before.state, before.due_at, before.lease_token)
    assert attempt.task_id == ""


def test_any_number_of_copies_is_one_hint(post: Post, attempt: Attempt) -> None:
    for _ in range(5):
        assert post(terminal()) == 200
    assert post(terminal("task_2")) == 200
    assert written(attempt) == ("task_1", True)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda attempt: f"{attempt.pk}.",
        lambda attempt: f"{attempt.pk}",
        lambda attempt: f"{attempt.pk + 1}.{attempt.callback_token.split('.')[1]}",
        lambda attempt: attempt.callback_token[:-1],
        lambda attempt: attempt.callback_token + "x",
        lambda attempt: attempt.callback_token.swapcase(),
        lambda attempt: "." + attempt.callback_token.split(".")[1],
        lambda attempt: f"-{attempt.callback_token}",
        lambda attempt: f"٣.{attempt.callback_token.split('.')[1]}",
        lambda attempt: "9" * 40 + ".x",
        lambda attempt: "é.é",
    ],
)
def test_a_wrong_token_is_404_and_nothing_is_written(post: Post, attempt: Attempt, spoil: Callable[..., str]) -> None:
    assert post(terminal(), token=spoil(attempt)) == 404
    assert written(attempt) == ("", False)


def test_a_token_of_a_row_that_is_gone(post: Post, attempt: Attempt) -> None:
    gone = Attempt(pk=attempt.pk + 1000)
    assert post(terminal(), token=gone.callback_token) == 404


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 60_000,
        b'{"data":[]}',
        b'{"data":{}}',
        b'{"data":{"taskId":null}}',
        b'{"data":{"taskId":["a"]}}',
        b'{"data":{"taskId":""}}',
        b'{"data":{"taskId":"a\\u0000b"}}',
        b'{"data":{"taskId":"\\ud800"}}',
        b'{"data":{"taskId":"' + b"t" * 201 + b'"}}',
        b'{"data":{"taskId":"t"},"x":1e9999999999999999999}',
    ],
)
def test_garbage_only_wakes_the_worker(post: Post, attempt: Attempt, body: bytes) -> None:
    assert post(body) == 200
    assert written(attempt) == ("", True)


def test_a_numeric_task_id_is_an_id(post: Post, attempt: Attempt) -> None:
    post(terminal(12345678))
    assert written(attempt) == ("12345678", True)


def test_a_body_over_64_kib_is_refused(post: Post, attempt: Attempt) -> None:
    most = json.dumps(terminal()).encode().ljust(64 * 1024)
    assert post(most + b" ") == 413
    assert written(attempt) == ("", False)
    assert post(most) == 200
    assert written(attempt) == ("task_1", True)


@pytest.mark.parametrize("announced", ["65537", "9" * 30])
def test_a_body_that_says_it_is_too_long_is_not_read(attempt: Attempt, announced: str) -> None:
    class Unread:
        def read(self, size: int = -1) -> bytes:
            raise AssertionError("it was read")

        readline = read

    address = reverse("hooks.apixo", args=[attempt.callback_token])
    request = RequestFactory().post(address)
    request.META |= {"CONTENT_LENGTH": announced, "wsgi.input": Unread()}
    assert hooks.callback(request, attempt.callback_token).status_code == 413
    assert written(attempt) == ("", False)


def test_a_wrong_token_costs_no_write_and_no_body(attempt: Attempt) -> None:
    address = reverse("hooks.apixo", args=[attempt.callback_token[:-1]])
    with CaptureQueriesContext(connection) as queries:
        assert Client().post(address, b"{}", content_type="application/json").status_code == 404
    assert [query["sql"] for query in queries if not query["sql"].startswith("SELECT")] == []


def test_copies_write_nothing(post: Post, attempt: Attempt) -> None:
    assert post(terminal()) == 200
    with CaptureQueriesContext(connection) as queries:
        assert [post(terminal()), post({})] == [200, 200]
    assert [query["sql"] for query in queries if not query["sql"].startswith("SELECT")] == []
    Job.objects.update(nudged_at=None)
    assert post(terminal()) == 200
    assert written(attempt) == ("task_1", True)


def test_a_compressed_body_is_only_a_nudge(post: Post, attempt: Attempt) -> None:
    assert post(gzip.compress(json.dumps(terminal()).encode())) == 200
    assert written(attempt) == ("", True)


@pytest.mark.parametrize("state", [State.DONE, State.FAILED, State.CANCELLED])
def test_a_job_that_has_ended_is_not_woken_but_its_attempt_is(post: Post, attempt: Attempt, state: State) -> None:
    Job.objects.update(state=state, nudged_at=None)
    assert post({}) == 200
    assert (written(attempt), attempt.nudged_at) == (("", False), None)
    assert post(terminal()) == 200
    assert written(attempt) == ("task_1", False)
    assert attempt.nudged_at


def test_a_task_that_is_in_custody_wakes_nobody(post: Post, attempt: Attempt) -> None:
    Job.objects.update(state=State.DONE, task_id="task_1", money=Money.SETTLED, nudged_at=None)
    assert post(terminal()) == 200
    assert (written(attempt), attempt.nudged_at) == (("", False), None)


def test_whoever_follows_the_task_is_woken(post: Post, attempt: Attempt, team: Team, alice: User) -> None:
    other = factories.job(team, alice)
    Job.objects.filter(pk=other.pk).update(state=State.RUNNING, task_id="task_1", recovered_from=attempt)
    Job.objects.filter(pk=attempt.job_id).update(state=State.FAILED, nudged_at=None)
    assert post(terminal()) == 200
    assert written(attempt) == ("", False)
    assert Job.objects.get(pk=other.pk).nudged_at


@pytest.mark.parametrize("method", ["get", "put", "delete", "head"])
def test_only_posts(attempt: Attempt, method: str) -> None:
    response = getattr(Client(), method)(reverse("hooks.apixo", args=[attempt.callback_token]))
    assert response.status_code == 405
    assert written(attempt) == ("", False)


def test_forged_success_fetches_nothing(post: Post, attempt: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
    def outbound(*args: object, **kwargs: object) -> None:
        raise AssertionError("the door called out")

    monkeypatch.setattr(socket.socket, "connect", outbound)
    monkeypatch.setattr(socket, "getaddrinfo", outbound)
    forged = terminal(resultJson='{"resultUrls":["http://169.254.169.254/latest/meta-data"]}')
    assert post(forged) == 200
    job = Job.objects.get(pk=attempt.job_id)
    assert (job.state, job.result_urls, job.task_id) == (State.SUBMITTING, [], "")
    assert Source.objects.filter(due_at__isnull=False).count() == 0
