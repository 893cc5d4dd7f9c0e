"""What people are told: once an event, whoever tries again, and by mail as they chose."""

from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection, transaction
from django.utils import timezone

from tests import factories
from wanstudio.accounts.models import User
from wanstudio.jobs import verbs
from wanstudio.jobs.models.alerts import Alarm
from wanstudio.jobs.models.job import Job
from wanstudio.money.models import Money
from wanstudio.notifications.models.digest import Digest, next_morning
from wanstudio.notifications.models.mail_choices import DAILY, Kind, MailChoice, When, read_token, unsubscribe_token
from wanstudio.notifications.models.notification import Notification
from wanstudio.teams.models import Membership, Team
from wanstudio.teams.roles import Act
from wanstudio.work.advance import advance
from wanstudio.work.mails import Mail

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _sends_mail(settings: Any) -> None:
    settings.EMAIL_URL = "smtp://127.0.0.1:9"


def told(team: Team, *people: User, kind: Kind = Kind.MENTIONED, event: str = "comment 1", **what: Any) -> None:
    Notification.tell(kind, people, team=team, event=event, title="Alice mentions you.", path="/videos/1/", **what)


def test_one_event_is_told_to_one_person_once(team: Team, alice: User, bob: User) -> None:
    told(team, alice, bob)
    told(team, alice, bob)
    assert Notification.objects.count() == 2
    assert Mail.objects.count() == 2


def test_who_is_not_in_the_team_learns_nothing(team: Team, bob: User, charlie: User) -> None:
    told(team, bob, charlie)
    assert [told.person for told in Notification.objects.all()] == [bob]
    Membership.objects.filter(user=bob).delete()
    assert not Notification.objects.for_person(bob)


def test_what_is_rolled_back_is_not_told(team: Team, bob: User) -> None:
    with transaction.atomic():
        told(team, bob)
        transaction.set_rollback(True)
    assert not Notification.objects.exists()
    assert not Mail.objects.exists()


def test_only_who_may_is_asked_and_not_who_asks(team: Team, alice: User, bob: User, vera: User) -> None:
    Notification.tell_who_may(Act.MAKE, Kind.SPEND, team=team, event="x", title="Bob asks.", path="/team/", but=bob)
    assert [told.person for told in Notification.objects.all()] == [alice]


def test_no_mail_for_who_wants_none(team: Team, bob: User) -> None:
    MailChoice.choose(bob, Kind.MENTIONED, When.OFF)
    told(team, bob)
    assert Notification.objects.exists()
    assert not Mail.objects.exists()


def test_a_mail_says_how_it_is_stopped(team: Team, bob: User) -> None:
    told(team, bob)
    mail = Mail.objects.get()
    link = mail.headers["List-Unsubscribe"].strip("<>")
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link in mail.text
    assert "/videos/1/" in mail.text


def test_a_digest_tells_all_that_waits_once(team: Team, bob: User) -> None:
    for number in range(3):
        told(team, bob, kind=Kind.READY, event=f"job {number} ready")
    digest = Digest.objects.get()
    assert digest.due_at
    assert digest.due_at > timezone.now()
    assert not Mail.objects.exists()
    for _ in range(2):
        Digest.objects.update(due_at=timezone.now() - timedelta(seconds=1))
        advance(Digest, digest.pk)
    mail = Mail.objects.get()
    assert "3 pieces of news" in mail.subject
    digest.refresh_from_db()
    assert digest.due_at is None
    told(team, bob, kind=Kind.READY, event="job 9 ready")
    digest.refresh_from_db()
    assert digest.due_at


def test_what_was_stopped_while_it_waited_is_not_mailed(team: Team, bob: User) -> None:
    told(team, bob, kind=Kind.READY, event="job 1 ready")
    told(team, bob, kind=Kind.COMMENT, event="comment 1")
    MailChoice.stop(bob, Kind.READY)
    Digest.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    advance(Digest, Digest.objects.get().pk)
    assert "1 piece of news" in Mail.objects.get().subject

    told(team, bob, kind=Kind.COMMENT, event="comment 2")
    MailChoice.stop(bob, DAILY)
    Digest.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    advance(Digest, Digest.objects.get().pk)
    assert Mail.objects.count() == 1
    assert not Notification.objects.filter(waits_for_digest=True).exists()


def test_a_digest_that_breaks_off_tells_all_the_next_time(team: Team, bob: User, monkeypatch: Any) -> None:
    told(team, bob, kind=Kind.READY, event="job 1 ready")
    digest = Digest.objects.get()

    def broken(*args: Any) -> None:
        raise RuntimeError("killed")

    Digest.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    with monkeypatch.context() as patched:
        patched.setattr("wanstudio.notifications.steps.digests.write", broken)
        advance(Digest, digest.pk)
    assert Notification.objects.filter(waits_for_digest=True).exists()
    Digest.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    advance(Digest, digest.pk)
    assert Mail.objects.count() == 1


def test_eight_in_the_morning_is_utc_if_nothing_else_is_said(team: Team) -> None:
    assert next_morning(team, datetime(2026, 3, 1, 7, 59, tzinfo=UTC)) == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert next_morning(team, datetime(2026, 3, 1, 8, 0, tzinfo=UTC)) == datetime(2026, 3, 2, 8, tzinfo=UTC)


def test_eight_in_the_morning_is_where_the_team_is(team: Team) -> None:
    team.time_zone = "Europe/Berlin"
    # The night in which the clocks go forward: one hour less to sleep.
    assert next_morning(team, datetime(2026, 3, 28, 20, tzinfo=UTC)) == datetime(2026, 3, 29, 6, tzinfo=UTC)
    assert next_morning(team, datetime(2026, 3, 27, 20, tzinfo=UTC)) == datetime(2026, 3, 28, 7, tzinfo=UTC)


def test_a_link_stops_its_kind_and_no_other(team: Team, bob: User) -> None:
    found = read_token(unsubscribe_token(bob, Kind.MENTIONED))
    assert found == (bob, Kind.MENTIONED)
    MailChoice.stop(*found)
    assert MailChoice.of(bob)[Kind.MENTIONED] == When.OFF
    assert MailChoice.of(bob)[Kind.FAILED] == When.NOW
    MailChoice.stop(bob, DAILY)
    assert When.DAILY not in MailChoice.of(bob).values()
    assert read_token(unsubscribe_token(bob, Kind.MENTIONED)[:-1] + "_") is None


def test_a_job_that_ends_is_told_to_who_made_it(team: Team, bob: User) -> None:
    job = factories.job(team, bob)
    claimed = type(job).claim(job.pk)
    assert claimed
    verbs.mark_failed(claimed, verbs.Failure("NSFW", "", Money.ASSUMED, "NSFW", cause="The picture was refused."))
    notice = Notification.objects.get()
    assert (notice.person, notice.kind) == (bob, Kind.FAILED)
    assert notice.detail.startswith("The picture was refused.")
    assert notice.path == f"/jobs/{job.pk}/"


def test_a_move_that_cannot_be_told_is_not_made(team: Team, bob: User, monkeypatch: Any) -> None:
    claimed = Job.claim(factories.job(team, bob).pk)
    assert claimed

    def killed(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(Notification, "tell", killed)
        with pytest.raises(RuntimeError):
            verbs.mark_failed(claimed, verbs.Failure("NSFW", "", Money.ASSUMED, "NSFW"))
    assert Job.objects.get().state == "queued"
    claimed = Job.objects.get()
    verbs.mark_failed(claimed, verbs.Failure("NSFW", "", Money.ASSUMED, "NSFW"))
    assert Notification.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_eight_who_tell_the_same_at_once_tell_it_once(team: Team, bob: User) -> None:
    def tell() -> None:
        try:
            told(team, bob)
        finally:
            connection.close()

    threads = [Thread(target=tell) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert Notification.objects.count() == 1
    assert Mail.objects.count() == 1


def test_an_alarm_rings_with_the_owners_alone(team: Team, alice: User, bob: User) -> None:
    job = factories.job(team, bob)
    verbs.raise_alert(job, Alarm.Kind.UNSAVED)
    verbs.raise_alert(job, Alarm.Kind.UNSAVED)
    verbs.raise_key_alert(job, "no_balance")
    rows = Notification.objects.order_by("pk").values_list("person", "kind", "path")
    assert list(rows) == [
        (alice.pk, Kind.ALARM, f"/jobs/{job.pk}/"),
        (alice.pk, Kind.ALARM, "/settings/"),
    ]


def test_who_owns_the_team_and_made_it_is_told_once_that_it_is_unconfirmed(team: Team, alice: User, bob: User) -> None:
    for maker in (alice, bob):
        job = factories.job(team, maker)
        Notification.tell(Kind.UNCONFIRMED, [maker], team=team, event=f"job {job.pk} unconfirmed 1", title="x", on=job)
        verbs.raise_alert(job, Alarm.Kind.UNCONFIRMED)
    rows = Notification.objects.order_by("pk").values_list("person", "kind")
    assert list(rows) == [(alice.pk, Kind.UNCONFIRMED), (bob.pk, Kind.UNCONFIRMED), (alice.pk, Kind.ALARM)]
    # The owner's mail is the alarm's.
    assert [mail.to for mail in Mail.objects.all()] == [bob.email]


def test_a_mailbox_reads_nothing_of_a_team_that_is_closed_to_it(team: Team, bob: User) -> None:
    Team.objects.filter(pk=team.pk).update(needs_second_factor=True)
    team.refresh_from_db()
    other = factories.team("Southlight")
    Membership.objects.create(team=other, user=bob)
    secret: dict[str, Any] = {"title": "Mira leaks the script", "detail": "“Burn it”", "path": "/videos/7/#c9"}
    Notification.tell(Kind.MENTIONED, [bob], team=team, event="comment 1", **secret)
    mail = Mail.objects.get()
    assert (mail.to, mail.subject) == (bob.email, "News in Northlight")
    assert "Something happened in Northlight. Sign in to see it." in mail.text
    Notification.tell(Kind.READY, [bob], team=team, event="job 1 ready", **secret)
    Notification.tell(Kind.READY, [bob], team=team, event="job 2 ready", **secret)
    Notification.tell(Kind.READY, [bob], team=other, event="job 3 ready", title="“Quay” is ready.", path="/videos/8/")
    Digest.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    advance(Digest, Digest.objects.get(person=bob).pk)
    daily = Mail.objects.latest("pk")
    assert "“Quay” is ready." in daily.text
    assert "2 things happened in Northlight. Sign in to see it." in daily.text
    for word in ("Mira", "Burn", "/videos/7/"):
        assert word not in mail.subject + mail.text + daily.subject + daily.text
    # With a second factor the mails are as everybody's.
    Authenticator.objects.create(user=bob, type=Authenticator.Type.TOTP, data={"secret": "x"})
    Notification.tell(Kind.MENTIONED, [bob], team=team, event="comment 2", **secret)
    assert Mail.objects.latest("pk").subject == "Mira leaks the script"
