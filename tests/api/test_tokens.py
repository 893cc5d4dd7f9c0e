"""API tokens: whose calls are answered, and the page where they are created."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from tests.api.conftest import ROOT, Script, token_for
from wanstudio.accounts.models import User
from wanstudio.api.models import ApiToken
from wanstudio.jobs.models.job import Job
from wanstudio.teams.models import Membership, Team


def refused(response: Any, status: int, kind: str) -> None:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    told = response.json()
    assert (told["type"], told["status"]) == (f"/api/#{kind}", status)
    assert told["detail"].endswith(".")


def test_only_a_token_opens_the_api(alice: User, team: Team, as_alice: Client) -> None:
    assert Script(token_for(alice, team)).get("jobs").status_code == 200
    refused(Script().get("jobs"), 401, "unauthorized")
    refused(Script("wan_" + "x" * 43).get("jobs"), 401, "unauthorized")
    refused(as_alice.get(ROOT + "jobs"), 401, "unauthorized")
    refused(as_alice.post(ROOT + "jobs", "{}", "application/json"), 401, "unauthorized")
    assert Script().get("jobs")["WWW-Authenticate"] == "Bearer"


def test_session_cookie_beside_a_token_counts_for_nothing(alice: User, team: Team, as_alice: Client) -> None:
    """A cookie beside a token counts for nothing: the token's person asks."""
    other = Script(token_for(alice, team))
    other.client.cookies = as_alice.cookies
    Membership.objects.filter(user=alice).delete()
    refused(other.get("jobs"), 401, "unauthorized")


def test_secret_is_not_stored(alice: User, team: Team) -> None:
    secret = token_for(alice, team)
    row = ApiToken.objects.values().get()
    assert secret not in str(row)
    assert secret[:10] == row["prefix"]
    assert len(secret) > 40


@pytest.mark.parametrize(
    "fields",
    [{"revoked_at": timezone.now()}, {"expires_at": timezone.now() - timedelta(seconds=1)}],
    ids=["revoked", "expired"],
)
def test_ended_token_is_refused(fields: dict[str, Any], alice: User, team: Team) -> None:
    refused(Script(token_for(alice, team, **fields)).get("jobs"), 401, "unauthorized")


def test_token_ends_with_its_membership(bob: User, team: Team, alice: User) -> None:
    script = Script(token_for(bob, team))
    assert script.get("jobs").status_code == 200
    bob.memberships.all().delete()
    refused(script.get("jobs"), 401, "unauthorized")
    Membership.objects.create(team=team, user=bob)
    refused(script.get("jobs"), 401, "unauthorized")


def test_token_may_do_only_what_its_person_may(bob: User, team: Team, inputs: dict[str, Any]) -> None:
    script = Script(token_for(bob, team))
    bob.memberships.update(role=Membership.Role.VIEWER)
    for response in (script.get("jobs"), script.post("jobs", inputs), script.get("videos")):
        refused(response, 403, "forbidden")
    User.objects.filter(pk=bob.pk).update(is_active=False)
    refused(script.get("jobs"), 401, "unauthorized")
    assert not Job.objects.exists()


def test_reading_token_makes_nothing(reader: Script, inputs: dict[str, Any], script: Script) -> None:
    job = script.post("jobs", inputs).json()["id"]
    assert reader.get(f"jobs/{job}").status_code == 200
    assert reader.post("quote", {"motion": inputs["motion"]}).status_code == 200
    for path, body in (
        ("jobs", inputs),
        (f"jobs/{job}/cancel", None),
        ("uploads", {"kind": "motion", "url": "https://example.com/a.mp4"}),
    ):
        refused(reader.post(path, body), 403, "forbidden")
    assert Job.objects.count() == 1


def test_calls_a_minute_are_limited_by_token(alice: User, team: Team, script: Script, settings: Settings) -> None:
    settings.API_CALLS_A_MINUTE = 3
    other = Script(token_for(alice, team))
    assert [script.get("jobs").status_code for _ in range(4)] == [200, 200, 200, 429]
    slow = script.get("jobs")
    refused(slow, 429, "too-many")
    assert 1 <= int(slow["Retry-After"]) <= 60
    assert other.get("jobs").status_code == 200
    ApiToken.objects.update(minute_at=timezone.now() - timedelta(seconds=61))
    assert script.get("jobs").status_code == 200


def test_secret_is_shown_once(as_alice: Client, team: Team, alice: User) -> None:
    page = reverse("tokens.index")
    created = as_alice.post(page, {"team": team.pk, "name": "Nightly", "scope": "make", "days": "30"})
    assert created.status_code == 201
    assert "no-store" in created["Cache-Control"]
    found = re.search(r'value="(wan_[^"]+)"', created.content.decode())
    assert found
    assert Script(found[1]).get("jobs").status_code == 200
    again = as_alice.get(page).content.decode()
    assert found[1] not in again
    assert "Nightly" in again
    token = ApiToken.objects.get()
    assert token.expires_at is not None
    assert timedelta(days=29) < token.expires_at - timezone.now() < timedelta(days=31)
    as_alice.post(reverse("tokens.revoke", args=[token.pk]))
    refused(Script(found[1]).get("jobs"), 401, "unauthorized")


def test_token_needs_a_name(as_alice: Client, team: Team) -> None:
    refused = as_alice.post(reverse("tokens.index"), {"team": team.pk, "name": " ", "scope": "make", "days": ""})
    assert refused.status_code == 422
    assert not ApiToken.objects.exists()


def test_only_its_person_revokes_a_token(as_charlie: Client, as_vera: Client, team: Team, alice: User) -> None:
    token_for(alice, team)
    token = ApiToken.objects.get()
    assert as_charlie.post(reverse("tokens.revoke", args=[token.pk])).status_code == 404
    form = {"team": team.pk, "name": "Mine", "scope": "make", "days": ""}
    assert as_charlie.post(reverse("tokens.index"), form).status_code == 404
    assert as_vera.post(reverse("tokens.index"), form).status_code == 404
    assert "cannot use the API" in as_vera.get(reverse("tokens.index")).content.decode()
    token.refresh_from_db()
    assert (ApiToken.objects.count(), token.revoked_at) == (1, None)


def test_team_that_requires_a_second_factor_refuses_tokens_without(
    alice: User, team: Team, inputs: dict[str, Any]
) -> None:
    """What a browser may not enter, a script of the same person may not, either."""
    script = Script(token_for(alice, team))
    Team.objects.filter(pk=team.pk).update(needs_second_factor=True)
    for response in (script.get("jobs"), script.post("jobs", inputs), script.post("quote", {"seconds": 3})):
        refused(response, 403, "forbidden")
    assert "second factor" in script.get("jobs").json()["detail"]
    assert not Job.objects.exists()
