"""A team whose time zone this machine does not know (any more) goes on in UTC, on every page."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.page_rows import finished
from wanstudio.accounts.models import User
from wanstudio.notifications.models import Digest, next_morning
from wanstudio.notifications.verbs import wake_digest
from wanstudio.sharing.models import ShareLink
from wanstudio.teams.models import Membership, Team


@pytest.fixture
def team(team: Team) -> Team:
    team.time_zone = "Atlantis/Poseidonis"
    team.save()
    return team


DAYS = "?from=2026-01-01&to=2026-12-31"


@pytest.mark.parametrize("address", ["/", "/team/", "/usage/", f"/activity/{DAYS}", f"/activity/activity.csv{DAYS}"])
def test_pages_open_in_an_unknown_zone(address: str, as_alice: Client) -> None:
    answer = as_alice.get(address)
    assert answer.status_code == 200
    assert b"".join(answer) if answer.streaming else answer.content


def test_links_of_an_unknown_zone_end_at_midnight_utc(
    team: Team, alice: User, as_alice: Client, nobody: Client
) -> None:
    video = finished(team, alice)
    tomorrow = timezone.now().date() + timedelta(days=1)
    address = reverse("shares.video", args=[video.pk])
    assert "UTC" in as_alice.get(address).content.decode()
    as_alice.post(address, {"lasts": "date", "until": tomorrow.isoformat()})
    link = ShareLink.objects.get()
    assert link.expires_at == datetime.combine(tomorrow + timedelta(days=1), datetime.min.time(), UTC)
    assert nobody.get(reverse("shared.show", args=[link.token])).status_code == 200


def test_days_of_an_unknown_zone_begin_in_utc(team: Team, bob: User) -> None:
    assert next_morning(team, datetime(2026, 3, 1, 7, tzinfo=UTC)) == datetime(2026, 3, 1, 8, tzinfo=UTC)
    wake_digest(Membership.objects.get(user=bob))
    assert Digest.objects.get(person=bob).due_at


def test_caps_are_set_in_an_unknown_zone(team: Team, as_alice: Client) -> None:
    form = {"team": team.pk, "time_zone": team.time_zone, "team_cap": "40"}
    assert as_alice.post(reverse("caps.save"), form).status_code == 302
    team.refresh_from_db()
    assert team.monthly_cap == 40
    assert team.time_zone == "Atlantis/Poseidonis"
