"""The list, the page of a job, and what one can do there."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests import factories
from tests.page_form import text_of
from tests.page_rows import moved
from wanstudio.accounts.models import User
from wanstudio.jobs import verbs
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.money.models import Money
from wanstudio.teams.models import Team

Queries = Callable[..., Any]


@pytest.fixture
def job(team: Team, alice: User) -> Job:
    return factories.job(team, alice, provider="apixo")


def page(client: Client, job: Job) -> str:
    return client.get(reverse("jobs.show", args=[job.pk])).content.decode()


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


# --- who may see it -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["jobs.show", "jobs.curl"])
def test_a_job_is_its_teams(
    name: str, job: Job, as_alice: Client, bob: User, as_charlie: Client, nobody: Client
) -> None:
    address = reverse(name, args=[job.pk])
    as_bob = Client()
    as_bob.force_login(bob)

    assert as_alice.get(address).status_code == 200
    assert as_bob.get(address).status_code == 200
    assert as_charlie.get(address).status_code == 404
    assert nobody.get(address).headers["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("name", ["jobs.cancel", "jobs.rename", "jobs.decide"])
def test_a_stranger_moves_nothing(name: str, job: Job, as_charlie: Client, nobody: Client) -> None:
    address = reverse(name, args=[job.pk])
    fields = {"title": "Mine now", "decision": "not_charged"}

    assert as_charlie.post(address, fields).status_code == 404
    assert nobody.post(address, fields).status_code == 302
    after = Job.objects.get(pk=job.pk)
    assert (after.state, after.title) == (State.QUEUED, job.title)


def test_a_strangers_list_and_poll_are_empty(job: Job, as_charlie: Client) -> None:
    assert job.title not in as_charlie.get(reverse("jobs.index")).content.decode()
    assert job.title not in as_charlie.get(reverse("jobs.status"), {"seen": f"{job.pk}:0"}).content.decode()


# --- the list -----------------------------------------------------------------------------------------


def test_filters_stand_in_the_address(team: Team, alice: User, bob: User, as_alice: Client) -> None:
    running = factories.job(team, bob)
    failed = moved(factories.job(team, alice), State.FAILED, failure="NSFW")

    def shown(only: str) -> set[int]:
        html = as_alice.get(reverse("jobs.index"), {"only": only}).content.decode()
        return {int(pk) for pk in re.findall(r'id="row-(\d+)"', html)}

    assert shown("") == shown("nonsense") == {running.pk, failed.pk}
    assert shown("mine") == {failed.pk}
    assert shown("running") == {running.pk}
    assert shown("failed") == {failed.pk}


def test_an_empty_list_says_what_to_do(as_alice: Client) -> None:
    assert "Nothing is running Start one in the studio." in words(as_alice.get(reverse("jobs.index")).content.decode())


def test_the_list_pages_by_key(team: Team, alice: User, as_alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wanstudio.jobs.views.job_pages.PAGE", 2)
    made = [factories.job(team, alice).pk for _ in range(3)]

    first = as_alice.get(reverse("jobs.index"))
    rest = as_alice.get(reverse("jobs.index"), {"before": first.context["next"]})

    assert [card["job"].pk for card in first.context["cards"]] == made[:0:-1]
    assert [card["job"].pk for card in rest.context["cards"]] == made[:1]
    assert rest.context["next"] is None


def test_the_list_costs_the_same_for_any_number(
    team: Team, alice: User, as_alice: Client, django_assert_max_num_queries: Queries
) -> None:
    for _ in range(30):
        factories.job(team, alice)
    as_alice.get(reverse("jobs.index"))  # a fresh process asks once whether there is a user yet
    with django_assert_max_num_queries(12):
        as_alice.get(reverse("jobs.index"))


# --- one job ------------------------------------------------------------------------------------------


def test_a_waiting_job_can_be_cancelled(job: Job, as_alice: Client) -> None:
    assert reverse("jobs.cancel", args=[job.pk]) in page(as_alice, job)

    as_alice.post(reverse("jobs.cancel", args=[job.pk]))

    after = Job.objects.get(pk=job.pk)
    assert (after.state, after.money) == (State.CANCELLED, Money.RELEASED)
    assert "Never sent, nothing charged." in words(page(as_alice, job))


def test_a_sent_job_cannot(job: Job, as_alice: Client) -> None:
    moved(job, State.RUNNING, started_at=timezone.now())
    assert reverse("jobs.cancel", args=[job.pk]) not in page(as_alice, job)

    answer = as_alice.post(reverse("jobs.cancel", args=[job.pk]), follow=True)

    assert "cannot be cancelled" in answer.content.decode()
    assert Job.objects.get(pk=job.pk).state == State.RUNNING


def test_a_running_job_tells_its_usual_time(job: Job, as_alice: Client) -> None:
    usual = {"expected_low_s": 140.0, "expected_s": 160.0, "expected_high_s": 185.0}
    html = page(as_alice, moved(job, State.RUNNING, started_at=timezone.now(), **usual))

    assert "of about 2:40" in html
    assert "usually 2:20 to 3:05 for 14.2 s at 720p" in html
    assert 'data-scale="185.0"' in html
    assert "Reserved now $1.14 Settled when it is ready" in words(html)


def test_a_clock_that_passed_the_usual_time_is_not_of_it(job: Job, as_alice: Client) -> None:
    usual = {"expected_low_s": 12.0, "expected_s": 15.0, "expected_high_s": 20.0}
    running = moved(job, State.RUNNING, started_at=timezone.now() - timedelta(seconds=57), **usual)
    for html in (page(as_alice, running), as_alice.get(reverse("jobs.index")).content.decode()):
        assert "of about 0:15" not in html
        assert 'data-late="usually 0:15">usually 0:15<' in html


def test_what_keeps_it_waiting_stands_where_the_sentence_is(job: Job, as_alice: Client) -> None:
    html = page(as_alice, moved(job, State.RUNNING, started_at=timezone.now(), problem="Slower than usual."))
    assert "Slower than usual." in html


@pytest.mark.parametrize(
    ("code", "label", "leads_to"),
    [
        ("PromptInvalid", "Change the prompt", "/?from={pk}#prompt"),
        ("InputImageSensitiveContentDetected", "Use another picture", "/?from={pk}#character-slot"),
        ("INPUT_CHANGED", "Use another clip", "/?from={pk}#motion-slot"),
        ("PROCESSING_TIMEOUT", "Try again · $1.14", "/?from={pk}&amp;same=1"),
        ("unauthorized", "Check the key", "/settings/"),
        ("INSUFFICIENT_CREDITS", "Add balance at APIXO", "https://apixo.ai/"),
        ("SomethingNew", "Try again · $1.14", "/?from={pk}&amp;same=1"),
    ],
)
def test_a_failure_is_one_sentence_and_one_step(
    code: str, label: str, leads_to: str, job: Job, as_alice: Client
) -> None:
    html = page(as_alice, moved(job, State.FAILED, failure=code, failure_message="m", money=Money.ASSUMED))
    step = re.search(r'<a class="button accent[^"]*" href="([^"]*)"[^>]*>([^<]*)', html)

    assert step
    assert (step[1], step[2].strip()) == (leads_to.format(pk=job.pk), label)
    assert "The $1.14 is back in your budget. We assume failed tasks are not billed" in words(html)


def test_only_a_content_failure_hides_the_picture(team: Team, alice: User, as_alice: Client) -> None:
    content = moved(factories.job(team, alice), State.FAILED, failure="NSFW")
    other = moved(factories.job(team, alice), State.FAILED, failure="PromptInvalid")

    assert "blurred" in page(as_alice, content)
    assert "blurred" not in page(as_alice, other)


def test_the_sandbox_bills_nothing(team: Team, alice: User, as_alice: Client) -> None:
    html = words(page(as_alice, factories.job(team, alice)))
    assert "$0 (sandbox)" in html
    assert "Reserved" not in html


# --- unconfirmed --------------------------------------------------------------------------------------


@pytest.fixture
def unconfirmed(job: Job) -> Job:
    claimed = Job.claim(job.pk)
    assert claimed
    verbs.begin_submitting(claimed, callback=False)
    verbs.mark_uncertain(claimed, "The connection dropped", None)
    return Job.objects.get(pk=job.pk)


def test_three_ways_out_of_not_knowing(unconfirmed: Job, as_alice: Client) -> None:
    html = page(as_alice, unconfirmed)
    assert "It might have been charged; our price was $1.14. You need to decide." in words(html)
    assert {"attach", "again", "not_charged"} == set(re.findall(r'name="decision" value="(\w+)"', html))
    assert "Send again · $1.14" in html


def test_sending_again_needs_the_price(unconfirmed: Job, as_alice: Client) -> None:
    address = reverse("jobs.decide", args=[unconfirmed.pk])

    as_alice.post(address, {"decision": "again", "price": "0.01", "version": unconfirmed.version})
    assert Job.objects.get(pk=unconfirmed.pk).state == State.UNCERTAIN

    as_alice.post(address, {"decision": "again", "price": "1.14", "version": unconfirmed.version - 1})
    assert Job.objects.get(pk=unconfirmed.pk).state == State.UNCERTAIN, "a tab that is older than the question"

    as_alice.post(address, {"decision": "again", "price": "1.14", "version": unconfirmed.version})
    assert Job.objects.get(pk=unconfirmed.pk).state == State.QUEUED


def test_it_was_not_charged(unconfirmed: Job, as_alice: Client) -> None:
    as_alice.post(reverse("jobs.decide", args=[unconfirmed.pk]), {"decision": "not_charged"})

    after = Job.objects.get(pk=unconfirmed.pk)
    assert (after.state, after.money) == (State.FAILED, Money.RELEASED)


def test_a_decision_that_comes_too_late_does_nothing(unconfirmed: Job, as_alice: Client) -> None:
    moved(unconfirmed, State.RUNNING, started_at=timezone.now())

    answer = as_alice.post(reverse("jobs.decide", args=[unconfirmed.pk]), {"decision": "not_charged"}, follow=True)

    assert "changed in the meantime" in answer.content.decode()
    assert Job.objects.get(pk=unconfirmed.pk).state == State.RUNNING


# --- rename, curl -------------------------------------------------------------------------------------


def test_rename(job: Job, as_alice: Client) -> None:
    address = reverse("jobs.rename", args=[job.pk])

    answer = as_alice.post(address, {"title": "  Mira \n walks  ", "next": "/videos/3/"})
    assert answer.headers["Location"] == "/videos/3/"
    assert Job.objects.get(pk=job.pk).title == "Mira walks"

    answer = as_alice.post(address, {"title": " ", "next": "https://elsewhere.example/"})
    assert answer.headers["Location"] == reverse("jobs.show", args=[job.pk])
    assert Job.objects.get(pk=job.pk).title == "Mira walks"


def test_the_request_as_curl_has_no_key(team: Team, alice: User, as_alice: Client, settings: Any) -> None:
    settings.PROVIDERS = settings.PROVIDERS | {"sandbox": (settings.PROVIDERS["sandbox"][0], "sk-very-secret")}
    job = factories.job(team, alice, prompt="the coat's hem")
    html = as_alice.get(reverse("jobs.curl", args=[job.pk]))

    assert "sk-very-secret" not in html.content.decode()
    assert "Bearer $APIXO_API_KEY" in html.context["curl"]
    assert "the coat'\\''s hem" in html.context["curl"]


def test_the_jobs_made_from_one_source(job: Job, as_alice: Client, team: Team, alice: User) -> None:
    other = factories.job(team, alice, motion=job.motion)
    html = as_alice.get(reverse("jobs.index"), {"source": job.character_id}).content.decode()
    assert reverse("jobs.show", args=[job.pk]) in html
    assert reverse("jobs.show", args=[other.pk]) not in html
    both = as_alice.get(reverse("jobs.index"), {"source": job.motion_id}).content.decode()
    assert reverse("jobs.show", args=[other.pk]) in both


@pytest.mark.parametrize(("rounds", "told"), [(3, 3), (4, 2), (40, 2)])
def test_a_job_that_is_turned_away_for_days_is_told_shortly(
    rounds: int, told: int, team: Team, alice: User, as_alice: Client
) -> None:
    """The first time and the last stand there, and how often in between; what came before and after, too."""
    job = factories.job(team, alice)
    for _ in range(rounds):
        job = moved(moved(job, State.SUBMITTING), State.QUEUED)
    job = moved(moved(job, State.SUBMITTING), State.RUNNING, started_at=timezone.now())
    happened = text_of(as_alice.get(reverse("jobs.show", args=[job.pk]))).partition("What happened")[2]
    assert happened.count("Back in the queue") == told
    assert happened.count("Sent to the sandbox") == told + 1
    assert (f"{rounds - 2} more times" in happened) is (rounds > 3)
    assert "Generating" in happened
