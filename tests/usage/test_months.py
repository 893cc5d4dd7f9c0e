"""The month in which a price counts: that of its own reservation, whatever became of the other attempts of the job."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection

from tests import factories
from tests.ledger_check import disagreements
from tests.money.test_ledger import again, claim, follow, lost
from wanstudio.accounts.models import User
from wanstudio.append_only import lock
from wanstudio.jobs import verbs
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.job import Job
from wanstudio.money.kept_sums import differences, recount
from wanstudio.money.models import Entry, Money
from wanstudio.money.queries import spent
from wanstudio.teams.models import Team

P = Decimal("1.14")
NIL = Decimal("0.00")
MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)


@pytest.fixture
def job(team: Team, alice: User) -> Job:
    return factories.job(team, alice, provider="apixo")


def rewrite(change: str) -> None:
    """What nobody may do: change the ledger behind its lock, as time or an older version would have left it."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DROP TRIGGER wanstudio_entry_no_update")
        else:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("DROP TRIGGER wanstudio_entry_append_only ON wanstudio_entry")
        cursor.execute(f"UPDATE wanstudio_entry SET {change}")
    lock()
    recount()


def so_far_in(month: date) -> None:
    """What was written since the last call was written in that month."""
    rewrite(f"at = '{month:%Y-%m}-15 12:00:00' WHERE at > '2026-05-01'")


def months(team: Team) -> tuple[Decimal, Decimal]:
    assert disagreements() == []
    assert differences() == 0
    return spent(team, "apixo", MARCH), spent(team, "apixo", APRIL)


@pytest.fixture
def twice(job: Job, team: Team) -> Job:
    """Sent in March and again in April, and of neither try anybody knows what became."""
    job = lost(job)
    so_far_in(MARCH)
    job = lost(again(job))
    so_far_in(APRIL)
    assert months(team) == (P, P)
    return job


def test_second_of_two_unknown_attempts_is_given_back_to_its_own_month(twice: Job, team: Team) -> None:
    verbs.mark_not_charged(twice)
    assert months(team) == (P, NIL)
    verbs.release_attempt(Attempt.objects.order_by("pk")[0], Money.RELEASED, "A person says so")
    assert months(team) == (NIL, NIL)


def test_first_of_two_unknown_attempts_is_given_back_to_its_own_month(twice: Job, team: Team) -> None:
    verbs.release_attempt(Attempt.objects.order_by("pk")[0], Money.RELEASED, "A person says so")
    assert months(team) == (NIL, P)


def test_followed_first_attempt_that_fails_is_unknown_in_its_own_month(twice: Job, team: Team) -> None:
    first, second = Attempt.objects.order_by("pk")
    verbs.confirm_task(first, "task_1")
    follow(twice, "task_1", first)
    verbs.mark_failed(claim(twice), verbs.Failure("CODE", "words", Money.UNKNOWN, "lost"))
    assert months(team) == (P, P)
    verbs.settle_unknown(Job.objects.get(pk=twice.pk), Money.RELEASED, "A person says so")
    assert months(team) == (NIL, P)
    verbs.release_attempt(Attempt.objects.get(pk=second.pk), Money.RELEASED, "A person says so")
    assert months(team) == (NIL, NIL)


def test_taken_after_all_before_the_second_is_sent(job: Job, team: Team) -> None:
    job = lost(job)
    so_far_in(MARCH)
    job = again(job)
    so_far_in(APRIL)
    verbs.mark_failed(
        follow(job, "task_1", Attempt.objects.get()), verbs.Failure("CODE", "words", Money.RELEASED, "failed")
    )
    assert months(team) == (NIL, NIL)


def test_entries_of_before_origins_were_noted_still_count_once(job: Job, team: Team) -> None:
    job = lost(job)
    so_far_in(MARCH)
    rewrite("origin_id = NULL")
    verbs.mark_not_charged(job)
    assert Entry.objects.latest("pk").origin is None
    assert months(team) == (NIL, NIL)
