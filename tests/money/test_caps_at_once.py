"""Twenty clicks at the same moment against a cap with room for three: exactly three pass, and the ledger agrees."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import connection

from tests import factories
from tests.ledger_check import disagreements
from wanstudio.accounts.models import User
from wanstudio.jobs.models.job import Job
from wanstudio.money.models import Entry
from wanstudio.money.queries import spent
from wanstudio.money.verbs import OverCap
from wanstudio.teams.models import Membership, Team
from wanstudio.uploads.models import Source

CLICKS = 20


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("whose", ["team", "person"])
def test_twenty_clicks_at_once_keep_within_the_cap(whose: str, team: Team, alice: User) -> None:
    rows = Team.objects if whose == "team" else Membership.objects
    rows.update(monthly_cap=Decimal("3.50"))
    character, motion = factories.character(team, alice), factories.motion(team, alice)
    gate = Barrier(CLICKS)
    with ThreadPoolExecutor(CLICKS) as crowd:
        clicks = [crowd.submit(_click, gate, team, alice, character, motion) for _ in range(CLICKS)]
        passed = [click.result() for click in clicks]
    assert sum(passed) == 3
    assert Job.objects.count() == Entry.objects.count() == 3
    assert spent(team, "sandbox") == Decimal("3.42")
    assert disagreements() == []


def _click(gate: Barrier, team: Team, person: User, character: Source, motion: Source) -> bool:
    try:
        gate.wait(120)
        factories.job(team, person, character=character, motion=motion, nonce=uuid4())
        return True
    except OverCap:
        return False
    finally:
        connection.close()
