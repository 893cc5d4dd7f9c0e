"""People and spending."""

import re
from decimal import Decimal

import pytest
from django.test import Client

from tests import factories
from tests.page_rows import finished, moved
from wanstudio.accounts.models import User
from wanstudio.jobs.states import State
from wanstudio.money.models import Money
from wanstudio.teams.models import Team


def words(client: Client, path: str) -> str:
    html = client.get(path).content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


@pytest.mark.parametrize("path", ["/team/", "/usage/", "/settings/"])
def test_team_pages_need_a_sign_in(path: str, as_alice: Client, as_bob: Client, nobody: Client) -> None:
    assert as_alice.get(path).status_code == as_bob.get(path).status_code == 200
    assert nobody.get(path).headers["Location"].startswith("/accounts/login/")


def test_team_page_shows_ones_own_team_only(team: Team, bob: User, as_bob: Client, as_charlie: Client) -> None:
    finished(team, bob)

    assert "Bob bob@example.com Creator just now 1 video" in words(as_bob, "/team/")
    assert "Bob" not in words(as_charlie, "/team/")
    assert "Just you so far." in words(as_charlie, "/team/")


def test_usage_adds_up_by_person_without_the_sandbox(team: Team, alice: User, bob: User, as_alice: Client) -> None:
    finished(team, bob)
    assert "Test money: $1.14" in words(as_alice, "/usage/")
    assert "All time" not in words(as_alice, "/usage/")

    finished(team, alice, provider="apixo")
    factories.job(team, alice, provider="apixo")
    moved(factories.job(team, bob, provider="apixo"), State.UNCERTAIN, money=Money.UNKNOWN)
    moved(factories.job(team, bob, provider="apixo"), State.FAILED, money=Money.ASSUMED)

    page = as_alice.get("/usage/")
    sums = {row.name: (row.balance.settled, row.balance.reserved, row.balance.unknown) for row in page.context["rows"]}
    price, nothing = Decimal("1.14"), Decimal(0)
    assert sums == {"Alice": (price, price, nothing), "Bob": (nothing, nothing, price)}
    assert "Spent $1.14 Reserved now $1.14 Possibly charged $1.14 Videos 1" in words(as_alice, "/usage/")
