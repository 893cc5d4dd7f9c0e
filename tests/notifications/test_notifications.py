"""Notifications: one a person and event, however often it is tried, and by mail as that person chose."""

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
from wanstudio.jobs.models.history import Alert
from wanstudio.jobs.models.job import Job
from wanstudio.money.models import Money
from wanstudio.notifications.models import (
    DAILY,
    Digest,
    Kind,
    MailChoice,
    Notification,
    When,
    next_morning,
    read_unsubscribe_token,
    unsubscribe_token,
)
from wanstudio.notifications.verbs import Event, choose_mail, notify, notify_allowed, stop_mails
from wanstudio.teams.models import Membership, Team
from wanstudio.teams.roles import Act
from wanstudio.work.advance import advance
from wanstudio.work.mails import Mail

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _sends_mail(settings: Any) -> None:
    settings.EMAIL_URL = "smtp://127.0.0.1:9"


def notified(team: Team, *people: User, kind: Kind = Kind.MENTIONED, event: str = "comment 1") -> None:
    notify(people, Event(team, kind, event, "Alice mentioned you.", path="/videos/1/"))


def test_one_event_notifies_one_person_once(team: Team, alice: User, bob: User) -> None:
    notified(team, alice, bob)
    notified(team, alice, bob)
    assert Notification.objects.count() == 2
    assert Mail.objects.count() == 2


def test_stranger_to_the_team_is_not_notified(team: Team, bob: User, charlie: User) -> None:
    notified(team, bob, charlie)
    assert [row.person for row in Notification.objects.all()] == [bob]
    Membership.objects.filter(user=bob).delete()
    assert not Notification.objects.for_person(bob)


def test_rolled_back_event_notifies_nobody(team: Team, bob: User) -> None:
    with transaction.atomic():
        notified(team, bob)
        transaction.set_rollback(True)
    assert not Notification.objects.exists()
    assert not Mail.objects.exists()


def test_allowed_roles_are_notified_except_the_author(team: Team, alice: User, bob: User, vera: User) -> None:
    notify_allowed(Act.MAKE, Event(team, Kind.SPEND, "x", "Bob asks.", path="/team/"), but=bob)
    assert [row.person for row in Notification.objects.all()] == [alice]


def test_mails_that_are_off_are_not_sent(team: Team, bob: User) -> None:
    choose_mail(bob, Kind.MENTIONED, When.OFF)
    notified(team, bob)
    assert Notification.objects.exists()
    assert not Mail.objects.exists()


def test_mail_carries_its_unsubscribe_link(team: Team, bob: User) -> None:
    notified(team, bob)
    mail = Mail.objects.get()
    link = mail.headers["List-Unsubscribe"].strip("<>")
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link in mail.text
    assert "/videos/1/" in mail.text


def test_digest_mails_each_notification_once(team: Team, bob: User) -> None:
    before = timezone.now()
    for number in range(3):
        notified(team, bob, kind=Kind.READY, event=f"job {number} ready")
    digest = Digest.objects.get()
    assert digest.due_at
    assert digest.due_at > before
    assert not Mail.objects.exists()
    for _ in range(2):
        Digest.objects.update(due_at=timezone.now() - timedelta(seconds=1))
        advance(Digest, digest.pk)
    mail = Mail.objects.get()
    assert "3 notifications" in mail.subject
    digest.refresh_from_db()
    assert digest.due_at is None
    notified(team, bob, kind=Kind.READY, event="job 9 ready")
    digest.refresh_from_db()
    assert digest.due_at


def test_digest_leaves_out_kinds_stopped_meanwhile(team: Team, bob: User) -> None:
    notified(team, bob, kind=Kind.READY, event="job 1 ready")
    notified(team, bob, kind=Kind.COMMENT, event="comment 1")
    stop_mails(bob, Kind.READY)
    Digest.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    advance(Digest, Digest.objects.get().pk)
    assert "1 notification" in Mail.objects.get().subject

    notified(team, bob, kind=Kind.COMMENT, event="comment 2")
    stop_mails(bob, DAILY)
    Digest.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    advance(Digest, Digest.objects.get().pk)
    assert Mail.objects.count() == 1
    assert not Notification.objects.filter(in_next_digest=True).exists()


def test_digest_that_broke_off_mails_everything_next_time(team: Team, bob: User, monkeypatch: Any) -> None:
    notified(team, bob, kind=Kind.READY, event="job 1 ready")
    digest = Digest.objects.get()

    def broken(*args: Any) -> None:
        raise RuntimeError("killed")

    Digest.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    with monkeypatch.context() as patched:
        patched.setattr("wanstudio.notifications.steps.mail_of_day", broken)
        advance(Digest, digest.pk)
    assert Notification.objects.filter(in_next_digest=True).exists()
    Digest.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    advance(Digest, digest.pk)
    assert Mail.objects.count() == 1


def test_digest_hour_is_utc_without_a_time_zone(team: Team) -> None:
    assert next_morning(team, datetime(2026, 3, 1, 7, 59, tzinfo=UTC)) == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert next_morning(team, datetime(2026, 3, 1, 8, 0, tzinfo=UTC)) == datetime(2026, 3, 2, 8, tzinfo=UTC)


def test_digest_hour_follows_the_time_zone_of_the_team(team: Team) -> None:
    team.time_zone = "Europe/Berlin"
    # The night in which the clocks go forward: one hour less to sleep.
    assert next_morning(team, datetime(2026, 3, 28, 20, tzinfo=UTC)) == datetime(2026, 3, 29, 6, tzinfo=UTC)
    assert next_morning(team, datetime(2026, 3, 27, 20, tzinfo=UTC)) == datetime(2026, 3, 28, 7, tzinfo=UTC)


def test_unsubscribe_token_stops_its_kind_alone(team: Team, bob: User) -> None:
    found = read_unsubscribe_token(unsubscribe_token(bob, Kind.MENTIONED))
    assert found == (bob, Kind.MENTIONED)
    stop_mails(*found)
    assert MailChoice.of(bob)[Kind.MENTIONED] == When.OFF
    assert MailChoice.of(bob)[Kind.FAILED] == When.NOW
    stop_mails(bob, DAILY)
    assert When.DAILY not in MailChoice.of(bob).values()
    assert read_unsubscribe_token(unsubscribe_token(bob, Kind.MENTIONED)[:-1] + "_") is None


def test_maker_is_notified_when_a_job_fails(team: Team, bob: User) -> None:
    job = factories.job(team, bob)
    claimed = type(job).claim(job.pk)
    assert claimed
    verbs.mark_failed(claimed, verbs.Failure("NSFW", "", Money.ASSUMED, "NSFW", cause="The picture was refused."))
    notice = Notification.objects.get()
    assert (notice.person, notice.kind) == (bob, Kind.FAILED)
    assert notice.detail.startswith("The picture was refused.")
    assert notice.path == f"/jobs/{job.pk}/"


def test_move_is_rolled_back_with_its_notification(team: Team, bob: User, monkeypatch: Any) -> None:
    claimed = Job.claim(factories.job(team, bob).pk)
    assert claimed

    def killed(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr("wanstudio.jobs.job_notifications.notify", killed)
        with pytest.raises(RuntimeError):
            verbs.mark_failed(claimed, verbs.Failure("NSFW", "", Money.ASSUMED, "NSFW"))
    assert Job.objects.get().state == "queued"
    claimed = Job.objects.get()
    verbs.mark_failed(claimed, verbs.Failure("NSFW", "", Money.ASSUMED, "NSFW"))
    assert Notification.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_eight_concurrent_tries_notify_once(team: Team, bob: User) -> None:
    def tried() -> None:
        try:
            notified(team, bob)
        finally:
            connection.close()

    threads = [Thread(target=tried) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert Notification.objects.count() == 1
    assert Mail.objects.count() == 1


def test_alert_notifies_owners_alone(team: Team, alice: User, bob: User) -> None:
    job = factories.job(team, bob)
    verbs.raise_alert(job, Alert.Kind.UNSAVED)
    verbs.raise_alert(job, Alert.Kind.UNSAVED)
    verbs.raise_alert(job, Alert.Kind.PAUSED, "no_balance")
    rows = Notification.objects.order_by("pk").values_list("person", "kind", "path")
    assert list(rows) == [
        (alice.pk, Kind.ALERT, f"/jobs/{job.pk}/"),
        (alice.pk, Kind.ALERT, "/settings/"),
    ]


def test_owner_who_made_an_unconfirmed_job_is_notified_once(team: Team, alice: User, bob: User) -> None:
    for maker in (alice, bob):
        job = factories.job(team, maker)
        notify([maker], Event(team, Kind.UNCONFIRMED, f"job {job.pk} unconfirmed 1", "x", on=job))
        verbs.raise_alert(job, Alert.Kind.UNCONFIRMED)
    rows = Notification.objects.order_by("pk").values_list("person", "kind")
    assert list(rows) == [(alice.pk, Kind.UNCONFIRMED), (bob.pk, Kind.UNCONFIRMED), (alice.pk, Kind.ALERT)]
    # The owner's mail is the alarm's.
    assert [mail.to for mail in Mail.objects.all()] == [bob.email]


def test_mail_quotes_nothing_of_a_team_closed_to_its_reader(team: Team, bob: User) -> None:
    Team.objects.filter(pk=team.pk).update(needs_second_factor=True)
    team.refresh_from_db()
    other = factories.team("Southlight")
    Membership.objects.create(team=other, user=bob)
    secret: dict[str, Any] = {"title": "Mira leaks the script", "detail": "“Burn it”", "path": "/videos/7/#c9"}
    notify([bob], Event(team, Kind.MENTIONED, "comment 1", **secret))
    mail = Mail.objects.get()
    assert (mail.to, mail.subject) == (bob.email, "Notification from Northlight")
    assert "Something happened in Northlight. Sign in to see it." in mail.text
    notify([bob], Event(team, Kind.READY, "job 1 ready", **secret))
    notify([bob], Event(team, Kind.READY, "job 2 ready", **secret))
    notify([bob], Event(other, Kind.READY, "job 3 ready", "“Quay” is ready.", path="/videos/8/"))
    Digest.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    advance(Digest, Digest.objects.get(person=bob).pk)
    daily = Mail.objects.latest("pk")
    assert "“Quay” is ready." in daily.text
    assert "2 things happened in Northlight. Sign in to see it." in daily.text
    for word in ("Mira", "Burn", "/videos/7/"):
        assert word not in mail.subject + mail.text + daily.subject + daily.text
    # With a second factor the mails are as everybody's.
    Authenticator.objects.create(user=bob, type=Authenticator.Type.TOTP, data={"secret": "x"})
    notify([bob], Event(team, Kind.MENTIONED, "comment 2", **secret))
    assert Mail.objects.latest("pk").subject == "Mira leaks the script"
