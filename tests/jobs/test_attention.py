"""Notices on the front page and above the jobs, for people who may decide, until they have decided."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests import factories
from tests.page_rows import moved
from wanstudio.accounts.models import User
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.keys.models import ProviderKey
from wanstudio.money.models import Money
from wanstudio.teams.models import Membership, Team

PAGES = ["/", "/jobs/"]
LINK = "https://cdn.example.com/v.mp4?key=secret"


@pytest.fixture
def unconfirmed(team: Team, alice: User) -> Job:
    job = factories.job(team, alice, provider="apixo")
    return moved(job, State.UNCERTAIN, money=Money.UNKNOWN, ask_person=True)


@pytest.fixture
def unsaved(team: Team, alice: User) -> Job:
    """Its result cannot be saved, and the provider deletes it in 21 hours."""
    job = factories.job(team, alice, provider="apixo")
    now = timezone.now()
    made = {"money": Money.SETTLED, "result_at": now - timedelta(hours=2, minutes=30), "alerted_at": now}
    return moved(job, State.ARCHIVING, result_urls=[LINK], problem="It answered 500.", **made)


def text(client: Client, path: str) -> str:
    return " ".join(client.get(path).content.decode().split())


@pytest.mark.parametrize("path", PAGES)
def test_an_unconfirmed_job_waits_for_who_may_decide(
    path: str, unconfirmed: Job, as_alice: Client, as_charlie: Client, team: Team
) -> None:
    html = text(as_alice, path)
    assert "$1.14 might have been charged: 1 video unconfirmed." in html
    assert f'href="/jobs/{unconfirmed.pk}/"' in html
    assert "might have been charged" not in text(as_charlie, path)
    Membership.objects.filter(team=team).update(role="viewer")
    assert "might have been charged" not in text(as_alice, path)


@pytest.mark.parametrize("path", PAGES)
def test_it_goes_once_it_is_decided(path: str, unconfirmed: Job, as_alice: Client) -> None:
    as_alice.post(reverse("jobs.decide", args=[unconfirmed.pk]), {"decision": "not_charged"})
    assert "might have been charged" not in text(as_alice, path)


def test_many_are_summed_and_listed(unconfirmed: Job, team: Team, alice: User, as_alice: Client) -> None:
    for _ in range(4):
        more = factories.job(team, alice, provider="apixo", character=unconfirmed.character, motion=unconfirmed.motion)
        moved(more, State.UNCERTAIN, money=Money.UNKNOWN)
    html = text(as_alice, "/")
    assert "$5.70 might have been charged: 5 videos unconfirmed." in html
    assert "/jobs/?only=unconfirmed" in html
    assert text(as_alice, "/jobs/?only=unconfirmed").count('class="job-row"') == 5


def test_the_sandbox_bills_nothing(team: Team, alice: User, as_alice: Client) -> None:
    moved(factories.job(team, alice), State.UNCERTAIN, money=Money.UNKNOWN)
    assert "1 video unconfirmed. Nothing is billed in the sandbox." in text(as_alice, "/")


@pytest.mark.parametrize("path", PAGES)
def test_a_result_that_cannot_be_saved(path: str, unsaved: Job, as_alice: Client) -> None:
    html = text(as_alice, path)
    assert "1 finished video cannot be saved; $1.14 was charged." in html
    assert "APIXO deletes it in 21 h. We keep trying" in html
    assert LINK not in html


def test_its_page_has_the_hours_the_link_and_a_button(unsaved: Job, as_alice: Client, as_charlie: Client) -> None:
    page = reverse("jobs.show", args=[unsaved.pk])
    html = text(as_alice, page)
    assert "It answered 500." in html
    assert '<strong class="inline">21 h</strong>' in html
    assert f'<a class="button" href="{LINK}" rel="noreferrer noopener"' in html
    try_now = reverse("jobs.try_now", args=[unsaved.pk])
    assert f'action="{try_now}"' in html
    assert as_charlie.post(try_now).status_code == 404
    assert Job.objects.get(pk=unsaved.pk).nudged_at is None
    assert as_alice.post(try_now).status_code == 302
    assert Job.objects.get(pk=unsaved.pk).nudged_at


def test_a_viewer_sees_neither_link_nor_buttons(unsaved: Job, unconfirmed: Job, as_alice: Client, team: Team) -> None:
    Membership.objects.filter(team=team).update(role="viewer")
    html = text(as_alice, reverse("jobs.show", args=[unsaved.pk]))
    assert LINK not in html
    assert reverse("jobs.try_now", args=[unsaved.pk]) not in html
    assert reverse("jobs.decide", args=[unconfirmed.pk]) not in text(as_alice, f"/jobs/{unconfirmed.pk}/")
    for name in ("jobs.try_now", "jobs.decide"):
        assert as_alice.post(reverse(name, args=[unconfirmed.pk]), {"decision": "not_charged"}).status_code == 404
    assert Job.objects.get(pk=unconfirmed.pk).state == State.UNCERTAIN


def test_only_web_links_are_links(unsaved: Job, as_alice: Client) -> None:
    Job.objects.filter(pk=unsaved.pk).update(result_urls=["javascript:alert(1)"])
    assert "javascript:alert" not in text(as_alice, reverse("jobs.show", args=[unsaved.pk]))


def test_no_result_after_a_day(team: Team, alice: User, as_alice: Client) -> None:
    job = factories.job(team, alice, provider="apixo")
    moved(job, State.RUNNING, task_id="task_1", started_at=timezone.now(), alerted_at=timezone.now())
    assert "1 video without a result after a day, $1.14 reserved." in text(as_alice, "/")
    html = text(as_alice, reverse("jobs.show", args=[job.pk]))
    assert "Look up task task_1" in html
    assert "Ask now" in html


def test_a_paused_account_is_said_on_the_front_page(team: Team, as_alice: Client) -> None:
    ProviderKey.objects.create(provider="sandbox", pause=ProviderKey.Pause.NO_BALANCE)
    html = text(as_alice, "/")
    assert "is too low." in html
    assert "Nothing is charged. Jobs wait in the queue" in html


def test_an_earlier_try_that_may_have_been_charged_too(unconfirmed: Job, as_alice: Client) -> None:
    Attempt.objects.create(job=unconfirmed, provider="apixo", outcome="unknown")
    answer = {"decision": "again", "price": "1.14", "version": unconfirmed.version}
    as_alice.post(reverse("jobs.decide", args=[unconfirmed.pk]), answer)
    assert Job.objects.get(pk=unconfirmed.pk).state == State.QUEUED
    assert "$1.14 might have been charged for 1 earlier attempt." in text(as_alice, "/")


@pytest.mark.parametrize("path", PAGES)
def test_a_task_that_apixo_lost_stands_there_until_somebody_decides(
    path: str, team: Team, alice: User, as_alice: Client, as_charlie: Client
) -> None:
    job = factories.job(team, alice, provider="apixo")
    moved(job, State.RUNNING, task_id="task_1")
    moved(Job.objects.get(pk=job.pk), State.FAILED, money=Money.UNKNOWN, failure="TASK_NOT_FOUND")
    told = "$1.14 might have been charged: APIXO no longer has the task of 1 video."
    assert told in text(as_alice, path)
    assert f'href="/jobs/{job.pk}/"' in text(as_alice, path)
    assert "might have been charged" not in text(as_charlie, path)
    as_alice.post(reverse("jobs.decide", args=[job.pk]), {"decision": "not_charged"})
    assert "might have been charged" not in text(as_alice, path)
