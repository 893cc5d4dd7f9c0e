"""The company's sign-in over real HTTP, with an issuer that also lies: who gets in, as whom, and what is refused."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives import serialization
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import reverse
from environs import EnvError

from tests import factories
from tests.issuer import SECRET, Issuer, running
from wanstudio.accounts import issuer as issuers
from wanstudio.accounts.models import User
from wanstudio.activity.models import Activity
from wanstudio.api.authentication import create_token
from wanstudio.settings_files import SettingsEnv
from wanstudio.settings_sign_in import company
from wanstudio.teams.models import Invitation, Membership, Team
from wanstudio.teams.roles import Role

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def _server() -> Iterator[Issuer]:
    with running() as issuer:
        yield issuer
        over.set()


@pytest.fixture
def issuer(_server: Issuer, alice: User, monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    """As it behaves untold, in a studio that is set up and lets people in by invitation, on a machine that is busy."""
    monkeypatch.setattr(issuers, "ANSWERS_WITHIN_S", 60.0)
    fresh = {"claims": lambda claims: claims, "sign": _server.signed, "instead": {}, "asked": []}
    for name, value in fresh.items():
        setattr(_server, name, value)
    _server.in_userinfo_only = False
    _server.is_person("sub-ines", "ines@example.com", name="Ines")
    with override_settings(COMPANY=_server.company()):
        yield _server


def begin(client: Client, following: str = "", **headers: str) -> HttpResponse:
    query = {"next": following} if following else {}
    return client.get(reverse("company.begin"), query, headers=headers)  # type: ignore[return-value]


def way_back(client: Client, following: str = "") -> str:
    """The address that the issuer sends the browser to."""
    sent = begin(client, following)
    assert sent.status_code == 302, sent.content
    answer = requests.get(sent["Location"], allow_redirects=False, timeout=60)
    parts = urlsplit(answer.headers["Location"])
    return f"{parts.path}?{parts.query}"


def sign_in(client: Client | None = None, following: str = "") -> HttpResponse:
    client = client or Client()
    return client.get(way_back(client, following))  # type: ignore[return-value]


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def invite(email: str, role: str = Role.CREATOR, **fields: Any) -> Invitation:
    alice = User.objects.get(email="alice@example.com")
    team = fields.pop("team", None) or Team.objects.get(is_first=True)
    return Invitation.objects.create(team=team, role=role, email=email, invited_by=alice)


def said(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


# --- who gets in ---


def test_addresses_are_404_without_the_setting_and_ask_no_database(alice: User, django_assert_num_queries: Any) -> None:
    client = Client()
    client.get(reverse("account_login"))
    for name in ("company.begin", "company.callback"):
        with django_assert_num_queries(0):
            request = client.get(reverse(name)).wsgi_request
        assert client.get(reverse(name)).status_code == 404
        assert request.resolver_match is not None


def test_invited_person_gets_an_account_in_the_team(issuer: Issuer) -> None:
    invite("ines@example.com")
    client = Client()
    answer = sign_in(client, "/videos/")
    assert (answer.status_code, answer["Location"], is_in(client)) == (302, "/videos/", True)
    ines = User.objects.get(email="ines@example.com")
    assert (ines.name, ines.has_usable_password(), ines.memberships.get().role) == ("Ines", False, "creator")
    assert Invitation.objects.get().accepted_by == ines
    assert {"member.joined", "signin", "signin.tied"} <= {*Activity.objects.values_list("act", flat=True)}
    assert client.get("/videos/").status_code == 200


def test_state_nonce_and_pkce_are_in_each_request(issuer: Issuer) -> None:
    first, second = (parse_qs(urlsplit(begin(Client())["Location"]).query) for _ in range(2))
    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name]
        assert len(first[name][0]) >= 16
    assert first["code_challenge_method"] == ["S256"]
    assert first["response_type"] == ["code"]
    assert sorted(first["scope"][0].split()) == ["email", "openid", "profile"]


def test_open_invitation_lets_in_who_comes_from_its_page(issuer: Issuer) -> None:
    page = reverse("invitations.show", args=[invite("").token])
    client = Client()
    assert "Continue with Northlight ID" in said(client.get(page))
    assert sign_in(client, page)["Location"] == page
    assert User.objects.get(email="ines@example.com").memberships.get().role == "creator"


def test_invitation_of_another_address_lets_no_one_else_in(issuer: Issuer) -> None:
    page = reverse("invitations.show", args=[invite("someone@example.com").token])
    client = Client()
    assert sign_in(client, page).status_code == 403
    assert not is_in(client)
    assert not User.objects.filter(email="ines@example.com").exists()


def test_without_invitation_a_page_says_whom_to_ask(issuer: Issuer) -> None:
    client = Client()
    answer = sign_in(client)
    assert (answer.status_code, is_in(client), User.objects.count()) == (403, False, 1)
    assert "Ask Alice, who runs this studio." in said(answer)
    assert "alice@example.com" not in said(answer)


@pytest.mark.parametrize(
    ("email", "comes_in"),
    [
        ("ines@example.com", True),
        ("Ines@EXAMPLE.com", True),
        ("ines@evil-example.com", False),
        ("ines@example.com.evil.org", False),
        ("ines@sub.example.com", False),
    ],
)
def test_domain_lets_its_people_in_with_the_default_role_and_team(issuer: Issuer, email: str, comes_in: bool) -> None:
    south = factories.team("Southlight")
    issuer.is_person("sub-ines", email)
    settings = issuer.company(join="domain", domains=("example.com",), role="creator", team="Southlight")
    with override_settings(COMPANY=settings):
        client = Client()
        sign_in(client)
        assert is_in(client) == comes_in
    found = Membership.objects.filter(user__email=email.lower())
    assert [(one.team, one.role) for one in found] == ([(south, "creator")] if comes_in else [])


def test_team_that_does_not_exist_is_said_to_be_missing(issuer: Issuer) -> None:
    with override_settings(COMPANY=issuer.company(join="domain", domains=("example.com",), team="Nowhere")):
        answer = sign_in()
    assert (answer.status_code, User.objects.count()) == (403, 1)
    assert "has no team with the name" in said(answer)


def test_never_lets_in_existing_accounts_only(issuer: Issuer) -> None:
    invite("ines@example.com")
    with override_settings(COMPANY=issuer.company(join="never", domains=("example.com",))):
        assert sign_in().status_code == 403
        factories.user("Ines", Team.objects.get())
        client = Client()
        sign_in(client)
        assert is_in(client)


# --- the same person ---


def test_same_sub_is_the_same_person_when_the_address_changes(issuer: Issuer) -> None:
    invite("ines@example.com")
    sign_in()
    issuer.is_person("sub-ines", "ines.maier@example.org", verified=False)
    client = Client()
    sign_in(client)
    assert client.session["_auth_user_id"] == str(User.objects.get(email="ines@example.com").pk)
    assert User.objects.count() == 2


def test_another_sub_with_the_same_address_is_not_that_person(issuer: Issuer) -> None:
    invite("ines@example.com")
    sign_in()
    issuer.is_person("sub-of-the-next-ines", "ines@example.com")
    client = Client()
    answer = sign_in(client)
    assert (answer.status_code, is_in(client), SocialAccount.objects.count()) == (403, False, 1)
    assert "belongs to another account" in said(answer)


def test_verified_address_ties_an_existing_account_and_ends_its_password(issuer: Issuer, bob: User) -> None:
    issuer.is_person("sub-bob", "bob@example.com")
    before, client = Client(), Client()
    before.force_login(bob)
    script = {"Authorization": f"Bearer {create_token(bob.memberships.get(), 'a script', 'make').secret}"}
    assert Client().get("/api/v1/jobs", headers=script).status_code == 200
    sign_in(client)
    bob.refresh_from_db()
    assert (client.session["_auth_user_id"], bob.has_usable_password()) == (str(bob.pk), False)
    # Who chose that password is not known to be the person the company vouches for.
    assert before.get("/videos/").status_code == 302
    assert Client().get("/api/v1/jobs", headers=script).status_code == 401
    assert client.get("/videos/").status_code == 200


def test_owner_keeps_the_password_for_the_day_the_issuer_is_away(issuer: Issuer, alice: User) -> None:
    issuer.is_person("sub-alice", "alice@example.com")
    sign_in()
    alice.refresh_from_db()
    assert alice.has_usable_password()
    assert SocialAccount.objects.get().user == alice


@pytest.mark.parametrize("verified", [False, None, "true", 1, "false"])
def test_unverified_address_matches_no_account_and_makes_none(issuer: Issuer, bob: User, verified: object) -> None:
    invite("ines@example.com")
    for email in ("bob@example.com", "ines@example.com"):
        issuer.person = {"sub": f"sub-{email}", "email": email}
        if verified is not None:
            issuer.person["email_verified"] = verified
        client = Client()
        answer = sign_in(client)
        assert (answer.status_code, is_in(client)) == (403, False)
        assert "not verified" in said(answer)
    assert (User.objects.count(), SocialAccount.objects.count()) == (2, 0)


@pytest.mark.parametrize(
    "email", [None, "", "nonsense", ["ines@example.com"], "a\nb@example.com", "m\u212a@example.com"]
)
def test_missing_address_is_a_page_that_says_so(issuer: Issuer, email: Any) -> None:
    issuer.is_person("sub-ines", email)
    answer = sign_in()
    assert (answer.status_code, "address is missing" in said(answer)) == (403, True)


def test_address_that_only_userinfo_has_is_taken_from_there(issuer: Issuer) -> None:
    invite("ines@example.com")
    issuer.in_userinfo_only = True
    client = Client()
    sign_in(client)
    assert is_in(client)


def test_userinfo_of_another_person_is_refused(issuer: Issuer) -> None:
    invite("ines@example.com")
    issuer.in_userinfo_only = True
    other = {"sub": "sub-eve", "email": "ines@example.com", "email_verified": True}
    issuer.instead["/userinfo"] = lambda: (200, other)
    client = Client()
    assert sign_in(client).status_code == 403
    assert not is_in(client)


# --- who is out ---


def test_disabled_account_is_out_at_the_next_request_and_cannot_come_back(issuer: Issuer) -> None:
    invite("ines@example.com")
    client = Client()
    sign_in(client)
    assert client.get("/videos/").status_code == 200
    User.objects.filter(email="ines@example.com").update(is_active=False)
    assert client.get("/videos/").status_code == 302
    client = Client()
    answer = sign_in(client)
    assert not is_in(client)
    assert "disabled" in client.get(answer["Location"]).content.decode()


def test_removed_member_is_out_at_the_next_request(issuer: Issuer) -> None:
    invite("ines@example.com")
    client = Client()
    sign_in(client)
    Membership.objects.filter(user__email="ines@example.com").delete()
    assert client.get("/videos/").status_code == 404


def test_session_ends_at_its_time_however_much_it_is_used(issuer: Issuer) -> None:
    invite("ines@example.com")
    with override_settings(COMPANY=issuer.company(session_hours=2)):
        client = Client()
        sign_in(client)
    ends = Session.objects.get(session_key=client.session.session_key).expire_date
    session = client.session
    session["touched"] = 1
    session.save()
    again = Session.objects.get(session_key=client.session.session_key).expire_date
    assert ends == again
    assert 7100 < ends.timestamp() - time.time() <= 7200
    Session.objects.update(expire_date="2020-01-01T00:00:00Z")
    assert client.get("/videos/").status_code == 302


def test_second_factor_of_the_studio_is_asked_for_besides(issuer: Issuer, bob: User) -> None:
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    TOTP.activate(bob, generate_totp_secret())
    issuer.is_person("sub-bob", "bob@example.com")
    client = Client()
    answer = sign_in(client, "/videos/")
    assert (answer["Location"], is_in(client)) == (reverse("mfa_authenticate"), False)


def test_team_that_requires_a_second_factor_requires_the_studios_own(issuer: Issuer) -> None:
    Team.objects.update(needs_second_factor=True)
    invite("ines@example.com")
    client = Client()
    sign_in(client)
    assert client.get("/videos/")["Location"].startswith(reverse("account.second_factor"))


def test_signing_out_ends_the_session(issuer: Issuer) -> None:
    invite("ines@example.com")
    client = Client()
    sign_in(client)
    assert client.post(reverse("account_logout"))["Location"] == reverse("account_login")
    assert not is_in(client)
    # And no page leads back in by itself.
    assert client.get(reverse("account_login")).status_code == 200


# --- passwords ---


def password(client: Client, email: str) -> HttpResponse:
    form = {"login": email, "password": factories.PASSWORD}
    return client.post(reverse("account_login"), form)  # type: ignore[return-value]


def test_only_the_owner_signs_in_with_a_password_if_it_is_set_so(issuer: Issuer, bob: User) -> None:
    with override_settings(COMPANY=issuer.company(only_owners=True)):
        page = said(Client().get(reverse("account_login")))
        assert ('name="password"' in page, "Continue with Northlight ID" in page) == (False, True)
        assert 'name="password"' in said(Client().get(reverse("account_login"), {"password": ""}))
        for email, comes_in in (("bob@example.com", False), ("alice@example.com", True)):
            client = Client()
            answer = password(client, email)
            assert is_in(client) == comes_in
            assert comes_in or "only the owner signs in with a password" in said(answer)


def test_password_account_is_not_made_where_it_could_not_sign_in(issuer: Issuer) -> None:
    page = reverse("invitations.show", args=[invite("").token])
    form = {"name": "Eve", "email": "eve@example.com", "password": factories.PASSWORD}
    with override_settings(COMPANY=issuer.company(only_owners=True)):
        assert 'name="password"' not in said(Client().get(page))
        assert Client().post(page, form).status_code == 403
    assert not User.objects.filter(email="eve@example.com").exists()


def test_everyone_signs_in_with_a_password_unless_it_is_set_otherwise(issuer: Issuer, bob: User) -> None:
    page = said(Client().get(reverse("account_login")))
    assert ('name="password"' in page, "Continue with Northlight ID" in page) == (True, True)
    client = Client()
    password(client, "bob@example.com")
    assert is_in(client)


# --- what an issuer, or somebody in its place, answers ---

Spoil = Callable[[Issuer], None]


def claims(**changed: Any) -> Spoil:
    def spoil(issuer: Issuer) -> None:
        issuer.claims = lambda own: {k: v for k, v in {**own, **changed}.items() if v is not None}

    return spoil


def signed(sign: Callable[[Issuer, dict[str, Any]], str]) -> Spoil:
    def spoil(issuer: Issuer) -> None:
        issuer.sign = lambda own: sign(issuer, own)

    return spoil


def with_public_key(issuer: Issuer, own: dict[str, Any]) -> str:
    """HS256, with the published key as the secret: what takes the algorithm from the token believes it."""
    kinds = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    pem = issuer.key.public_key().public_bytes(*kinds)
    head, body = (
        jwt.utils.base64url_encode(part)
        for part in (f'{{"alg":"HS256","kid":"{issuer.kid}"}}'.encode(), json.dumps(own).encode())
    )
    mac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(head + b"." + body, pem)
    return b".".join([head, body, jwt.utils.base64url_encode(mac)]).decode()


def with_a_key_of_its_own(issuer: Issuer, own: dict[str, Any]) -> str:
    other = Issuer()
    other.server.server_close()
    return jwt.encode(own, other.key, "RS256", {"kid": issuer.kid})


SPOILED: dict[str, Spoil] = {
    "wrong nonce": claims(nonce="another"),
    "no nonce": claims(nonce=None),
    "wrong audience": claims(aud="another-client"),
    "for another party, too": claims(aud=["wan-studio", "another"], azp="another"),
    "expired": claims(exp=int(time.time()) - 3600),
    "no end": claims(exp=None),
    "from the future": claims(iat=int(time.time()) + 10 * 86400),
    "wrong issuer": claims(iss="https://login.example.org"),
    "no sub": claims(sub=None),
    "empty sub": claims(sub=""),
    "a sub that is no text": claims(sub={"a": 1}),
    "a sub without end": claims(sub="x" * 500),
    "alg none": signed(lambda issuer, own: jwt.encode(own, "", "none")),
    "HS256 with the public key": signed(with_public_key),
    "HS256 with the client's secret": signed(lambda issuer, own: jwt.encode(own, SECRET, "HS256", {"kid": issuer.kid})),
    "another key under its name": signed(with_a_key_of_its_own),
    "an unknown key": signed(lambda issuer, own: jwt.encode(own, issuer.key, "RS256", {"kid": "unknown"})),
    "no token at all": signed(lambda issuer, own: ""),
    "nonsense": signed(lambda issuer, own: "a.b.c"),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED.keys())
def test_id_token_that_is_not_right_lets_no_one_in(issuer: Issuer, spoil: Spoil) -> None:
    invite("ines@example.com")
    spoil(issuer)
    client = Client()
    answer = sign_in(client)
    assert (answer.status_code, is_in(client)) == (403, False)
    assert "The sign-in did not work" in said(answer)
    assert (User.objects.count(), SocialAccount.objects.count()) == (1, 0)


def test_key_is_rotated_between_two_sign_ins(issuer: Issuer) -> None:
    invite("ines@example.com")
    sign_in()
    issuer.rotate()
    client = Client()
    sign_in(client)
    assert is_in(client)


over, spoken = threading.Event(), list[str]()


def silence() -> bytes:
    over.wait(300)
    spoken.append("at last")
    return b""


@pytest.mark.parametrize(
    "answer",
    [
        lambda: (500, {}),
        lambda: (404, {}),
        lambda: (200, []),
        lambda: (200, {"issuer": "https://login.example.org"}),
        lambda: b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
        lambda: b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n<html>no!",
        lambda: b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b" " * 400_000,
        lambda: b"nonsense",
        silence,
    ],
    ids=["500", "404", "a list", "another issuer", "redirect", "html", "huge", "no http", "slow"],
)
def test_issuer_that_is_down_is_a_sentence_and_the_owner_comes_in(
    issuer: Issuer, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuers, "ANSWERS_WITHIN_S", 0.5)
    issuer.instead["/.well-known/openid-configuration"] = answer
    client = Client()
    refused = begin(client)
    assert (refused.status_code, "Northlight ID cannot be reached" in said(refused)) == (503, True)
    assert not spoken, "who is silent was not waited for"
    password(client, "alice@example.com")
    assert is_in(client)


@pytest.mark.parametrize("path", ["/token", "/keys", "/userinfo"])
@pytest.mark.parametrize("answer", [(500, {}), (200, []), (200, {"keys": "none", "access_token": 7})], ids=str)
def test_answer_that_cannot_be_read_is_a_page(issuer: Issuer, path: str, answer: Any) -> None:
    issuer.in_userinfo_only = path == "/userinfo"
    issuer.instead[path] = lambda: answer
    client = Client()
    assert sign_in(client).status_code in (403, 503)
    assert not is_in(client)


@pytest.mark.parametrize("name", ["token_endpoint", "jwks_uri", "authorization_endpoint"])
def test_endpoint_without_https_beyond_this_machine_is_refused(issuer: Issuer, name: str) -> None:
    issuer.instead["/.well-known/openid-configuration"] = lambda: (
        200,
        issuer.discovery() | {name: "http://192.0.2.1/x"},
    )
    assert begin(Client()).status_code == 503


# --- the way there and back ---


@pytest.mark.parametrize(
    "following", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_no_redirect_leads_to_another_site(issuer: Issuer, following: str) -> None:
    invite("ines@example.com")
    assert sign_in(following=following)["Location"] == "/"


def test_answer_is_good_once_and_in_the_browser_that_asked(issuer: Issuer) -> None:
    invite("ines@example.com")
    mine, other = Client(), Client()
    back = way_back(mine)
    begin(other)
    for client in (other, Client()):
        answer = client.get(back)
        assert (answer.status_code, is_in(client)) == (400, False)
        assert "Try again" in said(answer)
    mine.get(back)
    assert is_in(mine)
    mine.logout()
    assert mine.get(back).status_code == 400


def test_session_gets_a_new_key_as_it_signs_in(issuer: Issuer) -> None:
    invite("ines@example.com")
    client = Client()
    back = way_back(client)
    before = client.session.session_key
    client.get(back)
    assert client.session.session_key != before


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_cannot_begin_a_sign_in(issuer: Issuer, site: str) -> None:
    answer = begin(Client(), **{"Sec-Fetch-Site": site})
    assert (answer.status_code, issuer.asked) == (200, [])
    assert "Another site sent you here" in said(answer)


@pytest.mark.parametrize("name", ["scope", "auth_params", "process", "redirect_uri"])
def test_parameters_of_the_address_reach_no_issuer(issuer: Issuer, name: str) -> None:
    sent = Client().get(reverse("company.begin"), {name: "redirect_uri=https://evil.example"})
    assert "evil" not in sent["Location"]


@pytest.mark.parametrize(
    ("query", "status"), [("error=access_denied", 403), ("error=server_error", 403), ("", 403), ("code=wrong", 403)]
)
def test_way_back_without_a_good_code_is_a_page(issuer: Issuer, query: str, status: int) -> None:
    client = Client()
    state = parse_qs(urlsplit(begin(client)["Location"]).query)["state"][0]
    answer = client.get(f"{reverse('company.callback')}?state={state}&{query}")
    assert (answer.status_code, is_in(client)) == (status, False)


def test_answer_of_another_issuer_is_refused(issuer: Issuer) -> None:
    client = Client()
    back = way_back(client).replace(issuer.url.replace(":", "%3A").replace("/", "%2F"), "https%3A%2F%2Fevil.example")
    assert "evil" in back
    assert client.get(back).status_code == 403


def test_nothing_of_what_the_issuer_says_is_kept_but_the_sub(issuer: Issuer) -> None:
    invite("ines@example.com")
    sign_in()
    kept = SocialAccount.objects.get()
    assert (kept.uid, kept.extra_data) == ("sub-ines", {})
    assert kept.provider == issuers.account_provider(issuer.company())


def test_sub_means_a_person_only_at_its_own_issuer(issuer: Issuer) -> None:
    invite("ines@example.com")
    sign_in()
    with running() as other:
        other.is_person("sub-ines", "eve@example.com")
        with override_settings(COMPANY=other.company()):
            client = Client()
            assert sign_in(client).status_code == 403
            assert not is_in(client)


def test_begin_is_limited_by_address(issuer: Issuer, settings: Any) -> None:
    limits = settings.ACCOUNT_RATE_LIMITS
    assert limits["company"] == "60/m/ip"
    # As many, in a time that is long enough for a busy machine.
    settings.ACCOUNT_RATE_LIMITS = {**limits, "company": "60/h/ip"}
    client = Client()
    answers = [begin(client).status_code for _ in range(61)]
    assert answers == [302] * 60 + [429]


SET = {"WANSTUDIO_OIDC_ISSUER": "https://login.example.com", "WANSTUDIO_OIDC_CLIENT_ID": "wan-studio"}


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"ISSUER": "http://login.example.com"}, "ISSUER"),
        ({"ISSUER": "https://user:word@login.example.com"}, "ISSUER"),
        ({"ISSUER": "login.example.com"}, "ISSUER"),
        ({"ISSUER": ""}, "ISSUER"),
        ({"CLIENT_ID": ""}, "CLIENT_ID"),
        ({"JOIN": "everyone"}, "JOIN"),
        ({"JOIN": "domain"}, "DOMAINS"),
        ({"JOIN": "domain", "DOMAINS": "*"}, "DOMAINS"),
        ({"ROLE": "owner"}, "ROLE"),
        ({"SESSION_HOURS": "0"}, "SESSION_HOURS"),
        ({"LABEL": "x" * 50}, "LABEL"),
    ],
)
def test_setting_that_is_wrong_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str], named: str
) -> None:
    for name, value in {**SET, **{f"WANSTUDIO_OIDC_{name}": value for name, value in wrong.items()}}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(EnvError, match=f"WANSTUDIO_OIDC_{named}"):
        company(SettingsEnv())


@pytest.mark.parametrize(
    "issuer_url", ["https://login.example.com/realms/us/", "http://127.0.0.1:8080", "http://localhost:1"]
)
def test_issuer_is_https_or_on_this_machine(monkeypatch: pytest.MonkeyPatch, issuer_url: str) -> None:
    for name, value in {**SET, "WANSTUDIO_OIDC_ISSUER": issuer_url}.items():
        monkeypatch.setenv(name, value)
    found = company(SettingsEnv())
    assert found is not None
    assert found.issuer == issuer_url
