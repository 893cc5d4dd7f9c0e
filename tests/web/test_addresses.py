"""The studio's address: one for all mails, links and answers, whatever host, port or proxy a request names."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests.page_rows import finished
from wanstudio.accounts.models import User
from wanstudio.accounts.words import passkey_host
from wanstudio.api.authentication import create_token
from wanstudio.operations.health import public_address
from wanstudio.operations.studio_status import look
from wanstudio.settings_types import own_address
from wanstudio.sharing.verbs import make_link
from wanstudio.teams.models import Membership, Team
from wanstudio.work.mails import Mail

ADDRESS = "https://studio.example.com"
# A name of ours with a port of anybody's, and what a proxy of anybody's may add.
FOREIGN: dict[str, Any] = {
    "HTTP_HOST": "127.0.0.1:9999",
    "SERVER_PORT": "9999",
    "HTTP_X_FORWARDED_HOST": "evil.example",
    "HTTP_X_FORWARDED_PORT": "9999",
    "HTTP_FORWARDED": "host=evil.example",
}


@pytest.fixture(autouse=True)
def address(settings: Settings) -> None:
    settings.ADDRESS, settings.EMAIL_URL = ADDRESS, "smtp://mail.example.com"


def assert_ours(text: str) -> None:
    assert ADDRESS in text
    assert not re.search("9999|evil|127.0.0.1|testserver", text)


def test_mails_name_our_address(as_alice: Client, team: Team) -> None:
    Client().post(reverse("account_reset_password"), {"email": "alice@example.com"}, **FOREIGN)
    as_alice.post(
        reverse("invitations.create"), {"team": team.pk, "role": "viewer", "email": "new@example.com"}, **FOREIGN
    )
    mails = {mail.to: mail.text for mail in Mail.objects.all()}
    assert mails.keys() == {"alice@example.com", "new@example.com"}
    for text in mails.values():
        assert_ours(text)


def test_pages_that_hand_out_links_name_our_address(as_alice: Client, alice: User, team: Team) -> None:
    video = finished(team, alice)
    shared = reverse("shared.show", args=[make_link(video, alice).token])
    as_alice.post(reverse("invitations.create"), {"team": team.pk, "role": "viewer"}, **FOREIGN)
    for path in (reverse("team.show"), reverse("shares.video", args=[video.pk]), reverse("tokens.guide"), shared):
        shown = as_alice.get(path, **FOREIGN)
        assert shown.status_code == 200
        assert_ours(shown.content.decode())


def test_api_names_our_address(alice: User, team: Team) -> None:
    finished(team, alice), finished(team, alice)
    secret = create_token(Membership.objects.get(user=alice), "a script", "read").secret
    for path in ("/api/v1/videos?limit=1", "/api/v1/jobs?limit=1"):
        answer = Client().get(path, headers={"authorization": f"Bearer {secret}"}, **FOREIGN)
        assert answer.json()["next"].startswith(ADDRESS)
        assert_ours(answer.content.decode())


def test_no_code_asks_a_request_for_our_address() -> None:
    """`get_host` is for what the browser itself has open: is it ours, this machine, fit for a passkey, refused.

    And for a sender of pieces, who gets the rest of its upload's address on the host that it asked.
    """
    package = Path(__file__).resolve().parents[2] / "wanstudio"
    asks = re.compile(r"build_absolute_uri|get_current_site|request\.site\b|HTTP_HOST|SERVER_NAME|get_port\(")
    sources = {str(file.relative_to(package)): file.read_text() for file in package.rglob("*.py")}
    assert not [name for name, text in sources.items() if asks.search(text)]
    hosts = {name for name, text in sources.items() if "get_host()" in text}
    asked = {"web/way_back.py", "web/file_shortcut.py", "teams/gate.py", "accounts/words.py", "sharing/guest_access.py"}
    assert hosts == asked | {"uploads/views/tus_protocol.py", "web/middleware.py"}


@pytest.mark.parametrize(
    ("host", "names", "address"),
    [
        ("127.0.0.1", ["studio.lan"], "http://127.0.0.1:8000"),
        ("192.0.2.7", ["studio.lan"], "http://192.0.2.7:8000"),
        ("::1", [], "http://[::1]:8000"),
        ("0.0.0.0", [], "http://127.0.0.1:8000"),
        ("0.0.0.0", ["*", ".lan", "localhost", " studio.lan"], "http://studio.lan:8000"),
        ("::", ["2001:db8::7"], "http://[2001:db8::7]:8000"),
    ],
)
def test_address_without_a_public_one_is_the_configured_host(host: str, names: list[str], address: str) -> None:
    assert own_address(host, 8000, names) == address


def test_mails_whose_links_nobody_can_open_are_a_problem(db: None, settings: Settings) -> None:
    assert not public_address(None)
    settings.ADDRESS = "http://127.0.0.1:8000"
    assert [found.id for found in public_address(None)] == ["wanstudio.W002"]
    assert any("only opens on this machine" in sentence for sentence in look().attention)
    settings.EMAIL_URL = ""
    assert not public_address(None)


def test_page_that_hands_out_a_link_says_if_nobody_else_can_open_it(
    as_alice: Client, alice: User, team: Team, settings: Settings
) -> None:
    path = reverse("shares.video", args=[finished(team, alice).pk])
    assert "only opens on this machine" not in as_alice.get(path).content.decode()
    settings.ADDRESS = "http://127.0.0.1:8000"
    assert "only opens on this machine. Set WANSTUDIO_URL" in as_alice.get(path).content.decode()


def test_passkeys_are_tied_to_our_name(settings: Settings) -> None:
    assert passkey_host() == "localhost"
    settings.HTTPS = True
    assert passkey_host() == "studio.example.com"
