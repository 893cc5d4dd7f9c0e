"""The team's webhook, posted to a real receiver that checks the signature with the library."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_httpserver import HTTPServer
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError
from werkzeug import Request, Response

from tests import factories
from tests.page_rows import finished
from wanstudio.accounts.models import User
from wanstudio.activity.models import Activity
from wanstudio.jobs import verbs
from wanstudio.jobs.models.job import Job
from wanstudio.money.models import Money
from wanstudio.notifications.models import Delivery, Notification, Webhook
from wanstudio.notifications.steps import BACKOFF
from wanstudio.notifications.verbs import (
    post_to_webhook,
    rotate_secret,
    send_again,
    set_up_webhook,
)
from wanstudio.review.verbs import Said, add_comment, decide
from wanstudio.teams.models import Team
from wanstudio.work.advance import advance, due

pytestmark = pytest.mark.django_db(transaction=True)


class Receiver:
    """Answers as `answers` say, then with 204; keeps what came."""

    def __init__(self, server: HTTPServer) -> None:
        self.server = server
        self.came: list[Request] = []
        self.answers: list[Response] = []
        server.expect_request("/hook").respond_with_handler(self._answer)
        self.url = server.url_for("/hook")

    def _answer(self, request: Request) -> Response:
        request.get_data()
        self.came.append(request)
        return self.answers.pop(0) if self.answers else Response(status=204)


@pytest.fixture
def receiver(settings: Any, httpserver: HTTPServer) -> Receiver:
    settings.PRIVATE_HOSTS = frozenset({f"{httpserver.host}:{httpserver.port}", f"127.0.0.1:{httpserver.port}"})
    return Receiver(httpserver)


@pytest.fixture
def secret(receiver: Receiver, team: Team, alice: User) -> str:
    return set_up_webhook(team, receiver.url, by=alice)


def posted(team: Team, event: str = "e") -> Delivery:
    made = post_to_webhook(team, "job.ready", event, "“Mira” <!channel> is ready.", {"job": 1})
    assert made
    return made


def step(delivery: Delivery) -> Delivery:
    """Its time has come."""
    Delivery.objects.filter(pk=delivery.pk).update(due_at=timezone.now() - timedelta(seconds=1))
    advance(Delivery, delivery.pk)
    delivery.refresh_from_db()
    return delivery


def test_delivery_is_signed(receiver: Receiver, secret: str, team: Team) -> None:
    delivery = posted(team)
    assert due(Delivery) == [delivery.pk]
    assert step(delivery).arrived_at
    (came,) = receiver.came
    body = Verifier(secret).verify(came.get_data(), dict(came.headers))
    assert body["type"] == "job.ready"
    assert body["data"] == {"job": 1}
    assert body["text"] == "“Mira” &lt;!channel&gt; is ready."
    assert came.headers["Content-Type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        Verifier("whsec_" + "A" * 43 + "=").verify(came.get_data(), dict(came.headers))
    assert delivery.last
    assert (delivery.last["code"], delivery.last["problem"]) == (204, "")
    assert due(Delivery) == []


def test_one_event_is_posted_once(receiver: Receiver, secret: str, team: Team) -> None:
    assert posted(team).pk == posted(team).pk


def test_failed_delivery_is_retried_under_one_id_then_given_up(receiver: Receiver, secret: str, team: Team) -> None:
    receiver.answers = [Response("busy", status=500) for _ in range(len(BACKOFF) + 1)]
    delivery = posted(team)
    for wait in BACKOFF:
        before = timezone.now()
        step(delivery)
        took = timezone.now() - before
        assert delivery.due_at
        assert abs(delivery.due_at - before - wait) < timedelta(seconds=30) + took
    step(delivery)
    assert delivery.gave_up_at
    assert delivery.due_at is None
    assert len({came.headers["webhook-id"] for came in receiver.came}) == 1
    assert len(receiver.came) == len(BACKOFF) + 1
    assert delivery.last
    assert (delivery.last["code"], delivery.last["problem"]) == (500, "busy")


def test_redirects_are_not_followed(receiver: Receiver, secret: str, team: Team) -> None:
    receiver.answers = [Response(status=307, headers={"Location": receiver.server.url_for("/elsewhere")})]
    assert not step(posted(team)).arrived_at
    assert len(receiver.server.log) == 1


def test_private_address_is_not_posted_to(receiver: Receiver, secret: str, team: Team, settings: Any) -> None:
    settings.PRIVATE_HOSTS = frozenset()
    delivery = step(posted(team))
    assert not receiver.came
    assert delivery.last
    assert delivery.last["code"] is None
    assert "https" in delivery.last["problem"]


def test_long_answer_is_cut(receiver: Receiver, secret: str, team: Team) -> None:
    receiver.answers = [Response("x" * 5_000_000, status=400)]
    delivery = step(posted(team))
    assert delivery.last
    assert len(delivery.last["problem"]) == 300


def test_both_secrets_sign_after_a_rotation(receiver: Receiver, secret: str, team: Team, alice: User) -> None:
    fresh = rotate_secret(Webhook.objects.get(), by=alice)
    step(posted(team))
    for fits in (secret, fresh):
        Verifier(fits).verify(receiver.came[0].get_data(), dict(receiver.came[0].headers))
    Webhook.objects.update(old_secret_until=timezone.now())
    step(posted(team, "later"))
    with pytest.raises(WebhookVerificationError):
        Verifier(secret).verify(receiver.came[1].get_data(), dict(receiver.came[1].headers))


def test_secret_is_stored_encrypted(secret: str) -> None:
    assert secret.startswith("whsec_")
    assert secret.removeprefix("whsec_") not in Webhook.objects.get().secret


def test_webhook_is_switched_off_after_five_days_and_the_owner_notified(
    receiver: Receiver, secret: str, team: Team, alice: User, bob: User
) -> None:
    receiver.answers = [Response(status=500)]
    Webhook.objects.update(failing_since=timezone.now() - timedelta(days=5, minutes=1))
    step(posted(team))
    hook = Webhook.objects.get()
    assert hook.disabled_at
    assert [row.person for row in Notification.objects.all()] == [alice]
    assert Activity.objects.filter(act="webhook.disabled").count() == 1
    assert post_to_webhook(team, "job.ready", "x", "x") is None
    set_up_webhook(team, receiver.url, by=alice)
    assert step(posted(team, "y")).arrived_at


def test_arrival_resets_the_days_of_failures(receiver: Receiver, secret: str, team: Team) -> None:
    receiver.answers = [Response(status=500)]
    step(posted(team))
    assert Webhook.objects.get().failing_since
    step(posted(team, "f"))
    assert Webhook.objects.get().failing_since is None


def test_answer_410_switches_the_webhook_off(receiver: Receiver, secret: str, team: Team) -> None:
    receiver.answers = [Response(status=410)]
    assert step(posted(team)).gave_up_at
    assert Webhook.objects.get().disabled_at


def test_delivery_is_sent_again_by_hand(receiver: Receiver, secret: str, team: Team, alice: User) -> None:
    delivery = step(posted(team))
    send_again(delivery, by=alice)
    delivery.refresh_from_db()
    assert step(delivery).arrived_at
    first, second = receiver.came
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert len(delivery.posts) == 2


def test_failed_job_is_posted_with_its_money(receiver: Receiver, secret: str, team: Team, bob: User) -> None:
    claimed = Job.claim(factories.job(team, bob, provider="apixo").pk)
    assert claimed
    verbs.mark_failed(claimed, verbs.Failure("NSFW", "", Money.ASSUMED, "NSFW", cause="The picture was refused."))
    step(Delivery.objects.get())
    body = json.loads(receiver.came[0].get_data())
    assert body["type"] == "job.failed"
    assert body["data"]["job"] == claimed.pk
    assert body["data"]["cause"] == "The picture was refused."
    assert f"${claimed.price} is back" in body["text"]


def test_comments_and_approvals_are_posted(receiver: Receiver, secret: str, team: Team, alice: User, bob: User) -> None:
    video = finished(team, bob)
    add_comment(video, Said("The hands <here>", 1.0), alice)
    decide(video, alice, "approved", "Good.")
    kinds = {}
    for delivery in Delivery.objects.order_by("pk"):
        step(delivery)
        kinds[delivery.kind] = json.loads(delivery.body)
    assert list(kinds) == ["comment.made", "video.approved"]
    assert kinds["comment.made"]["data"]["text"] == "The hands <here>"
    assert "&lt;here&gt;" in kinds["comment.made"]["text"]
    assert kinds["video.approved"]["data"]["note"] == "Good."
