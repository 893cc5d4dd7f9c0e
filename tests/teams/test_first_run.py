"""The setup code: who is not on the machine itself must know it, also at the very moment it is drawn."""

from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from wanstudio.accounts.models import User
from wanstudio.teams.gate import code_file, setup_code

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
