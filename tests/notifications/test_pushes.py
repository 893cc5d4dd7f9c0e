"""Web Push, sent to a real push service on loopback that reads each message as the browser would."""

import base64
import json
import os
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.contrib.sessions.models import Session
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from py_vapid import Vapid02
from py_vapid.jwt import decode
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.notifications.test_push_encryption import decrypted
from wanstudio.accounts.models import User
from wanstudio.encryption.encrypted_fields import rotate
from wanstudio.notifications import push_devices
from wanstudio.notifications.models import Kind, Notification
from wanstudio.notifications.push_rows import MAX_DEVICES, Push, PushDevice, PushKey
from wanstudio.notifications.verbs import Event, mark_read, notify
from wanstudio.teams.models import Membership, Team
from wanstudio.work.advance import advance, due

pytestmark = pytest.mark.django_db(transaction=True)
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/150.0.0.0 Safari/537.36"


def text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class Browser:
    """One that is signed in, with the keys of its subscription at a push service."""

    client: Client
    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = field(default_factory=lambda: os.urandom(16))

    def gives(self, **other: str) -> dict[str, str]:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"endpoint": self.endpoint, "p256dh": text(point), "auth": text(self.auth), **other}

    def asks(self, **other: str) -> Any:
        assert self.client.post(reverse("push.key")).status_code == 200
        return self.client.post(reverse("push.add"), self.gives(**other), headers={"User-Agent": CHROME})

    def reads(self, came: Request) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(decrypted(came.get_data(), self.key, self.auth))
        return said


class PushService:
    """Answers as `answers` say, then with 201; keeps what came."""

    def __init__(self, server: HTTPServer) -> None:
        self.came: list[Request] = []
        self.answers: list[Response] = []
        self.server = server
        self.origin = f"http://{server.host}:{server.port}"
        server.expect_request("/push").respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        request.get_data()
        self.came.append(request)
        return self.answers.pop(0) if self.answers else Response(status=201)


@pytest.fixture
def service(settings: Any, httpserver: HTTPServer) -> PushService:
    settings.PRIVATE_HOSTS = frozenset({f"{httpserver.host}:{httpserver.port}"})
    return PushService(httpserver)


@pytest.fixture
def phone(service: PushService, client: Client, alice: User) -> Browser:
    client.force_login(alice)
    return Browser(client, f"{service.origin}/push?device=1")


def happens(team: Team, person: User, key: str = "job 1 ready", kind: Kind = Kind.READY) -> Notification:
    with transaction.atomic():
        notify([person], Event(team, kind, key, "“Mira walks” is ready.", "A secret detail."))
    return Notification.objects.get(person=person, event=key)


def step(wait: timedelta = timedelta(0)) -> Push | None:
    """The time of the only one has come; None if it is gone after that."""
    push = Push.objects.get(due_at__isnull=False)
    Push.objects.filter(pk=push.pk).update(due_at=timezone.now() - timedelta(seconds=1))
    advance(Push, push.pk)
    return Push.objects.filter(pk=push.pk).first()


def test_push_is_encrypted_for_the_browser_and_signed_for_its_service(
    phone: Browser, service: PushService, team: Team, alice: User
) -> None:
    key = phone.client.post(reverse("push.key")).json()["key"]
    assert phone.asks().status_code == 204
    row = happens(team, alice)
    pushed = step()
    assert pushed
    assert pushed.sent_at
    (came,) = service.came
    said = phone.reads(came)
    assert said == {"id": row.pk, "title": "“Mira walks” is ready.", "url": f"/notifications/{row.pk}/"}
    assert b"Mira" not in came.get_data()
    assert came.headers["Content-Encoding"] == "aes128gcm"
    assert came.headers["TTL"] == "86400"
    assert Vapid02.verify(came.headers["Authorization"])
    token, ours = (part.split("=", 1)[1] for part in came.headers["Authorization"].split(" ")[1].split(","))
    assert ours == key
    claims = decode(token, key)
    assert claims["aud"] == service.origin
    assert 0 < claims["exp"] - time.time() <= 24 * 60 * 60
    assert claims["sub"].startswith(("mailto:", "https:"))
    assert due(Push) == []


def test_studio_has_one_key_pair_and_keeps_it_encrypted(phone: Browser) -> None:
    keys = {phone.client.post(reverse("push.key")).json()["key"] for _ in range(2)}
    (kept,) = PushKey.objects.all()
    assert keys == {kept.public}
    assert "PRIVATE" not in kept.private


def test_nothing_is_pushed_before_a_browser_asks_and_only_what_phones_are_for(
    phone: Browser, service: PushService, team: Team, alice: User
) -> None:
    happens(team, alice)
    phone.asks()
    happens(team, alice, "job 2 failed", Kind.FAILED)
    happens(team, alice, "comment 1", Kind.COMMENT)
    assert not Push.objects.exists()
    happens(team, alice, "comment 2 mentions", Kind.MENTIONED)
    happens(team, alice, "comment 2 mentions", Kind.MENTIONED)
    assert Push.objects.count() == 1
    assert not service.came


@pytest.mark.parametrize("status", [404, 410])
def test_device_that_the_service_no_longer_knows_is_removed(
    phone: Browser, service: PushService, team: Team, alice: User, status: int
) -> None:
    phone.asks()
    service.answers = [Response(status=status)]
    happens(team, alice)
    assert step() is None
    assert not PushDevice.objects.exists()


def test_busy_service_is_asked_again_when_it_says(
    phone: Browser, service: PushService, team: Team, alice: User
) -> None:
    phone.asks()
    service.answers = [Response(status=429, headers={"Retry-After": "1800"}), Response(status=503)]
    happens(team, alice)
    before = timezone.now()
    pushed = step()
    took = timezone.now() - before
    assert pushed
    assert pushed.due_at
    assert timedelta(seconds=1799) < pushed.due_at - before <= timedelta(seconds=1800) + took
    assert PushDevice.objects.get().problem == "The push service answered 429."
    step()
    assert Push.objects.get().due_at
    pushed = step()
    assert pushed
    assert pushed.sent_at
    assert PushDevice.objects.get().problem == ""
    assert len(service.came) == 3


def test_refused_message_is_given_up_and_the_page_says_why(
    phone: Browser, service: PushService, team: Team, alice: User
) -> None:
    phone.asks()
    service.answers = [Response(status=403)]
    happens(team, alice)
    pushed = step()
    assert pushed
    assert pushed.gave_up_at
    assert "The push service answered 403." in phone.client.get(reverse("notifications.choices")).content.decode()


def test_push_that_came_too_late_or_was_read_is_not_sent(
    phone: Browser, service: PushService, team: Team, alice: User
) -> None:
    phone.asks()
    happens(team, alice)
    Push.objects.update(created_at=timezone.now() - timedelta(hours=25))
    step()
    happens(team, alice, "job 2 ready")
    mark_read(Notification.objects.filter(event="job 2 ready"))
    step()
    assert Push.objects.filter(gave_up_at__isnull=False).count() == 2
    assert not service.came


def sign_out(client: Client, person: User, team: Team) -> None:
    client.post(reverse("account_logout"))


def sign_out_elsewhere(client: Client, person: User, team: Team) -> None:
    Session.objects.all().delete()


def change_password_elsewhere(client: Client, person: User, team: Team) -> None:
    person.set_password("another-long-password")
    person.save()


def disable(client: Client, person: User, team: Team) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False)


@pytest.mark.parametrize("end", [sign_out, sign_out_elsewhere, change_password_elsewhere, disable])
def test_browser_whose_sign_in_is_over_gets_nothing_and_is_forgotten(
    phone: Browser, service: PushService, team: Team, alice: User, end: Any
) -> None:
    phone.asks()
    happens(team, alice)
    end(phone.client, alice, team)
    assert step() is None
    assert not PushDevice.objects.exists()
    assert not service.came


def test_removed_member_gets_nothing(phone: Browser, service: PushService, team: Team, alice: User) -> None:
    phone.asks()
    happens(team, alice)
    Membership.objects.filter(user=alice).delete()
    pushed = step()
    assert pushed
    assert pushed.gave_up_at
    assert not service.came


def test_own_new_password_keeps_this_browser_on(phone: Browser, service: PushService, team: Team, alice: User) -> None:
    alice.set_password("correct-horse-battery")
    alice.save()
    phone.client.force_login(alice)
    phone.asks()
    words = {
        "oldpassword": "correct-horse-battery",
        "password1": "nine-lives-of-a-cat",
        "password2": "nine-lives-of-a-cat",
    }
    answer = phone.client.post(reverse("account_change_password"), words)
    assert answer.status_code == 302, answer.content.decode()
    happens(team, alice)
    pushed = step()
    assert pushed
    assert pushed.sent_at


@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint": "http://push.example.com/x"},
        {"endpoint": "https://127.0.0.1/x"},
        {"endpoint": "https://10.0.0.1/x"},
        {"endpoint": "https://[2606:4700::1111]/x"},
        {"endpoint": "https://push.example.com:25/x"},
        {"endpoint": "https://push.internal/x"},
        {"endpoint": "file:///etc/passwd"},
        {"endpoint": "https://push.example.com/" + "x" * 1000},
        {"p256dh": "AAAA"},
        {"p256dh": text(b"\x04" + b"\x01" * 64)},
        {"p256dh": "ü" * 20},
        {"auth": "AAAA"},
        {"auth": ""},
    ],
)
def test_subscription_that_cannot_be_right_is_refused_with_a_sentence(phone: Browser, wrong: dict[str, str]) -> None:
    answer = phone.asks(**wrong)
    assert answer.status_code == 422
    assert answer.content.decode().endswith((".", ").")), answer.content
    assert not PushDevice.objects.exists()


def test_name_that_leads_to_a_private_address_gets_no_byte(
    phone: Browser, service: PushService, settings: Any, team: Team, alice: User
) -> None:
    phone.asks()
    # As a name that resolves to loopback would be: it is looked up at each message.
    settings.PRIVATE_HOSTS = frozenset()
    PushDevice.objects.update(endpoint=phone.endpoint.replace("http:", "https:"))
    happens(team, alice)
    pushed = step()
    assert pushed
    assert pushed.due_at
    assert not service.came


def test_device_is_listed_and_removed_by_its_person_alone(
    phone: Browser, service: PushService, team: Team, alice: User, bob: User
) -> None:
    phone.asks()
    assert "Chrome on Linux" in phone.client.get(reverse("notifications.choices")).content.decode()
    device = PushDevice.objects.get()
    other = Client()
    other.force_login(bob)
    assert other.post(reverse("push.remove"), {"device": device.pk}).status_code == 404
    assert "Chrome on Linux" not in other.get(reverse("notifications.choices")).content.decode()
    happens(team, alice)
    assert phone.client.post(reverse("push.remove"), {"device": device.pk}).status_code == 302
    assert not Push.objects.exists()


def test_same_browser_is_one_device_and_belongs_to_who_asked_last(
    phone: Browser, service: PushService, team: Team, alice: User, bob: User
) -> None:
    phone.asks()
    phone.asks()
    assert PushDevice.objects.get().person == alice
    phone.client.force_login(bob)
    phone.asks()
    assert PushDevice.objects.get().person == bob


def test_only_the_newest_devices_of_a_person_stay(phone: Browser, service: PushService) -> None:
    for number in range(MAX_DEVICES + 2):
        phone.endpoint = f"{service.origin}/push?device={number}"
        phone.asks()
    assert PushDevice.objects.count() == MAX_DEVICES
    assert not PushDevice.objects.filter(endpoint__endswith="device=1").exists()


def test_rotated_encryption_key_still_reaches_the_browser(
    phone: Browser, service: PushService, team: Team, alice: User
) -> None:
    phone.asks()
    before = (PushKey.objects.get().private, PushDevice.objects.get().auth)
    assert rotate(drop_old=True).unreadable == []
    assert not {PushKey.objects.get().private, PushDevice.objects.get().auth} & {*before}
    happens(team, alice)
    pushed = step()
    assert pushed
    assert pushed.sent_at
    assert phone.reads(service.came[0])["title"]


def test_key_pair_that_cannot_be_read_is_replaced_and_browsers_ask_again(phone: Browser, alice: User) -> None:
    first = push_devices.public_key()
    phone.asks()
    PushKey.objects.update(private="of another encryption key")
    assert push_devices.public_key() != first
    assert not PushDevice.objects.exists()
