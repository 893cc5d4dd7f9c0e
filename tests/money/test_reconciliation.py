"""Reconciliation of the balance with our sums: exact where nothing is under way, bounded where something is."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models.functions import Now

from tests import factories
from tests.money.test_ledger import again, claim, follow, lost
from wanstudio.accounts.models import User
from wanstudio.jobs import verbs
from wanstudio.jobs.models.job import Job
from wanstudio.keys import verbs as key_verbs
from wanstudio.keys.models import ProviderKey
from wanstudio.money.models import BalanceReading
from wanstudio.money.queries import readings_around
from wanstudio.money.reconciliation import Reconciliation, reconcile
from wanstudio.teams.models import Team

pytestmark = pytest.mark.django_db

P = Decimal("1.14")
NIL = Decimal(0)


@pytest.fixture
def job(team: Team, alice: User) -> Job:
    return factories.job(team, alice, provider="apixo")


def tell(balance: str) -> None:
    key_verbs.note_balance(ProviderKey.at("apixo"), Decimal(balance))


def found() -> Reconciliation:
    drifted = reconcile("apixo")
    assert drifted
    return drifted


def settle(job: Job) -> None:
    verbs.mark_archiving(follow(job, "task_1"), ["https://example.com/1.mp4"], cost_ms=1, completed_at=None)


def test_no_reconciliation_before_two_readings(job: Job) -> None:
    assert reconcile("apixo") is None
    tell("74.87")
    assert reconcile("apixo") is None
    tell("74.87")
    assert reconcile("apixo") is None, "nothing has changed"


def test_balance_that_fell_by_our_sums_agrees(job: Job) -> None:
    tell("74.87")
    settle(job)
    tell("73.73")
    assert (found().fell, found().settled, found().more, found().differs_by) == (P, P, NIL, None)
    assert not found().topped_up


def test_balance_that_fell_by_more_is_reported(job: Job) -> None:
    tell("74.87")
    settle(job)
    tell("72.59")
    assert (found().fell, found().more, found().differs_by) == (2 * P, P, (P, P))


def test_balance_that_fell_by_less_is_reported(job: Job) -> None:
    tell("74.87")
    settle(job)
    tell("74.86")
    assert (found().more, found().differs_by) == (-Decimal("1.13"), (Decimal("1.13"), Decimal("1.13")))


def test_jobs_under_way_may_explain_a_difference(job: Job) -> None:
    tell("74.87")
    lost(job)
    tell("73.73")
    assert (found().differs_by, found().more, found().explained) == (None, P, P)
    tell("72.00")
    assert found().differs_by == (Decimal("1.73"), Decimal("2.87"))


def test_jobs_under_way_at_the_start_may_be_charged_already(job: Job) -> None:
    mine = follow(job, "task_1")
    tell("73.73")
    verbs.mark_archiving(mine, ["https://example.com/1.mp4"], cost_ms=1, completed_at=None)
    tell("73.73")
    assert found().differs_by is None, "it was charged when it was taken"


def test_both_attempts_count_as_under_way(job: Job) -> None:
    tell("74.87")
    follow(again(lost(job)), "task_2")
    tell("72.59")
    assert (found().differs_by, found().highest) == (None, 2 * P)


def test_top_up_starts_a_new_reconciliation(job: Job) -> None:
    tell("10.00")
    tell("3.00")
    tell("53.00")
    settle(job)
    tell("51.86")
    assert (found().topped_up, found().fell, found().differs_by) == (True, P, None)


def test_refund_is_not_a_top_up(job: Job) -> None:
    tell("10.00")
    mine = follow(job, "task_1")
    tell("8.86")
    verbs.mark_failed(mine, verbs.Failure("NSFW", "", "assumed", "NSFW"))  # type: ignore[arg-type]
    tell("10.00")
    assert (found().topped_up, found().fell, found().differs_by) == (False, NIL, None)


def test_reconciliation_covers_30_days_of_one_provider(job: Job) -> None:
    tell("90.00")
    BalanceReading.objects.update(at=Now() - timedelta(days=31))
    tell("10.00")
    assert reconcile("apixo") is None
    key_verbs.note_balance(ProviderKey.at("sandbox"), Decimal(1))
    assert reconcile("apixo") is None


def test_readings_around_a_post_and_an_end_are_kept(job: Job) -> None:
    tell("74.87")
    mine = claim(job)
    attempt = verbs.begin_submitting(mine, callback=True)
    assert readings_around(attempt.pk) is None
    verbs.mark_running(mine, "task_1", timedelta(0), callback=True)
    tell("73.73")
    around = readings_around(attempt.pk)
    assert around
    assert [note.balance for note in around] == [Decimal("74.87"), Decimal("73.73")]
    assert around[0].read_at
    verbs.mark_failed(mine, verbs.Failure("NSFW", "", "assumed", "NSFW"))  # type: ignore[arg-type]
    ended = BalanceReading.objects.get(moment="ended")
    assert (ended.balance, ended.job, ended.attempt) == (Decimal("73.73"), job, attempt)
