"""Health checks: does the process answer, and can the studio do its work."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.db.models.functions import Now
from django.test import Client
from pytest_django import Settings

from wanstudio.work.models import Heartbeat

pytestmark = pytest.mark.django_db


def ready(client: Client) -> tuple[int, dict[str, bool]]:
    answer = client.get("/readyz")
    return answer.status_code, answer.json()


def test_ready_with_a_living_worker_and_writable_storage(client: Client) -> None:
    assert ready(client) == (503, {"ready": False, "database": True, "storage": True, "worker": False})
    Heartbeat.beat("here:1")
    assert ready(client) == (200, {"ready": True, "database": True, "storage": True, "worker": True})
    Heartbeat.objects.update(seen_at=Now() - timedelta(seconds=31))
    assert ready(client)[0] == 503


def test_unwritable_storage_is_not_ready(client: Client, settings: Settings, tmp_path: Path) -> None:
    """A folder that is there, but in which nothing can be made: root could write anywhere else."""
    (tmp_path / "media").write_text("a file is in the way")
    settings.DATA_DIR = tmp_path
    Heartbeat.beat("here:1")
    assert ready(client) == (503, {"ready": False, "database": True, "storage": False, "worker": True})


def test_full_disk_is_not_ready(client: Client, settings: Settings) -> None:
    settings.MIN_FREE_BYTES = 10**18
    Heartbeat.beat("here:1")
    assert not ready(client)[1]["storage"]
