"""Leaving: what a member has opened to others is seen by who removes them or makes them less, and closed there."""

import re
from typing import Any

import pytest
from django.test import Client

from tests import factories
from tests.page_form import text_of
from tests.page_rows import finished
from wanstudio.accounts.models import User
from wanstudio.activity.models import Activity
from wanstudio.api.authentication import create_token
from wanstudio.api.models import ApiToken
from wanstudio.sharing.models import ShareLink
from wanstudio.sharing.verbs import make_link
from wanstudio.teams.models import Invitation, Membership, Team
from wanstudio.teams.verbs import accept, change_role, hand_over, remove
from wanstudio.videos.verbs import collection_named
from wanstudio.work.leases import Stale

pytestmark = pytest.mark.django_db


def member(team: Team, user: User) -> Membership:
    return Membership.objects.get(team=team, user=user)


@pytest.fixture
def carla(team: Team) -> User:
    """An admin who has opened one of everything, and a link to a private collection."""
    carla = factories.user("Carla", team)
    Membership.objects.filter(user=carla).update(role=Membership.Role.ADMIN)
    make_link(finished(team, carla, title="Mira walks"), carla)
    drafts = collection_named(team, carla, "Drafts", "private")
    assert drafts
    make_link(drafts, carla)
    Invitation.objects.create(team=team, role="viewer", email="dora@client.example", invited_by=carla)
    create_token(member(team, carla), "nightly", ApiToken.Scope.MAKE)
    return carla


def acts(start: str) -> list[tuple[str, str, str]]:
    rows = Activity.objects.filter(act__startswith=start).order_by("pk")
    return [(row.who, row.act, row.about) for row in rows if not row.act.endswith(("made", "joined"))]


# --- removed ------------------------------------------------------------------------------------------


def test_who_removes_a_member_sees_what_is_open(team: Team, carla: User, as_alice: Client) -> None:
    shown = text_of(as_alice.get("/team/"))
    for title in ("Link to Mira walks", "Invitation of dora@client.example as viewer", "API token nightly"):
        assert title in shown
    assert "Link to a private collection" in shown
    assert "Drafts" not in shown


def test_removing_closes_all_and_says_so_in_the_activity(team: Team, carla: User, as_alice: Client) -> None:
    link = ShareLink.objects.get(collection=None)
    answer = as_alice.post(f"/team/people/{member(team, carla).pk}/remove/", follow=True)
    assert "Carla was removed from the team." in text_of(answer)
    assert "Closed: 4 of their links, invitations and tokens." in text_of(answer)
    assert not ShareLink.objects.filter(revoked_at=None).exists()
    assert Client().get(f"/s/{link.token}/").status_code == 404
    assert not Invitation.pending().exists()
    assert acts("link.") == [
        ("Alice", "link.revoked", "a private collection"),
        ("Alice", "link.revoked", "Mira walks"),
    ]
    assert acts("invitation.") == [("Alice", "invitation.revoked", "dora@client.example as viewer")]
    assert acts("token.") == [("Alice", "token.revoked", "nightly of Carla")]


def test_a_link_that_is_kept_goes_on_and_nothing_else_does(team: Team, carla: User, as_alice: Client) -> None:
    link, other = ShareLink.objects.get(collection=None), ShareLink.objects.get(video=None)
    keys = [f"link-{link.pk}", f"invitation-{Invitation.objects.get().pk}", f"token-{ApiToken.objects.get().pk}"]
    as_alice.post(f"/team/people/{member(team, carla).pk}/remove/", {"keep": keys})
    link.refresh_from_db()
    other.refresh_from_db()
    assert link.revoked_at is None
    assert other.revoked_at is not None
    assert Client().get(f"/s/{link.token}/").status_code == 200
    assert not Invitation.pending().exists()
    assert not ApiToken.living().exists()


def test_a_token_of_a_removed_member_opens_nothing(team: Team, carla: User, alice: User) -> None:
    script = {"Authorization": f"Bearer {create_token(member(team, carla), 'x', ApiToken.Scope.MAKE).secret}"}
    assert Client().get("/api/v1/videos", headers=script).status_code == 200
    remove(member(team, carla), by=alice)
    assert Client().get("/api/v1/videos", headers=script).status_code == 401


def test_who_leaves_sees_and_closes_their_own(team: Team, alice: User, carla: User) -> None:
    as_carla = Client()
    as_carla.force_login(carla)
    assert "Link to Mira walks" in text_of(as_carla.get("/team/"))
    as_carla.post(f"/team/people/{member(team, carla).pk}/remove/")
    assert not ShareLink.objects.filter(revoked_at=None).exists()


def test_others_do_not_see_it(team: Team, carla: User, bob: User, as_charlie: Client) -> None:
    as_bob = Client()
    as_bob.force_login(bob)
    assert "dora@client.example" not in text_of(as_bob.get("/team/"))
    address = f"/team/people/{member(team, carla).pk}/opened/"
    for client in (as_bob, as_charlie):
        assert client.get(address).status_code == client.post(address, {"close": ["link-1"]}).status_code == 404
    assert ShareLink.objects.filter(revoked_at=None).count() == 2


def test_what_belongs_to_another_team_stays(team: Team, carla: User, alice: User) -> None:
    other = factories.team("Southlight")
    seat = Membership.objects.create(team=other, user=carla, role=Membership.Role.OWNER)
    link = make_link(finished(other, carla, title="Elsewhere"), carla)
    create_token(seat, "theirs", ApiToken.Scope.READ)
    remove(member(team, carla), by=alice)
    link.refresh_from_db()
    assert link.revoked_at is None
    assert ApiToken.living().get().name == "theirs"


# --- made less ----------------------------------------------------------------------------------------


def test_a_lower_role_leads_to_what_is_open(team: Team, carla: User, as_alice: Client) -> None:
    seat = member(team, carla)
    answer: Any = as_alice.post(f"/team/people/{seat.pk}/role/", {"role": "viewer"}, follow=True)
    assert member(team, carla).role == "viewer"
    assert answer.redirect_chain == [(f"/team/people/{seat.pk}/opened/", 302)]
    shown = text_of(answer)
    assert "Open links and tokens of Carla" in shown
    ticked = re.findall(r'name="close" value="(\w+)-\d+" checked', answer.content.decode())
    assert ticked == ["link", "link", "token"]
    # A viewer cannot invite: that one is revoked by the change itself.
    assert "dora@client.example" not in shown
    link = ShareLink.objects.get(collection=None)
    token = ApiToken.objects.get()
    closed = as_alice.post(f"/team/people/{seat.pk}/opened/", {"close": [f"token-{token.pk}"]}, follow=True)
    assert "Closed: 1 of their links, invitations and tokens." in text_of(closed)
    token.refresh_from_db()
    link.refresh_from_db()
    assert token.revoked_at is not None
    assert link.revoked_at is None


def test_a_higher_role_or_nothing_open_leads_back_to_the_team(
    team: Team, bob: User, carla: User, as_alice: Client
) -> None:
    for person, role in ((bob, "viewer"), (bob, "admin")):
        answer = as_alice.post(f"/team/people/{member(team, person).pk}/role/", {"role": role})
        assert answer.headers["Location"] == "/team/"
    change_role(member(team, carla), "creator")
    answer = as_alice.post(f"/team/people/{member(team, carla).pk}/role/", {"role": "admin"})
    assert answer.headers["Location"] == "/team/"


def test_only_what_is_theirs_can_be_closed_there(team: Team, carla: User, alice: User, as_alice: Client) -> None:
    mine = make_link(finished(team, alice), alice)
    as_alice.post(f"/team/people/{member(team, carla).pk}/opened/", {"close": [f"link-{mine.pk}", "link-x", ""]})
    mine.refresh_from_db()
    assert mine.revoked_at is None


# --- invitations --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("maker", "invited", "is_open"),
    [
        ("owner", "admin", True),
        ("owner", "viewer", True),
        ("admin", "creator", True),
        ("admin", "admin", False),
        ("creator", "viewer", False),
        ("viewer", "viewer", False),
        ("", "viewer", False),
    ],
)
def test_an_invitation_grants_what_its_maker_could_grant_now(
    team: Team, bob: User, maker: str, invited: str, is_open: bool
) -> None:
    """However the maker came to be less: the row itself is all that counts."""
    invitation = Invitation.objects.create(team=team, role=invited, invited_by=bob)
    seat = Membership.objects.filter(team=team, user=bob)
    seat.update(role=maker) if maker else seat.delete()
    guest, address = factories.user("Dora"), f"/invite/{invitation.token}/"
    answer = Client().get(address)
    assert answer.status_code == (200 if is_open else 404)
    assert ("can no longer invite people to this team" in text_of(answer)) is not is_open
    if is_open:
        assert accept(invitation, guest).role == invited
    else:
        with pytest.raises(Stale):
            accept(invitation, guest)
        assert not Membership.objects.filter(team=team, user=guest).exists()


def test_a_maker_who_is_locked_out_invites_nobody(team: Team, bob: User) -> None:
    Membership.objects.filter(team=team, user=bob).update(role="owner")
    invitation = Invitation.objects.create(team=team, role="viewer", invited_by=bob)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert Invitation.by_token(invitation.token) is None


def test_an_owner_who_hands_over_takes_invitations_of_admins_back_for_good(team: Team, alice: User, bob: User) -> None:
    beyond = Invitation.objects.create(team=team, role="admin", invited_by=alice)
    within = Invitation.objects.create(team=team, role="viewer", invited_by=alice)
    hand_over(member(team, alice), member(team, bob))
    change_role(member(team, alice), "owner", by=bob)
    assert list(Invitation.pending()) == [within]
    assert acts("invitation.") == [("Alice", "invitation.revoked", f"anyone with the link as {beyond.role}")]
