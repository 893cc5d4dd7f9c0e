"""Sessions: the list of them, and signing out elsewhere."""

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from tests.factories import PASSWORD
from tests.page_form import text_of
from wanstudio.accounts.models import User
from wanstudio.teams.models import Invitation, Team


def signed_in(email: str, browser: str) -> Client:
    client = Client(headers={"user-agent": browser})
    client.post("/accounts/login/", {"login": email, "password": PASSWORD})
    return client


def test_other_sessions_are_ended(alice: User) -> None:
    here = signed_in(alice.email, "Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0")
    there = signed_in(alice.email, "Mozilla/5.0 (iPhone) Version/17 Safari/604.1")
    page = here.get("/account/sessions/")
    assert "Firefox on Linux" in text_of(page)
    assert "Safari on iPhone" in text_of(page)
    here.post("/account/sessions/sign-out/")
    assert here.get("/account/").status_code == 200
    assert there.get("/account/").headers["Location"].startswith("/accounts/login/")


def test_session_of_a_new_member_is_listed(team: Team, alice: User) -> None:
    invitation = Invitation.objects.create(team=team, role="viewer", invited_by=alice)
    client = Client()
    account = {"name": "Dana", "email": "dana@example.com", "password": PASSWORD}
    client.post(f"/invite/{invitation.token}/", account)
    assert [one["here"] for one in client.get("/account/sessions/").context["sessions"]] == [True]
    elsewhere = signed_in("dana@example.com", "curl/8")
    assert len(client.get("/account/sessions/").context["sessions"]) == 2
    client.post("/account/sessions/sign-out/")
    assert elsewhere.get("/account/").status_code == 302


def test_session_of_another_person_is_not_ended(alice: User, bob: User) -> None:
    from allauth.usersessions.models import UserSession

    as_alice, as_bob = signed_in(alice.email, "curl/8"), signed_in(bob.email, "curl/8")
    hers = UserSession.objects.get(user=alice)
    as_bob.post("/account/sessions/sign-out/", {"session": hers.pk})
    assert as_alice.get("/account/").status_code == 200


def test_session_that_has_expired_is_over_and_its_key_is_not_used_again(alice: User) -> None:
    client = Client()
    client.force_login(alice)
    assert client.get("/account/").status_code == 200
    key = client.session.session_key
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert client.get("/account/").status_code == 302
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    assert client.get("/account/").status_code == 200
    assert client.session.session_key != key
