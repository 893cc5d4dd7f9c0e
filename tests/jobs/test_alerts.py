"""Alerts: one mail per problem, and only to owners."""

from datetime import timedelta
from smtplib import SMTPServerDisconnected

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db.models import F
from django.db.models.functions import Now
from pytest_django import Settings

from tests import factories
from tests.fake_apixo import FakeApixo, refusal
from tests.provider.scripted import answer, reset
from tests.worker_fixtures import MakeJob
from tests.worker_steps import later, running, step
from wanstudio.accounts.models import User
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.history import Alert
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.jobs.steps import uncertain
from wanstudio.keys.models import ProviderKey
from wanstudio.teams.models import Membership, Team
from wanstudio.work.advance import advance, due
from wanstudio.work.mails import Mail


@pytest.fixture(autouse=True)
def mailing(settings: Settings) -> None:
    settings.EMAIL_URL = "smtp://127.0.0.1:9"


@pytest.fixture
def unsaved(job: Job, apixo: FakeApixo, film: bytes) -> Job:
    """A finished job whose download has failed for the third time."""
    job = running(job)
    apixo.succeed(job.task_id, film)
    apixo.on_file(answer(500), always=True)
    for _ in range(4):
        job = step(job)
    return job


def sent() -> list[str]:
    """The subjects of the mails that are sent now."""
    mail.outbox.clear()
    for model in (Alert, Mail):
        for pk in due(model):
            advance(model, pk)
    return [str(message.subject) for message in mail.outbox]


def test_owner_is_mailed_about_an_unsaved_result_once(unsaved: Job, bob: User) -> None:
    assert unsaved.alerted_at
    assert sent() == [f"A finished video cannot be saved: {unsaved.title}"]
    assert mail.outbox[0].to == ["alice@example.com"]
    assert f"/jobs/{unsaved.pk}/" in mail.outbox[0].body
    assert "$1.14" in mail.outbox[0].body
    step(unsaved)
    assert sent() == [], "notified once"


def test_owner_without_second_factor_reads_no_title(unsaved: Job, alice: User) -> None:
    carol = factories.user("Carol", unsaved.team)
    Membership.objects.filter(user=carol).update(role=Membership.Role.OWNER)
    Team.objects.update(needs_second_factor=True)
    Authenticator.objects.create(user=alice, type=Authenticator.Type.TOTP, data={"secret": "x"})
    assert sent() == [f"A finished video cannot be saved: {unsaved.title}", "Something in Northlight needs you"]
    full, short = mail.outbox
    assert (full.to, short.to) == (["alice@example.com"], ["carol@example.com"])
    assert unsaved.title not in short.body
    assert "$1.14" not in short.body
    assert "Sign in to see it." in short.body
    assert sent() == []


def test_first_failures_raise_no_alert(job: Job, apixo: FakeApixo, film: bytes) -> None:
    job = running(job)
    apixo.succeed(job.task_id, film)
    apixo.on_file(answer(500), answer(500))
    for _ in range(3):
        job = step(job)
    assert (job.state, job.alerted_at) == (State.ARCHIVING, None)
    assert sent() == []
    assert step(job).state == State.DONE


def test_solved_problem_sends_no_mail(unsaved: Job, apixo: FakeApixo) -> None:
    apixo.behave()
    job = step(unsaved)
    assert (job.state, job.alerted_at) == (State.DONE, None)
    assert sent() == []
    assert due(Alert) == []


def test_archiving_is_retried_within_half_an_hour(unsaved: Job) -> None:
    job = unsaved
    for _ in range(8):
        job = step(job)
    assert job.due_at
    assert job.claimed_at
    assert job.due_at - job.claimed_at < timedelta(minutes=30)


def test_every_retry_updates_open_pages(unsaved: Job) -> None:
    assert step(unsaved).version > unsaved.version


def test_owner_is_mailed_after_a_day_without_result(job: Job, apixo: FakeApixo) -> None:
    job = step(later(running(job), hours=25))
    assert (job.state, job.alerted_at is None) == (State.RUNNING, False)
    assert sent() == [f"No result after a day: {job.title}"]


@pytest.mark.usefixtures("unreachable")
def test_owner_is_mailed_about_an_unconfirmed_job(job: Job, apixo: FakeApixo) -> None:
    apixo.on_post(reset)
    job = step(job)
    assert sent() == [f"$1.14 might have been charged: {job.title}"]


def test_owner_is_mailed_about_a_paused_key_once(make_job: MakeJob, apixo: FakeApixo) -> None:
    apixo.on_post(refusal(402), always=True)
    step(make_job())
    assert sent() == ["Sending is paused: The balance of the APIXO key is too low"]
    ProviderKey.objects.update(pause="")
    step(make_job())
    assert sent() == [], "it comes and goes"
    Alert.objects.update(raised_at=F("raised_at") - timedelta(hours=7))
    ProviderKey.objects.update(pause="")
    step(make_job())
    assert len(sent()) == 1


def test_mail_is_retried_when_the_server_fails(unsaved: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*args: object) -> int:
        raise SMTPServerDisconnected("down")

    with monkeypatch.context() as patched:
        patched.setattr(EmailBackend, "send_messages", down)
        assert sent() == []
    mails = Mail.objects.all()
    assert [one.due_at is not None for one in mails] == [True]
    mails.update(due_at=Now())
    assert len(sent()) == 1


def test_no_mail_is_sent_without_a_mail_server(unsaved: Job, settings: Settings) -> None:
    settings.EMAIL_URL = ""
    assert sent() == []
    assert due(Alert) == []


def test_worker_killed_right_after_its_step_has_told_the_owners(job: Job, apixo: FakeApixo) -> None:
    """Nothing would make up for it: a job that a person decides about is not due any more."""
    apixo.on_post(reset)
    job = step(job)
    Job.objects.update(ask_person=False, due_at=Now())
    Alert.objects.all().delete()
    Attempt.objects.update(callback=False)
    claimed = Job.claim(job.pk)
    assert claimed
    uncertain.settle(claimed)
    job.refresh_from_db()
    assert (job.ask_person, job.due_at, job.lease_token is None) == (True, None, False)
    assert sent() == [f"$1.14 might have been charged: {job.title}"]
