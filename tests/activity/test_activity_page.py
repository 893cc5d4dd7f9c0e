"""The activity of a team: who sees what, and what the address narrows."""

import csv
from ipaddress import ip_network
from typing import Any

import pytest
from django.db.models import Q
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.page_rows import finished
from wanstudio.accounts.models import User
from wanstudio.activity.models import Activity
from wanstudio.activity.verbs import record, record_sign_in
from wanstudio.review.models import Comment
from wanstudio.review.verbs import Guest, Said, add_comment
from wanstudio.teams.models import Membership, Team
from wanstudio.uploads.models import Source

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(team: Team) -> Client:
    made = factories.user("Ada")
    Membership.objects.create(team=team, user=made, role=Membership.Role.ADMIN)
    client = Client()
    client.force_login(made)
    return client


def page(client: Client, query: str = "") -> str:
    return client.get(reverse("activity.show") + query).content.decode()


def test_activity_is_shown_to_owner_and_admin_only(
    as_alice: Client, admin: Client, as_vera: Client, as_charlie: Client, nobody: Client, team: Team, bob: User
) -> None:
    factories.job(team, bob)
    for route in ("activity.show", "activity.export"):
        assert as_alice.get(reverse(route)).status_code == 200
        assert admin.get(reverse(route)).status_code == 200
        assert as_vera.get(reverse(route)).status_code == 404
        assert nobody.get(reverse(route)).status_code == 302
    assert "made" in page(as_alice)
    assert "Bob" not in page(as_charlie)


def test_sign_ins_and_keys_are_shown_to_the_owner_only(as_alice: Client, admin: Client, team: Team, bob: User) -> None:
    wrong = Client().post(
        reverse("account_login"), {"login": bob.email, "password": "wrong"}, REMOTE_ADDR="203.0.113.7"
    )
    assert wrong.status_code == 200
    record(act="key.set", team=team, person=bob, about="…a1b2")
    assert "203.0.113.7" in page(as_alice)
    assert "set the provider key" in page(as_alice)
    assert "203.0.113.7" not in page(admin)
    assert "provider key" not in page(admin)


def test_failed_sign_in_keeps_only_an_address(as_alice: Client) -> None:
    Client().post(reverse("account_login"), {"login": "my secret password", "password": "x"})
    assert not Activity.objects.filter(who__contains="secret").exists()


def test_signing_in_and_out_is_recorded_with_its_address(alice: User) -> None:
    client = Client()
    client.post(
        reverse("account_login"), {"login": alice.email, "password": factories.PASSWORD}, REMOTE_ADDR="203.0.113.7"
    )
    client.post(reverse("account_logout"))
    acts = list(Activity.objects.values_list("act", "who", "ip"))
    assert acts[0] == ("signin", "Alice", "203.0.113.7")
    assert acts[1][0] == "signout"


def test_sign_ins_of_another_team_are_not_shown(as_alice: Client, charlie: User) -> None:
    record_sign_in("signin", charlie, "203.0.113.8")
    assert "203.0.113.8" not in page(as_alice)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?group=job", True),
        ("?group=link", False),
        ("?from=2020-01-01&to=2999-01-01", True),
        ("?to=2020-01-01", False),
        ("?from=nonsense&to=9999-99-99&person=x&before=-1&group=%00", True),
    ],
)
def test_query_narrows_the_activity(as_alice: Client, team: Team, bob: User, query: str, found: bool) -> None:
    factories.job(team, bob)
    assert ("<strong>Bob</strong> made" in page(as_alice, query)) == found


def test_person_narrows_the_activity(as_alice: Client, team: Team, bob: User, alice: User) -> None:
    factories.job(team, bob)
    assert "<strong>Bob</strong> made" in page(as_alice, f"?person={bob.pk}")
    assert "<strong>Bob</strong> made" not in page(as_alice, f"?person={alice.pk}")


def test_pages_follow_one_another(as_alice: Client, team: Team, bob: User) -> None:
    for number in range(55):
        record(act="job.made", team=team, person=bob, about=f"video-{number:02}-")
    response: Any = as_alice.get(reverse("activity.show") + "?group=job")
    older = page(as_alice, f"?group=job&before={response.context['next']}")
    assert "video-54-" in response.content.decode()
    assert "video-04-" not in response.content.decode()
    assert "video-04-" in older
    assert "video-05-" not in older


def test_csv_escapes_formulas(as_alice: Client, team: Team, bob: User) -> None:
    record(act="job.renamed", team=team, person=bob, about="=HYPERLINK(1)")
    response: Any = as_alice.get(reverse("activity.export") + "?group=job")
    rows = list(csv.reader(line.decode() for line in response.streaming_content))
    assert rows[0][:4] == ["at", "person", "act", "about"]
    assert rows[1][3] == "'=HYPERLINK(1)"


def test_queries_do_not_grow_with_the_activity(
    as_alice: Client, team: Team, bob: User, django_assert_max_num_queries: Any
) -> None:
    for _ in range(30):
        record(act="job.made", team=team, person=bob, about="x")
    with django_assert_max_num_queries(11):
        page(as_alice)


@pytest.mark.parametrize("told", ["nowhere", "203.0.113.7:4711", "10.0.0.9, ", "'; --", ""])
def test_forged_forwarded_address_is_not_recorded(told: str, alice: User, settings: Any) -> None:
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]
    sent = {"login": alice.email, "password": factories.PASSWORD}
    way = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": told}
    assert Client().post(reverse("account_login"), sent, **way).status_code == 302  # type: ignore[arg-type]
    assert Activity.objects.get(act="signin").ip in ("10.0.0.1", "10.0.0.9")


@pytest.mark.parametrize(
    ("peer", "told", "recorded"),
    [
        ("::ffff:203.0.113.7", "", "203.0.113.7"),
        ("::ffff:10.0.0.1", "198.51.100.2", "198.51.100.2"),
        ("::ffff:10.0.0.1", "::ffff:198.51.100.2", "198.51.100.2"),
        ("2001:db8::7", "198.51.100.2", "2001:db8::7"),
    ],
)
def test_an_ipv4_address_inside_ipv6_is_itself(peer: str, told: str, recorded: str, alice: User, settings: Any) -> None:
    """As a server sees it that is bound to `::`."""
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]
    sent = {"login": alice.email, "password": factories.PASSWORD}
    way = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": told}
    assert Client().post(reverse("account_login"), sent, **way).status_code == 302  # type: ignore[arg-type]
    assert Activity.objects.get(act="signin").ip == recorded


def test_comments_and_tags_are_recorded_without_their_text(
    as_alice: Client, team: Team, alice: User, bob: User
) -> None:
    as_bob = Client()
    as_bob.force_login(bob)
    video = finished(team, alice, title="Mira")
    as_bob.post(reverse("comments.add", args=[video.pk]), {"text": "A secret word"})
    video.job.refresh_from_db(fields=["title"])
    add_comment(video, Said("From outside"), Guest("Gus"))
    comment = Comment.objects.get(author=bob)
    for resolved in ("1", "1", "0"):
        as_bob.post(reverse("comments.resolve", args=[comment.pk]), {"resolved": resolved})
    for _ in range(2):
        as_alice.post(reverse("comments.delete", args=[comment.pk]))
    for _ in range(2):
        as_bob.post(reverse("filing.tag", args=[video.pk]), {"tag": "mood"})
    as_bob.post(reverse("filing.tag", args=[video.pk]), {"remove": "mood"})
    noted = Activity.objects.filter(Q(act__startswith="comment.") | Q(act__startswith="tag."))
    assert list(noted.values_list("who", "act", "about")) == [
        (str(bob), "comment.made", "Mira"),
        ("Gus (guest)", "comment.made", "Mira"),
        (str(bob), "comment.resolved", "Mira"),
        (str(bob), "comment.reopened", "Mira"),
        (str(alice), "comment.deleted", f"Mira, by {bob}"),
        (str(bob), "tag.put_on", "Mira: mood"),
        (str(bob), "tag.taken_off", "Mira: mood"),
    ]
    assert "marked a comment as done" in page(as_alice, "?group=comment")
    assert "tagged" in page(as_alice, "?group=tag")
    assert not Activity.objects.filter(about__contains="secret").exists()


def test_upload_is_recorded_once(as_alice: Client, team: Team, alice: User) -> None:
    as_alice.post(reverse("uploads.sample"), {"team": team.pk})
    noted = Activity.objects.filter(act="upload.added")
    assert set(noted.values_list("person", flat=True)) == {alice.pk}
    assert noted.count() == Source.objects.count() == 2
    assert "uploaded" in page(as_alice, "?group=upload")
