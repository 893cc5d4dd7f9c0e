"""What the owner has to know even if nobody looks: one mail a problem, and only to owners."""

from datetime import timedelta
from smtplib import SMTPServerDisconnected

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db.models import F
from pytest_django import Settings

from tests import factories
from tests.fake_apixo import FakeApixo, refusal
from tests.provider.scripted import answer, reset
from tests.worker_fixtures import MakeJob
from tests.worker_steps import later, running, step
from wanstudio.accounts.models import User
from wanstudio.jobs.models.alerts import Alert
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.jobs.steps.alerting import raise_alerts
from wanstudio.keys.models import ProviderKey
from wanstudio.teams.models import Membership, Team
from wanstudio.work.advance import advance, due


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


def tell() -> list[str]:
    """The subjects of the mails that are sent now."""
    mail.outbox.clear()
    for pk in due(Alert):
        advance(Alert, pk)
    return [str(message.subject) for message in mail.outbox]


def test_a_result_that_cannot_be_saved(unsaved: Job, bob: User) -> None:
    assert unsaved.alerted_at
    assert tell() == [f"A finished video cannot be saved: {unsaved.title}"]
    assert mail.outbox[0].to == ["alice@example.com"]
    assert f"/jobs/{unsaved.pk}/" in mail.outbox[0].body
    assert "$1.14" in mail.outbox[0].body
    step(unsaved)
    assert tell() == [], "told once"


def test_an_owner_to_whom_the_team_is_closed_reads_no_title(unsaved: Job, alice: User) -> None:
    carol = factories.user("Carol", unsaved.team)
    Membership.objects.filter(user=carol).update(role=Membership.Role.OWNER)
    Team.objects.update(needs_second_factor=True)
    Authenticator.objects.create(user=alice, type=Authenticator.Type.TOTP, data={"secret": "x"})
    assert tell() == [f"A finished video cannot be saved: {unsaved.title}", "Something in Northlight needs you"]
    full, short = mail.outbox
    assert (full.to, short.to) == (["alice@example.com"], ["carol@example.com"])
    assert unsaved.title not in short.body
    assert "$1.14" not in short.body
    assert "Sign in to see it." in short.body
    assert tell() == []


def test_the_first_failures_trouble_nobody(job: Job, apixo: FakeApixo, film: bytes) -> None:
    job = running(job)
    apixo.succeed(job.task_id, film)
    apixo.on_file(answer(500), answer(500))
    for _ in range(3):
        job = step(job)
    assert (job.state, job.alerted_at) == (State.ARCHIVING, None)
    assert tell() == []
    assert step(job).state == State.DONE


def test_a_trouble_that_has_passed_is_not_told(unsaved: Job, apixo: FakeApixo) -> None:
    apixo.behave()
    job = step(unsaved)
    assert (job.state, job.alerted_at) == (State.DONE, None)
    assert tell() == []
    assert due(Alert) == []


def test_the_tries_go_on_every_half_hour_at_least(unsaved: Job) -> None:
    job = unsaved
    for _ in range(8):
        job = step(job)
    assert job.due_at
    assert job.claimed_at
    assert job.due_at - job.claimed_at < timedelta(minutes=30)


def test_every_try_is_news_for_an_open_page(unsaved: Job) -> None:
    assert step(unsaved).version > unsaved.version


def test_no_result_after_a_day(job: Job, apixo: FakeApixo) -> None:
    job = step(later(running(job), hours=25))
    assert (job.state, job.alerted_at is None) == (State.RUNNING, False)
    assert tell() == [f"No result after a day: {job.title}"]


@pytest.mark.usefixtures("unreachable")
def test_an_unconfirmed_job_that_a_person_decides(job: Job, apixo: FakeApixo) -> None:
    apixo.on_post(reset)
    job = step(job)
    assert tell() == [f"$1.14 may have been charged: {job.title}"]


def test_a_paused_key_is_told_once(make_job: MakeJob, apixo: FakeApixo) -> None:
    apixo.on_post(refusal(402), always=True)
    step(make_job())
    assert tell() == ["Sending is paused: The balance of the APIXO key is too low"]
    ProviderKey.objects.update(pause="")
    step(make_job())
    assert tell() == [], "it comes and goes"
    Alert.objects.update(raised_at=F("raised_at") - timedelta(hours=7))
    ProviderKey.objects.update(pause="")
    step(make_job())
    assert len(tell()) == 1


def test_a_mail_server_that_fails_is_tried_again(unsaved: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*args: object) -> int:
        raise SMTPServerDisconnected("down")

    with monkeypatch.context() as patched:
        patched.setattr(EmailBackend, "send_messages", down)
        assert tell() == []
    alarm = Alert.objects.get()
    assert alarm.due_at
    assert alarm.notified_at is None
    Alert.objects.update(due_at=F("raised_at"))
    assert len(tell()) == 1


def test_without_mail_nothing_is_sent(unsaved: Job, settings: Settings) -> None:
    settings.EMAIL_URL = ""
    assert tell() == []
    assert due(Alert) == []


@pytest.mark.django_db
def test_a_job_that_is_gone_is_no_trouble() -> None:
    raise_alerts(Job(pk=0))
