"""Caps and spend requests for tests, as people set and ask them."""

from decimal import Decimal
from typing import Any

from django.test import Client

from tests.page_form import post, text_of
from wanstudio.accounts.models import User
from wanstudio.requests.models import SpendRequest
from wanstudio.teams.models import Membership, Team


def cap(team: Team, amount: str | None, person: User | None = None) -> None:
    rows: Any = Membership.objects.filter(team=team, user=person) if person else Team.objects.filter(pk=team.pk)
    rows.update(monthly_cap=None if amount is None else Decimal(amount))


def ask(client: Client, team: Team, form: dict[str, Any], **more: Any) -> SpendRequest:
    answer = post(client, team, **form, ask="1", **more)
    assert answer.status_code == 302, text_of(answer)
    return SpendRequest.objects.latest("pk")
