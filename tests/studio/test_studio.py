"""The studio's page and its price: what is chosen, what it costs, and why."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from tests import factories
from wanstudio.accounts.models import User
from wanstudio.jobs import verbs
from wanstudio.keys import verbs as key_verbs
from wanstudio.keys.models import ProviderKey
from wanstudio.teams.models import Membership, Team
from wanstudio.uploads.models import Source

# --- the page -----------------------------------------------------------------------------------------


def test_page_needs_a_session(as_alice: Client, nobody: Client) -> None:
    assert as_alice.get("/").status_code == 200
    assert nobody.get("/").headers["Location"].startswith(reverse("account_login"))


def test_address_names_what_is_chosen(as_alice: Client, character: Source, motion: Source) -> None:
    page = as_alice.get("/", {"character": character.pk, "motion": motion.pk})
    html = page.content.decode()

    assert f'name="character" value="{character.pk}"' in html
    assert f'name="motion" value="{motion.pk}"' in html
    assert "14.2 s × $0.04 = $0.57" in html
    assert 'name="quoted" value="0.57"' in html
    assert "data-incomplete" not in html


def test_upload_of_another_team_cannot_be_chosen(as_alice: Client, charlie: User) -> None:
    theirs = factories.motion(charlie.teams.get(), charlie, name="Theirs alone")
    html = as_alice.get("/", {"motion": theirs.pk}).content.decode()

    assert f'name="motion" value="{theirs.pk}"' not in html
    assert theirs.name not in html


def test_earlier_job_fills_the_form(as_alice: Client, team: Team, alice: User) -> None:
    job = factories.job(team, alice, behaviour="replace", prompt="Keep the coat", resolution="720p", seed=99)
    anew = as_alice.get("/", {"from": job.pk}).content.decode()
    same = as_alice.get(f"/?from={job.pk}&same").content.decode()

    assert f'name="character" value="{job.character_id}"' in anew
    assert "Keep the coat" in anew
    assert re.search(r'value="replace"[^>]* checked', anew)
    assert re.search(r'value="random"[^>]* checked', anew)
    assert re.search(r'value="fixed"[^>]* checked', same)
    assert 'name="seed" value="99"' in same


def test_number_of_queries_does_not_grow_with_uploads(
    as_alice: Client, team: Team, alice: User, django_assert_max_num_queries: Any
) -> None:
    for _ in range(12):
        factories.motion(team, alice)
        factories.character(team, alice)
        factories.job(team, alice)
    with django_assert_max_num_queries(20):
        as_alice.get("/")


# --- the price ----------------------------------------------------------------------------------------


def ask(client: Client, **fields: Any) -> str:
    return client.get(reverse("studio.price"), fields).content.decode()


def test_empty_card_shows_the_minimum_charge(as_alice: Client) -> None:
    html = ask(as_alice, resolution="720p")

    assert "$0.40" in html
    assert "Add a character and a motion first." in html
    assert 'name="quoted" value=""' in html


@pytest.mark.parametrize(
    ("seconds", "reason", "notice"),
    [
        ("14.2", "14.2 s × $0.04 = $0.57", None),
        ("3.2", "3.2 s, billed as 5 s × $0.04 = $0.20", "Minimum charge: 5 s"),
        ("150", "150 s, billed as 120 s × $0.04 = $4.80, the rest is not generated", "Only the first 120 s"),
    ],
)
def test_clip_that_is_still_arriving_has_a_price(
    seconds: str, reason: str, notice: str | None, as_alice: Client
) -> None:
    html = ask(as_alice, seconds=seconds, resolution="480p", arriving="motion")

    assert reason in html
    assert "Add a character first." in html
    assert "data-incomplete" in html
    assert (notice or "The clip is") in html if notice else "The clip is" not in html


def test_each_resolution_shows_its_price(as_alice: Client, motion: Source) -> None:
    html = ask(as_alice, motion=motion.pk, resolution="480p")

    assert '<span class="segment-price" id="price-480p" hx-swap-oob="true">$0.57</span>' in html
    assert '<span class="segment-price" id="price-720p" hx-swap-oob="true">$1.14</span>' in html


def test_link_that_is_being_read_has_no_price(as_alice: Client, character: Source) -> None:
    html = ask(as_alice, character=character.pk, arriving=["motion", "link"])

    assert "Reading the clip" in html
    assert "Waiting for the clip." in html
    assert "data-incomplete" in html


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "1e99", "long"])
def test_malformed_length_has_no_price(seconds: str, as_alice: Client) -> None:
    assert 'name="quoted" value=""' in ask(as_alice, seconds=seconds)


def test_clip_of_another_team_has_no_price(as_charlie: Client, motion: Source) -> None:
    assert 'name="quoted" value=""' in ask(as_charlie, motion=motion.pk)


def test_form_that_made_its_job_gets_a_new_nonce(as_alice: Client, team: Team, alice: User) -> None:
    job = factories.job(team, alice)

    assert re.search(r'name="nonce" value="(?!' + str(job.nonce) + ")[^>]+hx-swap-oob", ask(as_alice, nonce=job.nonce))
    assert 'name="nonce"' not in ask(as_alice, nonce=uuid4())


# --- what holds a video back --------------------------------------------------------------------------


def card(client: Client, motion: Source, **fields: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", ask(client, motion=motion.pk, **fields)))


def test_stopped_sending_is_shown_before_the_click(as_alice: Client, character: Source, motion: Source) -> None:
    stopped = "Sending is stopped in Settings."
    assert stopped not in card(as_alice, motion)
    key_verbs.stop(ProviderKey.at("sandbox"))

    html = ask(as_alice, character=character.pk, motion=motion.pk)
    assert stopped in html
    assert "Sending is stopped. The video waits in the queue." in html
    assert "data-incomplete" not in html, "it may be clicked all the same"
    assert stopped in as_alice.get("/").content.decode()


@pytest.mark.parametrize(
    ("provider", "whose"), [("sandbox", "The balance of the sandbox"), ("apixo", "The balance on the APIXO key")]
)
def test_low_balance_warns_and_does_not_block(
    provider: str, whose: str, as_alice: Client, motion: Source, character: Source, settings: Settings
) -> None:
    settings.PROVIDER, settings.WANSTUDIO_URL = provider, "https://studio.example.com"
    key_verbs.note_balance(ProviderKey.at(provider), Decimal("1.1399"))

    told = f"{whose} is $1.13; this video needs $1.14. It would wait in the queue until there is enough."
    assert told in card(as_alice, motion, resolution="720p")
    assert "The balance" not in card(as_alice, motion, resolution="480p")
    assert "The balance" not in ask(as_alice, resolution="720p"), "nothing is priced yet"
    assert "data-incomplete" not in ask(as_alice, motion=motion.pk, character=character.pk, resolution="720p")


def test_warning_shows_the_balance_only_to_who_may_see_spending(team: Team, bob: User, motion: Source) -> None:
    as_bob = Client()
    as_bob.force_login(bob)
    key_verbs.note_balance(ProviderKey.at("sandbox"), Decimal("1.1399"))
    said = card(as_bob, motion, resolution="720p")
    told = "The balance of the sandbox does not cover this $1.14. It would wait in the queue until there is enough."
    assert told in said
    assert "1.13" not in said
    Membership.objects.filter(user=bob).update(role=Membership.Role.ADMIN)
    assert "The balance of the sandbox is $1.13" in card(as_bob, motion, resolution="720p")


def test_reservations_count_against_the_balance(
    as_alice: Client, motion: Source, team: Team, alice: User, settings: Settings
) -> None:
    key_verbs.note_balance(ProviderKey.at("sandbox"), Decimal("2.00"))
    assert "The balance" not in card(as_alice, motion, resolution="720p")
    job = factories.job(team, alice)
    told = "is $2.00; this video needs $1.14, and $1.14 is reserved for others. It might have to wait in the queue"
    assert told in card(as_alice, motion, resolution="720p")
    verbs.cancel(job)
    assert "The balance" not in card(as_alice, motion, resolution="720p")


def test_old_balance_does_not_warn(as_alice: Client, motion: Source) -> None:
    key_verbs.note_balance(ProviderKey.at("sandbox"), Decimal(0))
    ProviderKey.objects.update(balance_at=timezone.now() - timedelta(hours=2))

    assert "The balance" not in card(as_alice, motion)


def test_preflight_is_said_beside_the_price_with_its_one_click(as_alice: Client, team: Team, alice: User) -> None:
    wide = factories.character(team, alice, width=1600, height=900)
    clip = factories.motion(team, alice, codec="hevc", fps=60)
    chosen: dict[str, Any] = {"character": wide.pk, "motion": clip.pk, "resolution": "480p"}
    html = ask(as_alice, **chosen, behaviour="animate")
    assert "The picture (1600 × 900) and the clip (720 × 1280) have different shapes." in html
    assert 'data-choose="replace"' in html
    assert "The clip is coded as HEVC (H.265)." in html
    assert 'data-choose="animate"' in ask(as_alice, **chosen, behaviour="replace")
    assert "HEVC (H.265) · MP4" in as_alice.get("/", chosen).content.decode()
