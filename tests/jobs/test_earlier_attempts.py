"""Earlier tries on the page of their job: what they may have cost, and what a person decides."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.ledger_check import disagreements
from tests.money.test_ledger import again, follow, look, lost
from wanstudio.accounts.models import User
from wanstudio.jobs import verbs
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.job import Job
from wanstudio.keys import verbs as key_verbs
from wanstudio.keys.models import ProviderKey
from wanstudio.money.models import Entry, Money
from wanstudio.teams.models import Membership, Team


@pytest.fixture
def job(team: Team, alice: User) -> Job:
    """A job that runs by its second try."""
    key_verbs.note_balance(ProviderKey.at("apixo"), Decimal("74.87"))
    job = lost(factories.job(team, alice, provider="apixo"))
    key_verbs.note_balance(ProviderKey.at("apixo"), Decimal("73.73"))
    return follow(again(job), "task_2")


@pytest.fixture
def attempt(job: Job) -> Attempt:
    return Attempt.objects.order_by("pk")[0]


def words(client: Client, job: Job) -> str:
    html = client.get(reverse("jobs.show", args=[job.pk])).content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def decide(client: Client, attempt: Attempt, **fields: str) -> int:
    return client.post(reverse("tries.decide", args=[attempt.job_id, attempt.pk]), fields).status_code


def test_the_page_says_what_the_first_may_have_cost(job: Job, as_alice: Client) -> None:
    said = words(as_alice, job)
    assert "$1.14 for the 1st attempt might have been charged, too." in said
    assert "balance was $74.87 before it was sent and $73.73 after" in said


def test_an_unconfirmed_job_shows_the_balances(team: Team, alice: User, as_alice: Client) -> None:
    key_verbs.note_balance(ProviderKey.at("apixo"), Decimal("74.87"))
    job = lost(factories.job(team, alice, provider="apixo"))
    key_verbs.note_balance(ProviderKey.at("apixo"), Decimal("73.73"))
    assert "balance was $74.87 before it was sent and $73.73 after" in words(as_alice, job)


def test_who_may_not_see_the_spending_reads_only_what_left_the_balance(
    team: Team, alice: User, job: Job, bob: User, as_vera: Client
) -> None:
    key_verbs.note_balance(ProviderKey.at("apixo"), Decimal("74.87"))
    unsure = lost(factories.job(team, alice, provider="apixo"))
    key_verbs.note_balance(ProviderKey.at("apixo"), Decimal("73.73"))
    as_bob = Client()
    as_bob.force_login(bob)
    for one in (job, unsure):
        said = words(as_bob, one)
        assert "APIXO’s balance fell by $1.14 while it was sent; other videos can be included." in said
        assert "74.87" not in said + words(as_vera, one)


def test_it_was_not_charged(job: Job, attempt: Attempt, as_alice: Client) -> None:
    assert decide(as_alice, attempt, decision="not_charged") == 302
    attempt.refresh_from_db()
    assert attempt.money == Money.RELEASED
    assert Entry.objects.latest("pk").why == "Alice marked it as not charged"
    assert "might have been charged" not in words(as_alice, job)
    assert decide(as_alice, attempt, decision="not_charged") == 302
    assert disagreements() == []


def test_its_task_is_named(attempt: Attempt, as_alice: Client) -> None:
    decide(as_alice, attempt, decision="attach", task_id=" task_1\n")
    attempt.refresh_from_db()
    assert (attempt.hinted_task_id, bool(attempt.nudged_at)) == ("task_1", True)


@pytest.mark.parametrize("fields", [{}, {"decision": "again"}, {"decision": "attach", "task_id": " "}])
def test_nothing_is_done_without_a_decision(attempt: Attempt, as_alice: Client, fields: dict[str, str]) -> None:
    assert decide(as_alice, attempt, **fields) == 302
    attempt.refresh_from_db()
    assert (attempt.money, attempt.hinted_task_id) == (Money.UNKNOWN, "")


def test_both_pages_lead_to_each_other(job: Job, attempt: Attempt, as_alice: Client) -> None:
    made = verbs.follow_orphan(look(attempt), "task_1", timedelta(0))
    page = as_alice.get(reverse("jobs.show", args=[job.pk])).content.decode()
    assert reverse("jobs.show", args=[made.pk]) in page
    assert "The 1st attempt was accepted after all." in page
    assert reverse("jobs.show", args=[job.pk]) in as_alice.get(reverse("jobs.show", args=[made.pk])).content.decode()


def test_who_may_decide(attempt: Attempt, as_charlie: Client, nobody: Client, bob: User, as_alice: Client) -> None:
    as_bob = Client()
    as_bob.force_login(bob)
    Membership.objects.filter(user=bob).update(role=Membership.Role.VIEWER)
    for client in (as_charlie, as_bob):
        assert decide(client, attempt, decision="not_charged") == 404
    assert "Was it charged?" not in words(as_bob, attempt.job)
    assert decide(nobody, attempt, decision="not_charged") == 302
    attempt.refresh_from_db()
    assert attempt.money == Money.UNKNOWN
    other = factories.job(attempt.job.team, attempt.job.person)
    address = reverse("tries.decide", args=[other.pk, attempt.pk])
    assert as_alice.post(address, {"decision": "not_charged"}).status_code == 404


def test_a_lost_task_can_be_written_off(team: Team, alice: User, as_alice: Client) -> None:
    job = factories.job(team, alice, provider="apixo")
    verbs.mark_failed(follow(job, "task_1"), verbs.Failure("TASK_NOT_FOUND", "", Money.UNKNOWN, "why"))
    assert "It was not charged" in words(as_alice, job)
    as_alice.post(reverse("jobs.decide", args=[job.pk]), {"decision": "not_charged"})
    assert Job.objects.get(pk=job.pk).money == Money.RELEASED
    assert disagreements() == []
