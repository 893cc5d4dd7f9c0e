"""Caps stop at the click, and what is over one makes no job."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests import factories
from tests.money.test_ledger import lost
from tests.page_form import post, text_of
from tests.page_rows import finished
from tests.spending import cap
from wanstudio.accounts.models import User
from wanstudio.jobs import verbs
from wanstudio.jobs.models.job import Job
from wanstudio.money.models import Entry
from wanstudio.money.queries import Whose, spent, tightest
from wanstudio.money.verbs import OverCap
from wanstudio.teams.models import Membership, Team

P = Decimal("1.14")


def test_price_over_the_cap_makes_no_job_and_keeps_the_form(
    as_bob: Client, team: Team, bob: User, form: dict[str, Any]
) -> None:
    cap(team, "2.00", bob)
    assert post(as_bob, team, **form).status_code == 302
    answer = post(as_bob, team, **form)
    assert answer.status_code == 409
    said = text_of(answer)
    assert "$1.14 is more than the $0.86 left of your $2.00 this month. Nothing was sent or charged." in said
    assert "Ask to spend · $1.14" in said
    assert "Keep the coat" in answer.content.decode()
    assert f'name="motion" value="{form["motion"]}"' in answer.content.decode()
    assert Job.objects.count() == Entry.objects.count() == 1


@pytest.mark.parametrize("provider", ["sandbox", "apixo"])
def test_each_provider_counts_for_itself(
    provider: str, team: Team, bob: User, alice: User, settings: Settings, as_bob: Client, form: dict[str, Any]
) -> None:
    cap(team, "1.50")
    factories.job(team, alice, provider={"sandbox": "apixo", "apixo": "sandbox"}[provider])
    assert spent(team, provider) == 0
    factories.job(team, alice, provider=provider)
    with pytest.raises(OverCap) as over:
        factories.job(team, bob, provider=provider)
    assert (over.value.room.left, over.value.room.whose) == (Decimal("0.36"), Whose.TEAM)


def test_price_of_exactly_what_is_left_fits(team: Team, bob: User) -> None:
    cap(team, "3.42", bob)
    for _ in range(3):
        factories.job(team, bob)
    with pytest.raises(OverCap):
        factories.job(team, bob)
    room = tightest(team, bob, "sandbox")
    assert room
    assert room.left == 0
    verbs.cancel(Job.objects.order_by("pk")[0])
    factories.job(team, bob)


def test_the_same_form_again_is_the_job_it_made(as_bob: Client, team: Team, bob: User, form: dict[str, Any]) -> None:
    cap(team, "1.14", bob)
    nonce = uuid4()
    first, again = (post(as_bob, team, **form, nonce=nonce) for _ in range(2))
    assert first.headers["Location"] == again.headers["Location"]


def test_sending_again_meets_the_cap(as_alice: Client, team: Team, alice: User) -> None:
    job = lost(factories.job(team, alice, provider="apixo"))
    cap(team, "2.00")
    fields = {"decision": "again", "price": str(job.price), "version": job.version}
    said = text_of(as_alice.post(reverse("jobs.decide", args=[job.pk]), fields, follow=True))
    assert "$1.14 is more than the $0.86 left of the team’s $2.00 this month. Nothing was sent." in said
    job.refresh_from_db()
    assert job.state == "uncertain"
    cap(team, "2.28")
    as_alice.post(reverse("jobs.decide", args=[job.pk]), fields)
    job.refresh_from_db()
    assert job.state == "queued"
    assert spent(team, "apixo") == 2 * P


def test_sending_again_counts_for_who_made_it(as_alice: Client, as_bob: Client, team: Team, bob: User) -> None:
    """The usage shows it under the maker, whoever presses: so it is their cap that it must fit under."""
    job = lost(factories.job(team, bob, provider="apixo"))
    cap(team, "2.00", bob)
    fields = {"decision": "again", "price": str(job.price), "version": job.version}
    url = reverse("jobs.decide", args=[job.pk])
    said = text_of(as_alice.post(url, fields, follow=True))
    assert "$1.14 is more than the $0.86 left of Bob’s $2.00 this month, where it counts. Nothing was sent." in said
    assert "left of your $2.00" in text_of(as_bob.post(url, fields, follow=True))
    carol = Client()
    carol.force_login(factories.user("Carol", team))
    said = text_of(carol.post(url, fields, follow=True))
    assert "$1.14 is more than Bob’s cap allows this month" in said
    assert "$0.86" not in said, "what another person has left is for those who may see the spending"
    job.refresh_from_db()
    assert job.state == "uncertain"
    cap(team, "2.28", bob)
    as_alice.post(url, fields)
    assert spent(team, "apixo", by=bob) == 2 * P


def test_the_card_shows_the_month(as_bob: Client, team: Team, bob: User, form: dict[str, Any]) -> None:
    url = reverse("studio.price")
    assert "left this month" not in text_of(as_bob.get(url, form))
    cap(team, "50.00", bob)
    factories.job(team, bob)
    assert "left this month of your $50.00 $48.86" in text_of(as_bob.get(url, form))
    cap(team, "2.00", bob)
    html = as_bob.get(url, {**form, "note": "For the launch"}).content.decode()
    assert "this video is $0.28 over it" in html
    assert 'name="ask"' in html
    assert 'value="For the launch"' in html
    assert "Ask to spend · <span data-price>$1.14</span>" in html


def test_caps_are_saved_with_an_activity_each(as_alice: Client, team: Team, alice: User, bob: User) -> None:
    ids = dict(Membership.objects.values_list("user__name", "pk"))
    fields = {"team": team.pk, "team_cap": "400", f"cap_{ids['Bob']}": "60.00", "time_zone": "Europe/Berlin"}
    assert as_alice.post(reverse("caps.save"), fields).status_code == 302
    team.refresh_from_db()
    assert (team.monthly_cap, team.time_zone) == (Decimal(400), "Europe/Berlin")
    caps = dict(Membership.objects.values_list("user__name", "monthly_cap"))
    assert caps == {"Alice": None, "Bob": 60}
    as_alice.post(reverse("caps.save"), {"team": team.pk, f"cap_{ids['Bob']}": ""})
    team.refresh_from_db()
    assert team.monthly_cap == 400
    assert set(Membership.objects.values_list("monthly_cap", flat=True)) == {None}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("team_cap", "-1"),
        ("team_cap", "1.234"),
        ("team_cap", "NaN"),
        ("team_cap", "many"),
        ("team_cap", "99999999"),
        ("time_zone", "Mars/Base"),
        ("time_zone", "../etc/passwd"),
    ],
)
def test_invalid_cap_changes_nothing(name: str, value: str, as_alice: Client, team: Team) -> None:
    answer = as_alice.post(reverse("caps.save"), {"team": team.pk, name: value})
    assert answer.status_code == 422
    assert "Nothing was saved." in text_of(answer)
    team.refresh_from_db()
    assert (team.monthly_cap, team.time_zone) == (None, "UTC")


def test_only_owners_and_admins_set_caps(
    as_bob: Client, as_charlie: Client, as_vera: Client, nobody: Client, team: Team
) -> None:
    for client in (as_bob, as_charlie, as_vera):
        assert client.post(reverse("caps.save"), {"team": team.pk, "team_cap": "1"}).status_code == 404
    assert nobody.post(reverse("caps.save"), {"team": team.pk, "team_cap": "1"}).status_code == 302
    team.refresh_from_db()
    assert team.monthly_cap is None


def test_the_usage_page_shows_the_caps(as_alice: Client, as_bob: Client, team: Team, alice: User, bob: User) -> None:
    cap(team, "10.00")
    cap(team, "1.20", bob)
    finished(team, bob)
    finished(team, alice)
    said = text_of(as_alice.get("/usage/"))
    assert "The team $2.28 of $10.00" in said
    assert "Bob $1.14 of $1.20 · $0.06 left" in said
    theirs = text_of(as_bob.get("/usage/"))
    assert "Bob $1.14 of $1.20" in theirs
    assert "The team" not in theirs
    assert "Set caps" not in theirs
