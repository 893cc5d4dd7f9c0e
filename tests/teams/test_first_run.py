"""The setup code: who is not on the machine itself must know it, also at the very moment it is drawn."""

import os
import socket
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from wanstudio.accounts.models import User
from wanstudio.teams.gate import accounts_at, code_file, print_code, setup_code

OWNER = {"team_name": "T", "name": "N", "email": "n@example.com", "password": "correct horse battery"}


@pytest.fixture(autouse=True)
def data(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


def test_setup_code_is_required_from_another_machine(db: None) -> None:
    client = Client(REMOTE_ADDR="192.0.2.9")
    for code in ("", "wrong"):
        assert client.post(reverse("setup"), OWNER | {"code": code}).status_code == 422
    assert not User.objects.exists()
    assert client.post(reverse("setup"), OWNER | {"code": setup_code()}).status_code == 302
    assert User.objects.get().email == "n@example.com"
    assert not code_file().exists()


@pytest.mark.parametrize(
    "signs",
    [
        {},
        {"REMOTE_ADDR": "::1", "HTTP_HOST": "[::1]:8000"},
        {"HTTP_ORIGIN": "http://localhost:8000", "HTTP_REFERER": "http://localhost:8000/setup/"},
    ],
)
def test_person_at_this_machine_is_asked_for_no_code(signs: dict[str, str], db: None) -> None:
    assert not asks(signs)


@pytest.mark.parametrize(
    "signs",
    [
        {"REMOTE_ADDR": "192.0.2.9"},
        {"REMOTE_ADDR": ""},
        {"HTTP_HOST": "studio.example.com"},
        *({header: "192.0.2.9"} for header in ("HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_FORWARDED")),
        {"HTTP_X_FORWARDED_PROTO": "https"},
        {"HTTP_X_FORWARDED_HOST": "studio.example.com"},
        {"HTTP_VIA": "1.1 proxy"},
        # nginx as it comes: it adds nothing, and names itself.
        {"SERVER_PROTOCOL": "HTTP/1.0"},
        # HAProxy as it comes: it adds nothing, and passes the port on at which it was asked.
        {"HTTP_HOST": "127.0.0.1:9000"},
        {"HTTP_HOST": "localhost"},
        {"HTTP_HOST": "127.0.0.1:99999"},
        {"HTTP_ORIGIN": "https://studio.example.com"},
        {"HTTP_REFERER": "http://studio.example.com/setup/"},
    ],
)
def test_sign_of_a_proxy_asks_for_the_code_and_names_the_other_way(
    signs: dict[str, str], db: None, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    print_code.cache_clear()
    assert asks(signs)
    assert setup_code() in caplog.text


def test_account_at_the_other_end_is_asked_for(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """nginx as it comes from 1.29.7 on, over HTTP/1.1: it names our own address and port. Its account is another."""
    with socket.create_server(("127.0.0.1", 0)) as ours, socket.create_connection(ours.getsockname()) as peer:
        signs = {"SERVER_PORT": str(ours.getsockname()[1]), "REMOTE_PORT": str(peer.getsockname()[1])}
        signs["HTTP_HOST"] = f"127.0.0.1:{signs['SERVER_PORT']}"
        if Path("/proc/net/tcp").exists():
            assert accounts_at(int(signs["REMOTE_PORT"]), int(signs["SERVER_PORT"])) == {os.geteuid()}
        assert not asks(signs)
        monkeypatch.setattr("wanstudio.teams.gate.accounts_at", lambda *_: {33})
        assert asks(signs)


def test_public_address_asks_for_the_code(db: None, settings: Any) -> None:
    settings.WANSTUDIO_URL = "http://localhost:8000"
    assert not asks({})
    settings.WANSTUDIO_URL = "https://studio.example.com"
    assert asks({})


def asks(signs: dict[str, str]) -> bool:
    browser: dict[str, Any] = {"HTTP_HOST": "127.0.0.1:8000", "SERVER_PORT": "8000"} | signs
    shown = Client().get(reverse("setup"), **browser).content.decode()
    assert ("createowner" in shown) == ('name="code"' in shown)
    return 'name="code"' in shown


def test_concurrent_requests_get_one_setup_code() -> None:
    for _ in range(20):
        code_file().unlink(missing_ok=True)
        start = Barrier(8)
        found: list[str] = []

        def ask(start: Barrier = start, found: list[str] = found) -> None:
            start.wait()
            found.append(setup_code())

        threads = [Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 8
        assert len(set(found)) == 1
        assert found[0]
    assert code_file().stat().st_mode & 0o777 == 0o600
    assert [path.name for path in code_file().parent.iterdir()] == [code_file().name]
