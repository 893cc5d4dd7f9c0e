"""Spend requests: what does not fit under a cap is asked for, and becomes one job when someone allows it."""

import re
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail as outbox
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests.ledger_check import disagreements
from tests.page_form import post, text_of
from tests.spending import ask, cap
from wanstudio.accounts.models import User
from wanstudio.jobs.models.job import Job
from wanstudio.money.models import Entry
from wanstudio.requests.models import SpendRequest
from wanstudio.teams.models import Membership, Team
from wanstudio.work.mails import Mail

P = Decimal("1.14")


def test_asked_allowed_and_made_once(
    as_bob: Client, as_alice: Client, team: Team, bob: User, alice: User, form: dict[str, Any]
) -> None:
    cap(team, "0", bob)
    nonce = uuid4()
    asked = ask(as_bob, team, form, nonce=nonce, note="The  launch\nfilm")
    assert ask(as_bob, team, form, nonce=nonce) == asked
    assert (asked.note, asked.price, asked.person) == ("The launch film", P, bob)
    assert not Entry.objects.exists()
    assert "You asked to spend $1.14 on Mira and walk." in text_of(as_bob.get("/"))
    assert "Bob asks to spend $1.14" in text_of(as_alice.get("/team/"))
    assert "Bob asks to spend $1.14" in text_of(as_alice.get("/"))
    url = reverse("requests.decide", args=[asked.pk])
    assert as_bob.post(url, {"decision": "allow", "price": "1.14"}).status_code == 404
    assert not Job.objects.exists()
    for _ in range(2):
        as_alice.post(url, {"decision": "allow", "price": "1.14"})
    job = Job.objects.get()
    assert (job.person, job.prompt, job.nonce, job.price) == (bob, "Keep the coat", nonce, P)
    asked.refresh_from_db()
    assert (asked.state, asked.decided_by, asked.job) == ("granted", alice, job)
    assert post(as_bob, team, **form, nonce=nonce).headers["Location"] == reverse("jobs.show", args=[job.pk])
    assert "Alice approved $1.14." in text_of(as_bob.get("/"))
    assert disagreements() == []


def test_declined_request_says_why(
    as_bob: Client, as_alice: Client, team: Team, bob: User, form: dict[str, Any]
) -> None:
    cap(team, "0", bob)
    asked = ask(as_bob, team, form)
    url = reverse("requests.decide", args=[asked.pk])
    as_alice.post(url, {"decision": "decline", "word": "Try 480p first"})
    said = text_of(as_bob.get(reverse("requests.show", args=[asked.pk])))
    assert "Alice declined it : “Try 480p first”" in said.replace("it:", "it :")
    assert "“Try 480p first” Nothing was sent." in text_of(as_bob.get("/"))
    as_alice.post(url, {"decision": "allow", "price": "1.14"})
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("end", "says"),
    [
        ({"decision": "decline", "word": "Try 480p first"}, "Alice declined this $1.14: “Try 480p first”"),
        ({"decision": "withdraw"}, "The request for this $1.14 was cancelled."),
        ({}, "The request for this $1.14 expired without a decision."),
    ],
)
def test_the_form_of_what_was_decided_asks_anew(
    end: dict[str, str],
    says: str,
    as_bob: Client,
    as_alice: Client,
    team: Team,
    bob: User,
    form: dict[str, Any],
) -> None:
    cap(team, "0", bob)
    asked = ask(as_bob, team, form, note="For the launch")
    if end:
        decider = as_bob if end["decision"] == "withdraw" else as_alice
        decider.post(reverse("requests.decide", args=[asked.pk]), end)
    else:
        SpendRequest.objects.update(expires_at=asked.created_at)
    told = Mail.objects.count()
    for _ in range(2):
        answer = post(as_bob, team, **form, ask="1", nonce=asked.nonce, note="For the launch")
        assert answer.status_code == 409
        assert says in text_of(answer)
        assert "Nothing new was requested, sent or charged." in text_of(answer)
    assert (SpendRequest.objects.count(), Mail.objects.count()) == (1, told)
    html = answer.content.decode()
    assert "Keep the coat" in html
    assert 'value="For the launch"' in html
    (fresh,) = re.findall(r'name="nonce" value="([^"]+)"', html)
    assert ask(as_bob, team, form, nonce=fresh) != asked


def test_a_page_that_came_back_asks_for_something_new(
    as_bob: Client, team: Team, bob: User, form: dict[str, Any]
) -> None:
    cap(team, "0", bob)
    asked = ask(as_bob, team, form)
    html = as_bob.get(reverse("studio.price"), {**form, "nonce": asked.nonce}).content.decode()
    assert 'name="nonce"' in html
    assert str(asked.nonce) not in html


def test_withdrawn_by_who_asked_only(
    as_bob: Client, as_alice: Client, as_charlie: Client, team: Team, bob: User, form: dict[str, Any]
) -> None:
    cap(team, "0", bob)
    asked = ask(as_bob, team, form)
    url = reverse("requests.decide", args=[asked.pk])
    assert as_alice.post(url, {"decision": "withdraw"}).status_code == 404
    assert as_charlie.post(url, {"decision": "withdraw"}).status_code == 404
    assert as_charlie.get(reverse("requests.show", args=[asked.pk])).status_code == 404
    as_bob.post(url, {"decision": "withdraw"})
    asked.refresh_from_db()
    assert asked.state == "withdrawn"


def test_undecided_request_expires(
    as_bob: Client, as_alice: Client, team: Team, bob: User, form: dict[str, Any]
) -> None:
    cap(team, "0", bob)
    asked = ask(as_bob, team, form)
    SpendRequest.objects.update(expires_at=asked.created_at)
    as_alice.post(reverse("requests.decide", args=[asked.pk]), {"decision": "allow", "price": "1.14"})
    assert not Job.objects.exists()
    assert "The request expired: no decision within seven days." in text_of(
        as_bob.get(reverse("requests.show", args=[asked.pk]))
    )


def test_a_price_that_changed_is_said_first(
    as_bob: Client, as_alice: Client, team: Team, bob: User, form: dict[str, Any], settings: Settings
) -> None:
    cap(team, "0", bob)
    asked = ask(as_bob, team, form)
    settings.PRICES = [(day, {name: 2 * price for name, price in row.items()}) for day, row in settings.PRICES]
    page, url = (reverse(f"requests.{name}", args=[asked.pk]) for name in ("show", "decide"))
    assert "The price is now $2.27. It was $1.14 when requested." in text_of(as_alice.get(page))
    as_alice.post(url, {"decision": "allow", "price": "1.14"})
    assert not Job.objects.exists()
    as_alice.post(url, {"decision": "allow", "price": "2.27"})
    assert Job.objects.get().price == Decimal("2.27")


def test_only_an_owner_decides_their_own_request(
    as_bob: Client, as_alice: Client, team: Team, alice: User, bob: User, form: dict[str, Any]
) -> None:
    cap(team, "0")
    Membership.objects.filter(user=bob).update(role=Membership.Role.ADMIN)
    for client, answer, jobs in ((as_bob, 404, 0), (as_alice, 302, 1)):
        asked = ask(client, team, form)
        url = reverse("requests.decide", args=[asked.pk])
        assert client.post(url, {"decision": "allow", "price": "1.14"}).status_code == answer
        assert Job.objects.count() == jobs


def test_request_of_a_former_member_makes_no_job(
    as_bob: Client, as_alice: Client, team: Team, bob: User, form: dict[str, Any]
) -> None:
    cap(team, "0", bob)
    asked = ask(as_bob, team, form)
    Membership.objects.filter(user=bob).delete()
    url = reverse("requests.decide", args=[asked.pk])
    said = text_of(as_alice.post(url, {"decision": "allow", "price": "1.14"}, follow=True))
    assert "Bob no longer makes videos in this team." in said
    assert not Job.objects.exists()


def test_request_is_not_made_where_there_is_room_by_now(
    as_bob: Client, team: Team, bob: User, form: dict[str, Any]
) -> None:
    answer = post(as_bob, team, **form, ask="1")
    assert answer.status_code == 409
    assert "The price now fits the cap. Nothing was requested or sent. Press Generate." in text_of(answer)
    assert not Job.objects.exists()
    assert not SpendRequest.objects.exists()


def test_the_mail_grants_once_and_looking_grants_nothing(
    as_bob: Client, nobody: Client, team: Team, alice: User, bob: User, form: dict[str, Any], settings: Settings
) -> None:
    settings.EMAIL_URL = "smtp://127.0.0.1"
    cap(team, "0", bob)
    ask(as_bob, team, form, note="For the launch")
    mail = Mail.objects.get()
    assert (mail.to, mail.subject) == (alice.email, "Bob asks to spend $1.14")
    path = re.findall(r"http://[^/]+(/spending/by-mail/\S+)", mail.text)[0]
    for _ in range(3):
        page = nobody.get(path)
        assert page.status_code == 200
        assert "no-store" in page.headers["Cache-Control"]
    assert not Job.objects.exists()
    assert nobody.get(path[:-6] + "AAAAA/").status_code == 404
    nobody.post(path, {"decision": "allow", "price": "1.14"})
    nobody.post(path, {"decision": "allow", "price": "1.14"})
    assert Job.objects.get().spend_request.decided_by == alice
    assert "Alice approved it" in text_of(nobody.get(path))
    assert Mail.objects.latest("pk").to == bob.email
    assert not outbox.outbox


def test_mail_link_of_a_demoted_owner_decides_nothing(
    as_bob: Client, nobody: Client, team: Team, alice: User, bob: User, form: dict[str, Any], settings: Settings
) -> None:
    settings.EMAIL_URL = "smtp://127.0.0.1"
    cap(team, "0", bob)
    ask(as_bob, team, form)
    path = re.findall(r"http://[^/]+(/spending/by-mail/\S+)", Mail.objects.get().text)[0]
    Membership.objects.filter(user=alice).update(role=Membership.Role.CREATOR)
    assert nobody.get(path).status_code == nobody.post(path, {"decision": "allow", "price": "1.14"}).status_code == 404
    assert not Job.objects.exists()


@pytest.mark.parametrize("price", ["", "NaN", "sNaN", "Infinity", "1.141", "-1.14", "1e999999999", "1,14"])
def test_invalid_price_allows_nothing(
    price: str, as_bob: Client, as_alice: Client, team: Team, bob: User, form: dict[str, Any]
) -> None:
    cap(team, "0", bob)
    asked = ask(as_bob, team, form)
    url = reverse("requests.decide", args=[asked.pk])
    assert as_alice.post(url, {"decision": "allow", "price": price}).status_code == 302
    assert not Job.objects.exists()
    asked.refresh_from_db()
    assert asked.is_open


def test_what_was_asked_in_the_sandbox_is_not_allowed_with_real_money(
    as_bob: Client, as_alice: Client, team: Team, bob: User, form: dict[str, Any], settings: Settings
) -> None:
    cap(team, "0", bob)
    asked = ask(as_bob, team, form)
    settings.PROVIDER = "apixo"
    url = reverse("requests.decide", args=[asked.pk])
    said = text_of(as_alice.post(url, {"decision": "allow", "price": "1.14"}, follow=True))
    assert "This request was for the sandbox, which is no longer used. Nothing was sent" in said
    assert not Job.objects.exists()
    as_alice.post(url, {"decision": "decline"})
    asked.refresh_from_db()
    assert asked.state == "declined"
