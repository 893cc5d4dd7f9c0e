"""Inviting, joining, other roles, leaving: who may, what is written, and what two at once do."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.utils import timezone

from tests import factories
from tests.factories import PASSWORD
from tests.page_form import text_of
from tests.page_rows import finished
from wanstudio.accounts.models import User
from wanstudio.sharing.verbs import make_link
from wanstudio.teams.models import Invitation, Membership, Team
from wanstudio.teams.roles import MAY, Act, Role
from wanstudio.teams.verbs import LastOwner, accept, change_role, hand_over, remove
from wanstudio.work.leases import Stale
from wanstudio.work.mails import Mail


def invited(team: Team, by: User, role: str = "creator", email: str = "") -> Invitation:
    return Invitation.objects.create(team=team, role=role, email=email, invited_by=by)


def member(team: Team, who: User) -> Membership:
    return Membership.objects.get(team=team, user=who)


def confirmed(client: Client) -> None:
    """The password was asked for just now."""
    assert client.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302


def test_role_table_of_the_page_is_that_of_the_code(as_alice: Client) -> None:
    page = as_alice.get("/team/")
    assert page.context["acts"] == [(act.value, [act in MAY[role] for role in Role]) for act in Act]
    for act in Act:
        assert act.value in text_of(page)


def test_invite_by_link_and_join(team: Team, as_alice: Client, nobody: Client, settings: Any) -> None:
    settings.EMAIL_URL = ""
    page = as_alice.post("/team/invitations/", {"team": team.pk, "role": "viewer", "email": ""}, follow=True)
    invitation = Invitation.objects.get()
    path = f"/invite/{invitation.token}/"
    assert path in page.content.decode()
    assert "Email is off" in text_of(page)

    shown = nobody.get(path)
    assert "Join Northlight" in text_of(shown)
    assert shown.headers["X-Robots-Tag"] == "noindex, nofollow"
    account = {"name": "Dana", "email": "Dana@Example.com", "password": PASSWORD}
    assert nobody.post(path, account).headers["Location"] == "/"
    dana = User.objects.get(email="dana@example.com")
    assert member(team, dana).role == "viewer"
    assert nobody.get("/videos/").status_code == 200

    assert "has expired" in text_of(Client().get(path))
    assert Client().post(path, {**account, "email": "second@example.com"}).status_code == 404
    assert not User.objects.filter(email="second@example.com").exists()


def test_invitation_by_mail_is_for_that_address_only(
    team: Team, alice: User, as_alice: Client, as_charlie: Client, charlie: User, settings: Any
) -> None:
    settings.EMAIL_URL = "smtp://127.0.0.1:9"
    as_alice.post("/team/invitations/", {"team": team.pk, "role": "creator", "email": "Dana@example.com"})
    invitation, mail = Invitation.objects.get(), Mail.objects.get()
    assert invitation.email == mail.to == "dana@example.com"
    assert f"/invite/{invitation.token}/" in mail.text
    path = f"/invite/{invitation.token}/"

    assert "another address" in text_of(as_charlie.get(path))
    as_charlie.post(path)
    assert not team.members.filter(pk=charlie.pk).exists()

    stranger = Client()
    stranger.post(path, {"name": "Dana", "email": "other@example.com", "password": PASSWORD})
    assert team.members.filter(email="dana@example.com").exists()
    assert not User.objects.filter(email="other@example.com").exists()


def test_person_with_an_account_joins(team: Team, alice: User, as_charlie: Client, charlie: User) -> None:
    path = f"/invite/{invited(team, alice).token}/"
    assert (
        "sign in" in text_of(Client().post(path, {"name": "C", "email": charlie.email, "password": PASSWORD})).lower()
    )
    assert as_charlie.post(path).headers["Location"] == "/"
    assert member(team, charlie).role == "creator"
    assert as_charlie.get("/team/").context["team"].pk == team.pk


@pytest.mark.parametrize("end", ["revoked", "expired"])
def test_ended_invitation_answers_404(end: str, team: Team, alice: User, as_alice: Client) -> None:
    invitation = invited(team, alice)
    if end == "revoked":
        as_alice.post(f"/team/invitations/{invitation.pk}/revoke/")
    else:
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    answer = Client().post(
        f"/invite/{invitation.token}/", {"name": "Dana", "email": "dana@example.com", "password": PASSWORD}
    )
    assert answer.status_code == 404
    assert not User.objects.filter(email="dana@example.com").exists()


@pytest.mark.parametrize("token", ["1", "1.", "1.x", "0.aaaa", "x", "999999999999999999999.x", "²."])
def test_forged_token_answers_404(token: str, team: Team, alice: User) -> None:
    invited(team, alice)
    assert Client().get(f"/invite/{token}/").status_code == 404


@pytest.mark.parametrize(
    ("role", "may_invite_to"),
    [
        ("owner", {"admin", "creator", "viewer"}),
        ("admin", {"creator", "viewer"}),
        ("creator", set()),
        ("viewer", set()),
    ],
)
def test_invitation_to_ones_own_role_or_above_is_refused(
    role: str, may_invite_to: set[str], team: Team, alice: User, bob: User
) -> None:
    Membership.objects.filter(user=bob).update(role=role)
    client = Client()
    client.force_login(bob)
    for wanted in ("owner", "admin", "creator", "viewer"):
        before = Invitation.objects.count()
        client.post("/team/invitations/", {"team": team.pk, "role": wanted, "email": ""})
        assert Invitation.objects.count() - before == (wanted in may_invite_to), wanted


def test_forged_posts_by_a_creator_and_a_stranger_are_refused(
    team: Team, alice: User, bob: User, as_charlie: Client
) -> None:
    as_bob = Client()
    as_bob.force_login(bob)
    confirmed(as_bob)
    target = member(team, alice)
    invitation = invited(team, alice)
    posts = [
        (f"/team/people/{target.pk}/role/", {"role": "viewer"}),
        (f"/team/people/{target.pk}/remove/", {}),
        (f"/team/people/{member(team, bob).pk}/owner/", {"how": "too"}),
        (f"/team/invitations/{invitation.pk}/revoke/", {}),
        ("/team/invitations/", {"team": team.pk, "role": "viewer"}),
        ("/team/rename/", {"team": team.pk, "name": "Mine"}),
        ("/team/security/", {"team": team.pk, "needs": "1"}),
    ]
    for path, fields in posts:
        assert as_bob.post(path, fields).status_code == 404, path
        assert as_charlie.post(path, fields).status_code == 404, path
    assert as_charlie.post("/team/switch/", {"team": team.pk}).status_code == 404
    roles = Membership.objects.filter(team=team).order_by("pk").values_list("role", flat=True)
    assert list(roles) == ["owner", "creator"]
    team.refresh_from_db()
    assert (team.name, team.needs_second_factor) == ("Northlight", False)
    assert Invitation.pending().count() == 1


def test_changed_role_counts_at_the_next_request(team: Team, bob: User, as_alice: Client) -> None:
    as_bob = Client()
    as_bob.force_login(bob)
    assert "Generate" in text_of(as_bob.get("/"))
    as_alice.post(f"/team/people/{member(team, bob).pk}/role/", {"role": "viewer"})
    assert "Generate" not in text_of(as_bob.get("/"))


def test_removing_ends_access_at_the_next_request_and_keeps_the_work(team: Team, bob: User, as_alice: Client) -> None:
    video = finished(team, bob)
    as_bob = Client()
    as_bob.force_login(bob)
    mine = invited(team, bob)
    as_alice.post(f"/team/people/{member(team, bob).pk}/remove/")
    for path in ("/", f"/videos/{video.pk}/", f"/videos/{video.pk}/file", "/team/"):
        assert as_bob.get(path).status_code == 404, path
    assert "You are not in a team" in text_of(as_bob.get("/"))
    assert as_bob.get("/account/").status_code == 200
    assert as_alice.get(f"/videos/{video.pk}/").status_code == 200
    assert Invitation.by_token(mine.token) is None


def test_member_leaves_and_their_work_stays(team: Team, alice: User, bob: User) -> None:
    as_bob = Client()
    as_bob.force_login(bob)
    as_bob.post(f"/team/people/{member(team, bob).pk}/remove/")
    assert not team.members.filter(pk=bob.pk).exists()


def test_the_last_owner_can_neither_leave_nor_step_down(team: Team, alice: User, as_alice: Client) -> None:
    mine = member(team, alice).pk
    assert "needs an owner" in text_of(as_alice.post(f"/team/people/{mine}/remove/", follow=True))
    assert "needs an owner" in text_of(as_alice.post(f"/team/people/{mine}/role/", {"role": "viewer"}, follow=True))
    assert member(team, alice).role == "owner"


def test_handing_over_asks_for_the_password(team: Team, alice: User, bob: User, as_alice: Client) -> None:
    path = f"/team/people/{member(team, bob).pk}/owner/"
    assert "/accounts/reauthenticate/" in as_alice.post(path, {"how": "instead"}).headers["Location"]
    assert member(team, bob).role == "creator"
    confirmed(as_alice)
    make_link(finished(team, alice), alice)
    done = as_alice.post(path, {"how": "instead"})
    # An admin is less than an owner: what they have open still is shown to them.
    assert done.headers["Location"] == f"/team/people/{member(team, alice).pk}/opened/"
    assert (member(team, bob).role, member(team, alice).role) == ("owner", "admin")


def test_second_owner_is_made(team: Team, alice: User, bob: User, as_alice: Client) -> None:
    confirmed(as_alice)
    as_alice.post(f"/team/people/{member(team, bob).pk}/owner/", {"how": "too"})
    assert (member(team, bob).role, member(team, alice).role) == ("owner", "owner")


def at_once(*calls: Any) -> list[Any]:
    """What each call returned or raised, all begun at the same moment."""
    gate = Barrier(len(calls))

    def run(call: Any) -> Any:
        gate.wait(60)
        try:
            return call()
        except Exception as wrong:
            return wrong
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_demote_each_other_leave_one() -> None:
    for _ in range(5):
        team = factories.team()
        two = []
        for name in ("Ann", "Ben"):
            who = factories.user(f"{name}{team.pk}")
            two.append(Membership.objects.create(team=team, user=who, role="owner"))
        came = at_once(lambda two=two: change_role(two[0], "viewer"), lambda two=two: remove(two[1]))
        assert sum(isinstance(one, LastOwner) for one in came) == 1, came
        assert team.memberships.filter(role="owner").count() == 1


@pytest.mark.django_db(transaction=True)
def test_handing_over_to_a_leaving_member_keeps_an_owner() -> None:
    team = factories.team()
    ann, ben = (
        Membership.objects.create(team=team, user=factories.user(name), role=role)
        for name, role in (("Ann", "owner"), ("Ben", "admin"))
    )
    at_once(lambda: hand_over(ann, ben), lambda: remove(ben))
    assert team.memberships.filter(role="owner").count() == 1


@pytest.mark.django_db(transaction=True)
def test_invitation_is_accepted_once() -> None:
    team, alice = factories.team(), factories.user("Alice")
    Membership.objects.create(team=team, user=alice, role=Membership.Role.OWNER)
    invitation = invited(team, alice)
    people = [factories.user(f"P{number}") for number in range(4)]
    came = at_once(*(lambda who=who: accept(invitation, who) for who in people))
    assert sum(isinstance(one, Membership) for one in came) == 1, came
    assert sum(isinstance(one, Stale) for one in came) == 3, came
    assert team.memberships.count() == 2


def test_form_counts_for_its_own_team_in_two_tabs(team: Team, alice: User, as_alice: Client) -> None:
    other = factories.team("Southlight")
    Membership.objects.create(team=other, user=alice, role="owner")
    here = finished(team, alice, title="Mira here")
    there = finished(other, alice, title="Mira there")

    assert "Mira there" not in text_of(as_alice.get("/videos/"))
    as_alice.post("/team/switch/", {"team": other.pk, "next": "/videos/"})
    page = text_of(as_alice.get("/videos/"))
    assert "Mira there" in page
    assert "Mira here" not in page
    # The first tab goes on: its form names its team, and its things open under its team's name.
    as_alice.post("/team/rename/", {"team": team.pk, "name": "Nordlicht"})
    assert {Team.objects.get(pk=team.pk).name, Team.objects.get(pk=other.pk).name} == {"Nordlicht", "Southlight"}
    assert as_alice.get(f"/videos/{here.pk}/").context["team"].name == "Nordlicht"
    assert as_alice.get(f"/videos/{there.pk}/").context["team"].name == "Southlight"
    assert as_alice.get(f"/jobs/{here.job_id}/").context["team"].name == "Nordlicht"

    later = Client()
    later.force_login(alice)
    assert later.get("/team/").context["team"].pk == other.pk


@pytest.mark.parametrize(
    ("address", "data", "shown"),
    [
        ("/team/invitations/", {"role": "viewer", "email": ""}, "/team/"),
        ("/team/rename/", {"name": "Nordlicht"}, "/team/"),
        ("/usage/caps/", {"team_cap": "5.00"}, "/usage/"),
        ("/collections/add/", {"name": "Mood"}, "/videos/"),
        ("/uploads/sample/", {}, "/"),
    ],
)
def test_page_after_a_form_shows_the_team_of_the_form(
    address: str, data: dict[str, str], shown: str, team: Team, alice: User, bob: User, as_alice: Client
) -> None:
    other = factories.team("Southlight")
    Membership.objects.create(team=other, user=alice, role="owner")
    as_alice.post("/team/switch/", {"team": other.pk})
    answer = as_alice.post(address, data | {"team": team.pk}, follow=True)
    assert answer.redirect_chain[-1][0].startswith(shown)
    assert answer.context["team"].pk == team.pk
    # The switcher has not moved, and its own team's forms lead where they always did.
    assert as_alice.get(shown).context["team"].pk == other.pk
    answer = as_alice.post("/team/rename/", {"team": other.pk, "name": "South"})
    assert answer.headers["Location"] == "/team/"
    leave = f"/team/people/{member(team, alice).pk}/remove/"
    assert as_alice.post(leave).headers["Location"] == f"/team/?team={team.pk}"
    Membership.objects.filter(team=team, user=bob).update(role="owner")
    assert as_alice.post(leave).headers["Location"] == "/"
    # Somebody else's team is in no address.
    stranger = factories.team("Elsewhere")
    assert as_alice.get(f"/team/?team={stranger.pk}").context["team"].pk == other.pk


def test_only_the_first_owner_founds_teams(as_alice: Client, as_charlie: Client, alice: User) -> None:
    assert as_charlie.post("/team/new/", {"name": "Mine"}).status_code == 404
    as_alice.post("/team/new/", {"name": "Southlight"})
    made = Team.objects.get(name="Southlight")
    assert member(made, alice).role == "owner"
    assert made.is_first is None


def test_a_required_second_factor_closes_the_team(team: Team, alice: User, bob: User, as_alice: Client) -> None:
    from allauth.mfa.totp.internal.auth import TOTP

    video = finished(team, bob)
    as_bob = Client()
    as_bob.force_login(bob)
    confirmed(as_alice)
    as_alice.post("/team/security/", {"team": team.pk, "needs": "1"})
    team.refresh_from_db()
    assert not team.needs_second_factor, "not by who has none"

    TOTP.activate(alice, "A" * 32)
    as_alice.post("/team/security/", {"team": team.pk, "needs": "1"})
    team.refresh_from_db()
    assert team.needs_second_factor
    assert as_alice.get("/").status_code == 200

    for path in ("/", "/jobs/", f"/videos/{video.pk}/", f"/videos/{video.pk}/file", "/uploads/", "/usage/"):
        assert as_bob.get(path).headers["Location"] == f"/account/second-factor/?team={team.pk}", path
    assert as_bob.post(f"/jobs/{video.job_id}/rename/", {"title": "x"}).status_code in (302, 404)
    assert video.job.__class__.objects.get(pk=video.job_id).title == "Mira"
    assert "Northlight requires a second factor" in text_of(as_bob.get("/account/second-factor/"))
    TOTP.activate(bob, "B" * 32)
    assert as_bob.get(f"/videos/{video.pk}/").status_code == 200


def test_secrets_of_second_factors_are_encrypted(alice: User) -> None:
    from allauth.mfa.models import Authenticator
    from allauth.mfa.totp.internal.auth import TOTP

    TOTP.activate(alice, "JBSWY3DPEHPK3PXP")
    assert "JBSWY3DPEHPK3PXP" not in str(Authenticator.objects.get().data)


def test_failed_sign_ins_from_elsewhere_do_not_lock_the_owner_out(alice: User) -> None:
    guess = {"login": alice.email, "password": "wrong-wrong-wrong"}
    for _ in range(30):
        Client(REMOTE_ADDR="203.0.113.5").post("/accounts/login/", guess)
    locked = Client(REMOTE_ADDR="203.0.113.5").post("/accounts/login/", {**guess, "password": PASSWORD})
    assert locked.status_code == 200
    fine = Client(REMOTE_ADDR="198.51.100.7").post("/accounts/login/", {**guess, "password": PASSWORD})
    assert fine.status_code == 302


def test_password_reset_does_not_reveal_accounts(alice: User, settings: Any) -> None:
    settings.EMAIL_URL = "smtp://127.0.0.1:9"
    known = Client().post("/accounts/password/reset/", {"email": alice.email})
    stranger = Client().post("/accounts/password/reset/", {"email": "who@example.com"})
    assert known.headers["Location"] == stranger.headers["Location"]
    mail = Mail.objects.get()
    assert (mail.to, mail.subject) == (alice.email, "A new password for Wan Studio")
    assert alice.email in mail.text
    link = re.search(r"^http://127.0.0.1:8000(/accounts/password/reset/key/\S+)$", mail.text, re.MULTILINE)
    assert link
    assert Client().get(link[1], follow=True).status_code == 200
    Client().post("/accounts/password/reset/", {"email": alice.email})
    assert Mail.objects.count() == 1


def test_name_and_address_are_changed(alice: User, as_alice: Client, settings: Any) -> None:
    settings.EMAIL_URL = "smtp://127.0.0.1:9"
    as_alice.post("/account/", {"name": "  Alice   Smith "})
    confirmed(as_alice)
    as_alice.post("/account/email/", {"email": "New@example.com"})
    mail = Mail.objects.get(to="new@example.com")
    link = next(word for word in mail.text.split() if "/account/email/" in word)
    path = "/account/email/" + link.split("/account/email/")[1]
    alice.refresh_from_db()
    assert (alice.name, alice.email) == ("Alice Smith", "alice@example.com")
    as_alice.get(path)
    alice.refresh_from_db()
    assert alice.email == "alice@example.com"
    as_alice.post(path)
    alice.refresh_from_db()
    assert alice.email == "new@example.com"
    assert as_alice.post(path).status_code == 404


def test_pages_of_the_account_open(as_alice: Client) -> None:
    assert get_user_model().objects.exists()
    confirmed(as_alice)
    for path in (
        *("/account/", "/account/sessions/", "/account/email/", "/accounts/password/change/"),
        *("/accounts/2fa/totp/activate/", "/accounts/2fa/webauthn/add/", "/accounts/reauthenticate/", "/team/new/"),
    ):
        assert as_alice.get(path).status_code == 200, path
