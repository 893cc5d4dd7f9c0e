"""A database that the first version wrote: it migrates, and every page of it answers."""

import gzip
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from django.db.migrations.loader import MigrationLoader

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
# The key that its secrets were encrypted with.
SECRET_KEY = "a-key-of-an-older-studio-that-no-test-shares"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder as version 0.1.0 left it, with jobs in every state at the provider and in the sandbox."""
    with sqlite3.connect(tmp_path / "studio.sqlite3") as database:
        database.executescript(gzip.decompress((HERE / "first_version.sql.gz").read_bytes()).decode())
    database.close()
    return tmp_path


def rows(data: Path, sql: str) -> list[tuple[object, ...]]:
    database = sqlite3.connect(data / "studio.sqlite3")
    try:
        return database.execute(sql).fetchall()
    finally:
        database.close()


def test_every_migration_leads_back() -> None:
    """A backup of before an upgrade is made safe by the newer code, and is of the older version again afterwards."""
    for (app, name), migration in MigrationLoader(None, ignore_no_migrations=True).disk_migrations.items():
        assert app != "wanstudio" or all(operation.reversible for operation in migration.operations), name


def test_database_of_the_first_version_opens_and_every_page_answers(data: Path) -> None:
    money = "SELECT id, price, money, state FROM wanstudio_job ORDER BY id"
    entries = "SELECT id, job_id, amount, reserved, settled, unknown FROM wanstudio_entry ORDER BY id"
    before = rows(data, money), rows(data, entries)
    env = os.environ | {
        "WANSTUDIO_DATA": str(data),
        "SECRET_KEY": SECRET_KEY,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.upgrade.crawl"], cwd=ROOT, env=env, capture_output=True, text=True, timeout=400
    )
    assert done.returncode == 0, done.stderr[-4000:]
    statuses = json.loads(done.stdout.splitlines()[-1])
    # The activity names a video that lies in the bin.
    assert {path: status for path, status in statuses.items() if status not in (200, 204, 301, 302)} == {
        "/videos/2/": 404
    }
    for page in ("/jobs/", "/videos/", "/usage/", "/activity/", "/settings/", "/team/"):
        assert statuses[page] == 200
    assert sum(path.startswith("/jobs/") for path in statuses) >= 20
    assert (rows(data, money), rows(data, entries)) == before
