"""The provider's key in the settings: who may set it, what is told of it, and that it is told to nobody."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests import factories
from tests.page_form import text_of
from wanstudio.accounts.models import User
from wanstudio.activity.models import Activity
from wanstudio.jobs.models.job import Job
from wanstudio.keys import verbs as key_verbs
from wanstudio.keys.models import ProviderKey, StudioKey
from wanstudio.teams.models import Team

CANARY = "sk-canary-5d1f0a77c3e94b21"


def put(client: Client, key: str = CANARY) -> str:
    """The form as it is sent, and the page that follows."""
    answer = client.post(reverse("keys.show"), {"key": key}, follow=True)
    assert answer.status_code == 200
    assert CANARY not in answer.content.decode()
    return text_of(answer)


def in_force(person: User) -> StudioKey:
    """As the worker leaves it."""
    offered = key_verbs.offer("apixo", CANARY, person)
    mine = StudioKey.claim(offered.pk)
    assert mine
    key_verbs.accept(mine, Decimal("74.87"), timedelta(minutes=10))
    return StudioKey.objects.get(pk=offered.pk)


def test_an_offered_key_is_checked_by_the_worker(as_alice: Client, alice: User) -> None:
    shown = put(as_alice, f"  {CANARY}\n")
    assert "Checking the new key, ends in 4b21" in shown
    offered = StudioKey.objects.get()
    assert (offered.state, offered.person) == ("checking", alice)
    fragment = as_alice.get(reverse("keys.show"), headers={"HX-Request": "true"})
    assert "hx-trigger" in fragment.content.decode()
    assert "HX-Refresh" not in fragment


def test_accepted_key_is_shown_with_its_balance(as_alice: Client, alice: User) -> None:
    in_force(alice)
    shown = text_of(as_alice.get(reverse("settings.show")))
    for words in ("Videos are made by APIXO", "ends in 4b21", "It works: $74.87.", "Set by Alice"):
        assert words in shown
    fragment = as_alice.get(reverse("keys.show"), headers={"HX-Request": "true"})
    assert "hx-trigger" not in fragment.content.decode()
    assert fragment["HX-Refresh"] == "true"


def test_refused_key_says_why_and_is_forgotten(as_alice: Client, alice: User) -> None:
    mine = StudioKey.claim(key_verbs.offer("apixo", CANARY, alice).pk)
    assert mine
    key_verbs.refuse(mine, "APIXO rejects this key.")
    shown = text_of(as_alice.get(reverse("settings.show")))
    assert "APIXO rejects this key." in shown
    assert "the previous setting stays" in shown
    as_alice.post(reverse("keys.drop"))
    assert "refuses" not in text_of(as_alice.get(reverse("settings.show")))


@pytest.mark.parametrize("key", ["", "short", "with a space in it", "line\nbreak-in-it", "x" * 401, "schlüssel-umlaut"])
def test_text_that_is_not_a_key_is_refused(key: str, as_alice: Client) -> None:
    put(as_alice, key)
    assert not StudioKey.objects.exists()


def test_key_of_the_environment_wins(as_alice: Client, settings: Settings) -> None:
    settings.PROVIDER = "apixo"
    settings.PROVIDERS = settings.PROVIDERS | {"apixo": (settings.PROVIDERS["apixo"][0], CANARY)}
    shown = put(as_alice, "another-key-of-mine")
    assert "APIXO_API_KEY of the environment, ends in 4b21" in shown
    assert "Nothing was stored" in shown
    assert not StudioKey.objects.exists()


def test_job_goes_to_the_provider_of_the_key_in_force(
    as_alice: Client, alice: User, team: Team, settings: Settings
) -> None:
    settings.WANSTUDIO_URL = "https://studio.example.com"
    made = {"character": factories.character(team, alice).pk, "motion": factories.motion(team, alice).pk}
    form = {"team": team.pk, "behaviour": "animate", "resolution": "480p", "seed_mode": "random", "quoted": "0.57"}
    in_force(alice)
    as_alice.post(reverse("jobs.index"), {**form, **made, "nonce": "6f1d7b0e-8f43-4a53-9b0e-2d5e5c1f7a10"})
    as_alice.post(reverse("keys.remove"))
    as_alice.post(reverse("jobs.index"), {**form, **made, "nonce": "6f1d7b0e-8f43-4a53-9b0e-2d5e5c1f7a11"})
    assert list(Job.objects.order_by("pk").values_list("provider", flat=True)) == ["apixo", "sandbox"]
    assert not StudioKey.objects.get().secret, "nothing was sent with it"


def test_only_the_owner_sets_the_key(as_vera: Client, as_charlie: Client, nobody: Client, as_bob: Client) -> None:
    for client in (as_vera, as_charlie, as_bob):
        for name in ("keys.show", "keys.remove", "keys.drop"):
            assert client.post(reverse(name), {"key": CANARY}).status_code == 404
        assert client.get(reverse("keys.show")).status_code == 404
    assert nobody.post(reverse("keys.show"), {"key": CANARY}).status_code == 302
    assert not StudioKey.objects.exists()


def test_activity_says_who_changed_the_key_and_not_the_key(as_alice: Client, alice: User) -> None:
    put(as_alice)
    in_force(alice)
    as_alice.post(reverse("keys.remove"))
    acts = list(Activity.objects.filter(act__startswith="key.").values_list("act", flat=True))
    assert acts == ["key.offered", "key.offered", "key.set", "key.removed"]
    assert CANARY not in str(list(Activity.objects.values()))
    assert ProviderKey.at("apixo").mark
