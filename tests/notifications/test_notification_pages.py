"""The bell, its list, what is mailed, and the link that stops a mail."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests import factories
from wanstudio.accounts.models import User
from wanstudio.notifications.models import Kind, MailChoice, Notification, When, unsubscribe_token
from wanstudio.notifications.verbs import Event, notify
from wanstudio.teams.models import Membership, Team

pytestmark = pytest.mark.django_db


def notified(team: Team, person: User, event: str = "job 1 ready", kind: Kind = Kind.READY) -> Notification:
    notify([person], Event(team, kind, event, f"“{event}” <b>", path="/videos/"))
    return Notification.objects.get(person=person, event=event)


def test_bell_counts_and_answers_204_while_nothing_changes(
    as_bob: Client, team: Team, bob: User, django_assert_max_num_queries: Any
) -> None:
    notified(team, bob)
    notice = notified(team, bob, "job 2 ready")
    response: Any = as_bob.get(reverse("notifications.bell"), {"seen": "0-0"})
    assert response.status_code == 200
    assert "2<span" in response.content.decode()
    assert "&lt;b&gt;" in response.content.decode()
    with django_assert_max_num_queries(2):
        again = as_bob.get(reverse("notifications.bell"), {"seen": f"2-{notice.pk}"})
    assert again.status_code == 204
    assert not again.content


def test_click_marks_read_and_redirects_to_the_thing(as_bob: Client, team: Team, bob: User) -> None:
    notice = notified(team, bob)
    assert as_bob.get(reverse("notifications.follow", args=[notice.pk])).headers["Location"] == "/videos/"
    assert Notification.objects.for_person(bob).unread().count() == 0


def test_notifications_of_others_are_not_found(
    as_charlie: Client, as_bob: Client, nobody: Client, team: Team, bob: User
) -> None:
    notice = notified(team, bob)
    assert as_charlie.get(reverse("notifications.follow", args=[notice.pk])).status_code == 404
    as_charlie.post(reverse("notifications.read"), {"pk": notice.pk})
    as_charlie.post(reverse("notifications.read"))
    assert Notification.objects.for_person(bob).unread().count() == 1
    assert nobody.get(reverse("notifications.bell")).status_code == 302
    assert as_bob.get(reverse("notifications.follow", args=[10**30])).status_code == 404


def test_former_member_sees_no_notification_of_the_team(as_bob: Client, team: Team, bob: User) -> None:
    notice = notified(team, bob)
    Membership.objects.filter(user=bob).delete()
    Membership.objects.create(user=bob, team=factories.team("Elsewhere"))
    assert as_bob.get(reverse("notifications.follow", args=[notice.pk])).status_code == 404


def test_marking_all_read_leaves_newer_ones_unread(as_bob: Client, team: Team, bob: User) -> None:
    seen = notified(team, bob)
    notified(team, bob, "job 2 ready")
    as_bob.post(reverse("notifications.read"), {"newest": seen.pk})
    assert Notification.objects.for_person(bob).unread().count() == 1
    as_bob.post(reverse("notifications.read"))
    assert Notification.objects.for_person(bob).unread().count() == 0


@pytest.mark.parametrize("query", ["", "?only=unread", "?as=panel", "?before=x"])
def test_list_shows_own_notifications(as_bob: Client, team: Team, bob: User, query: str) -> None:
    notified(team, bob)
    assert "job 1 ready" in as_bob.get(reverse("notifications.index") + query).content.decode()


def test_mails_come_as_they_are_chosen(as_bob: Client, bob: User) -> None:
    as_bob.post(reverse("notifications.choices"), {"ready": "now", "failed": "off", "mentioned": "nonsense"})
    chosen = MailChoice.of(bob)
    assert (chosen[Kind.READY], chosen[Kind.FAILED], chosen[Kind.MENTIONED]) == (When.NOW, When.OFF, When.NOW)
    assert "<h1>Notifications</h1>" in as_bob.get(reverse("notifications.choices")).content.decode()


def test_unsubscribe_link_asks_and_its_post_stops_the_mails(bob: User, alice: User) -> None:
    anybody = Client(enforce_csrf_checks=True)
    link = reverse("unsubscribe", args=[unsubscribe_token(bob, Kind.MENTIONED)])
    assert "Stop these mails" in anybody.get(link).content.decode()
    assert MailChoice.of(bob)[Kind.MENTIONED] == When.NOW
    # As a mail program posts it (RFC 8058).
    stopped = anybody.post(link, {"List-Unsubscribe": "One-Click"})
    assert stopped.status_code == 200
    assert MailChoice.of(bob)[Kind.MENTIONED] == When.OFF
    assert MailChoice.of(alice)[Kind.MENTIONED] == When.NOW


def test_forged_unsubscribe_link_is_not_found(bob: User) -> None:
    token = unsubscribe_token(bob, Kind.MENTIONED)
    assert Client().post(reverse("unsubscribe", args=[token[:-2] + "xx"])).status_code == 404


def test_notifications_of_a_team_closed_for_want_of_a_factor_are_hidden(as_bob: Client, team: Team, bob: User) -> None:
    row = notified(team, bob)
    assert row.event in as_bob.get(reverse("notifications.index")).content.decode()
    Team.objects.filter(pk=team.pk).update(needs_second_factor=True)
    for query in ({}, {"as": "panel"}):
        assert row.event not in as_bob.get(reverse("notifications.index"), query).content.decode()
    assert as_bob.get(reverse("notifications.bell"), {"seen": "0-0"}).status_code == 204
    as_bob.get(reverse("notifications.follow", args=[row.pk]))
    row.refresh_from_db()
    assert row.read_at is None
