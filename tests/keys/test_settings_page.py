"""The settings page: the checks in words, the switch that stops sending, the balance on request."""

import re
import shutil
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from tests.teams.test_team_page import words
from wanstudio.accounts.models import User
from wanstudio.keys import verbs as key_verbs
from wanstudio.keys.models import ProviderKey
from wanstudio.teams.models import Membership
from wanstudio.work.models import Heartbeat

SENDING, BALANCE = "/settings/sending/", "/settings/balance/"
HTMX = {"HX-Request": "true"}


def test_only_the_owner_sees_the_machine(as_alice: Client, as_bob: Client) -> None:
    assert "This machine" in words(as_alice, "/settings/")
    assert "This machine" not in words(as_bob, "/settings/")
    assert "Appearance" in words(as_bob, "/settings/")


def test_balance_is_shown_with_its_age(as_alice: Client) -> None:
    assert "not checked yet" in words(as_alice, "/settings/")
    ProviderKey.objects.create(provider="sandbox", balance=Decimal("74.87"), balance_at=timezone.now())
    assert "$74.87 just now" in words(as_alice, "/settings/")


@pytest.mark.parametrize(
    ("pause", "sentence"),
    [
        ("unauthorized", "The sandbox does not accept the key."),
        ("no_balance", "The balance of the sandbox’s key is too low."),
        ("forbidden", "The sandbox refused three videos in a row."),
    ],
)
def test_a_paused_key_says_why_and_what_it_means(pause: str, sentence: str, as_alice: Client) -> None:
    ProviderKey.objects.create(provider="sandbox", pause=pause)
    page = words(as_alice, "/settings/")
    assert sentence in page
    assert "Jobs wait in the queue, and nothing is lost." in page


# --- the switch ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [SENDING, BALANCE])
def test_only_the_owner_stops_sending(path: str, as_bob: Client, as_charlie: Client, nobody: Client) -> None:
    assert as_bob.post(path, {"sending": "stop"}).status_code == 404
    assert as_charlie.post(path, {"sending": "stop"}).status_code == 404
    assert nobody.post(path, {"sending": "stop"}).headers["Location"].startswith(reverse("account_login"))
    assert not ProviderKey.objects.exists()


def stopped() -> set[str]:
    return set(ProviderKey.objects.exclude(stopped_at=None).values_list("provider", flat=True))


def test_switch_is_idempotent(as_alice: Client, as_bob: Client) -> None:
    assert "Stop all sending" in words(as_alice, "/settings/")
    for wanted in ("stop", "stop", "nonsense"):
        assert as_alice.post(SENDING, {"sending": wanted}).headers["Location"] == "/settings/"
        assert stopped() == {"apixo", "sandbox"}
    assert as_alice.get(SENDING).status_code == 405

    page = words(as_alice, "/settings/")
    assert "All sending is stopped , just now . Jobs wait in the queue and are not charged." in page
    assert "Start sending again" in page
    theirs = words(as_bob, "/settings/")
    assert "All sending is stopped" in theirs
    assert "Start sending again" not in theirs
    as_alice.post(SENDING, {"sending": "go_on"})
    assert stopped() == set()


# --- the balance --------------------------------------------------------------------------------------


def test_check_again_only_makes_it_due(as_alice: Client, as_bob: Client) -> None:
    key = ProviderKey.at("sandbox")
    key_verbs.note_balance(key, Decimal("74.87"))
    assert "every 2s" not in as_alice.get("/settings/").content.decode()
    assert as_alice.post(BALANCE).headers["Location"] == "/settings/"
    assert key.is_checking

    page = as_alice.get("/settings/").content.decode()
    assert "Checking…" in page
    assert f'hx-get="{BALANCE}" hx-trigger="every 2s"' in page
    assert "Checking…" in as_alice.post(BALANCE, headers=HTMX).content.decode()
    assert as_bob.get(BALANCE, headers=HTMX).status_code == 404

    key_verbs.ask_balance(key, timedelta(minutes=10))
    answer = as_alice.get(BALANCE, headers=HTMX).content.decode()
    assert "every 2s" not in answer
    assert "Check again" in answer
    assert "$74.87" in answer
    assert "<html" not in answer
    assert as_alice.get(BALANCE).headers["Location"] == "/settings/"


def test_the_balance_is_for_who_may_see_the_spending(
    as_alice: Client, as_bob: Client, as_vera: Client, bob: User
) -> None:
    key_verbs.note_balance(ProviderKey.at("sandbox"), Decimal("74.87"))
    for client in (as_bob, as_vera):
        page = client.get("/settings/")
        assert page.status_code == 200
        assert "74.87" not in page.content.decode()
        assert "Balance" not in page.content.decode()
        for answer in (client.get(BALANCE), client.get(BALANCE, headers=HTMX), client.post(BALANCE)):
            assert answer.status_code == 404
    assert not ProviderKey.at("sandbox").is_checking
    Membership.objects.filter(user=bob).update(role=Membership.Role.ADMIN)
    assert "$74.87" in as_bob.get("/settings/").content.decode()
    assert "$74.87" in as_bob.get(BALANCE, headers=HTMX).content.decode()


def test_failed_balance_call_is_shown(as_alice: Client) -> None:
    ProviderKey.objects.create(provider="sandbox", problem="It did not answer.")
    assert "The balance could not be read. It did not answer." in words(as_alice, "/settings/")


# --- the checks ---------------------------------------------------------------------------------------


def check(client: Client, title: str) -> tuple[bool | None, str]:
    checks: Iterable[Any] = client.get("/settings/").context["checks"]
    return next((one.ok, one.sentence) for one in checks if one.title == title)


@pytest.mark.parametrize(
    ("age_s", "ok", "sentence"),
    [
        (2, True, r"Running\. Last heartbeat ([2-9]|\d\d) s ago\."),
        (200, False, r"Not running: last heartbeat 3 min ago\. Jobs wait; restart the studio\."),
        (9000, False, r"Not running: last heartbeat 2 h ago\. Jobs wait; restart the studio\."),
    ],
)
def test_worker_check_says_the_age_of_the_last_heartbeat(age_s: int, ok: bool, sentence: str, as_alice: Client) -> None:
    assert check(as_alice, "Worker") == (False, "Not seen yet. It starts with the studio.")
    Heartbeat.objects.create(name="an older one", seen_at=timezone.now() - timedelta(hours=20))
    Heartbeat.beat("w")
    Heartbeat.objects.filter(name="w").update(seen_at=Now() - timedelta(seconds=age_s))
    is_ok, said = check(as_alice, "Worker")
    assert is_ok == ok
    assert re.fullmatch(sentence, said)


def test_low_disk_is_a_failed_check(as_alice: Client, settings: Settings) -> None:
    ok, sentence = check(as_alice, "Storage")
    assert ok
    assert "space for about" in sentence
    settings.MIN_FREE_BYTES = shutil.disk_usage(settings.DATA_DIR).free * 2
    ok, sentence = check(as_alice, "Storage")
    assert not ok
    assert "B to keep free. Sending is paused until there is space" in sentence


@pytest.mark.parametrize(
    ("url", "ok", "sentence"),
    [
        ("", None, "Not set: people cannot reset their password. Set EMAIL_URL to your mail server."),
        (
            "smtp://me:secret@mail.example.com",
            True,
            "Set. Password links are sent through mail.example.com.",
        ),
        ("console://", True, "Set. Password links are sent."),
    ],
)
def test_mail_check_names_the_server(
    url: str, ok: bool | None, sentence: str, as_alice: Client, settings: Settings
) -> None:
    settings.EMAIL_URL = url
    assert check(as_alice, "Mail") == (ok, sentence)


@pytest.mark.parametrize(
    ("provider", "url", "ok", "sentence"),
    [
        ("sandbox", "", None, "Not set, and not needed in the sandbox. With a key, set WANSTUDIO_URL."),
        ("apixo", "", None, "Not set. Links work; uploads need WANSTUDIO_URL."),
        ("apixo", "https://studio.example.com", True, "https://studio.example.com"),
        ("apixo", "http://localhost:8000", False, "APIXO cannot reach http://localhost:8000."),
    ],
)
def test_public_address_check_says_what_works(
    provider: str, url: str, ok: bool | None, sentence: str, as_alice: Client, settings: Settings
) -> None:
    settings.PROVIDER, settings.WANSTUDIO_URL = provider, url
    is_ok, told = check(as_alice, "Public address")
    assert is_ok == ok
    assert told.startswith(sentence)


def test_key_check_says_what_blocks_it(as_alice: Client, settings: Settings) -> None:
    assert check(as_alice, "APIXO key")[1].startswith("Not set. The sandbox is used")
    settings.PROVIDER = "apixo"
    assert check(as_alice, "APIXO key") == (True, "Set. Videos are made by APIXO and billed to the key.")
    key = ProviderKey.at("apixo")
    key_verbs.back_off(key, timedelta(seconds=60))
    assert check(as_alice, "APIXO key")[1].startswith("APIXO asked us to slow down.")
    key_verbs.suspend(key, ProviderKey.Pause.UNAUTHORIZED, Decimal(0), timedelta(seconds=30))
    refused = "APIXO does not accept the key. Jobs wait in the queue, nothing is lost."
    assert check(as_alice, "APIXO key") == (False, refused)
    key_verbs.stop(key)
    assert check(as_alice, "APIXO key")[1].startswith("Sending is stopped in these settings.")
