"""Outages of real studios: a full disk, a database that is away. Said once, answered with 503, over by themselves."""

import os
import re
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests

from tests import servers
from tests.blank import DATABASE
from tests.e2e.person import MIRA
from tests.e2e.studio import Studio, wait_until
from tests.e2e.template import EMAIL, OWNER, PASSWORD

pytestmark = pytest.mark.skipif(DATABASE != "sqlite", reason="each test has a database of its own")

JOB = """
from pathlib import Path
from django.core.files import File
from tests import factories
from wanstudio.models import Team, User
team, ben, samples = Team.objects.get(), User.objects.get(), Path("static/samples")
with (samples / "mira.png").open("rb") as mira, (samples / "walk.mp4").open("rb") as walk:
    character = factories.character(team, ben, file=File(mira, name="mira.png"))
    motion = factories.motion(team, ben, file=File(walk, name="walk.mp4"), duration=5.0, width=720, height=1280)
    factories.job(team, ben, character=character, motion=motion)
"""
BEGINS, TRACEBACK = "The studio recovers automatically.", "Traceback (most recent call last)"
# Two of the web and the worker.
PROCESSES = 3


@contextmanager
def usual_umask() -> Iterator[None]:
    """That of a login: what is begun within takes no care of its own from the process of the tests."""
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)


@pytest.fixture(scope="module")
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("small") / "data"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=128m,mode=755", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="module")
def studio(small_disk: Path) -> Iterator[Studio]:
    """On a disk of 128 MB, with one finished video."""
    made = Studio(small_disk, WANSTUDIO_MIN_FREE_MB="1")
    with usual_umask():
        made.manage("prepare")
        made.manage(*OWNER, WANSTUDIO_PASSWORD=PASSWORD)
        made.start()
    try:
        made.python(JOB)
        # Then its drafts are gone, too.
        wait_until(lambda: made.rows("SELECT 1 FROM wanstudio_job WHERE state = 'done'"), "the video is there", 120)
        yield made
    finally:
        made.stop()


def test_every_file_of_a_studio_is_its_owners_alone(studio: Studio) -> None:
    """The folder itself was there before, open to all: it is not ours to close, but status says how."""
    folder = studio.data
    modes = {}
    for path in folder.rglob("*"):
        # What the studio writes and deletes meanwhile.
        with suppress(FileNotFoundError):
            modes[str(path.relative_to(folder))] = path.lstat().st_mode & 0o077
    assert {"studio.sqlite3", "studio.sqlite3-wal", "secret.key", "static/staticfiles.json"} <= modes.keys()
    assert [name for name in modes if name.startswith("media/") and name.endswith(".mp4")]
    assert {name: oct(mode) for name, mode in modes.items() if mode} == {}
    assert f"Run “chmod -R go-rwx {folder}”" in studio.command("status").stdout
    folder.chmod(0o700)
    assert "chmod" not in studio.command("status").stdout


def test_prepare_closes_what_earlier_versions_left_open(studio: Studio) -> None:
    paths = [studio.data / "studio.sqlite3", *(studio.data / "media").rglob("*"), studio.data / "media"]
    for path in paths:
        path.chmod(0o755)
    studio.manage("prepare")
    assert [str(path) for path in paths if path.stat().st_mode & 0o077] == []


def test_full_disk_is_said_once_and_leaves_no_half_file(studio: Studio) -> None:
    browser, token = signed_in(studio)
    said, files = len(studio.said()), stored(studio)
    # A log that is begun anew needs room for what is written next; while we have it open it stays.
    log = sqlite3.connect(studio.data / "studio.sqlite3", timeout=60)
    wait_until(lambda: log.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0, "the log is empty")
    ballast = fill(studio.data)
    try:
        for _ in range(3):
            for headers in ({}, {"HX-Request": "true"}):
                answer = send_picture(studio, browser, token, headers)
                assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (503, True)
                assert "disk is full" in answer.text
                assert answer.headers["Content-Type"].startswith("text/plain" if headers else "text/html")
        assert browser.get(f"{studio.url}/jobs/").status_code == 200
        assert requests.get(f"{studio.url}/healthz").status_code == 200
        assert requests.get(f"{studio.url}/readyz").json()["storage"] is False
        assert "Nothing is sent until there is enough space." in studio.command("status").stdout
        wait_until(lambda: "database or disk is full" in studio.said()[said:], "the worker says so, too")
        wait_until(lambda: stored(studio) == files, "no half file is left")
    finally:
        ballast.unlink()
        log.close()
    wait_until(lambda: send_picture(studio, browser, token, {"HX-Request": "true"}).status_code == 201, "there is room")
    wait_until(lambda: studio.said().count("The disk can be written again") >= 1, "the worker works again")
    text = studio.said()[said:]
    assert TRACEBACK not in text
    assert 2 <= text.count(BEGINS) <= PROCESSES


def test_database_that_is_away_is_said_once_and_comes_back(tmp_path: Path) -> None:
    with servers.postgres() as server:
        studio = Studio(tmp_path / "data", DATABASE_URL=server.url).start()
        try:
            said = len(studio.said())
            server.stop()
            wait_until(lambda: BEGINS in studio.said()[said:], "the worker has noticed")
            for _ in range(5):
                answers_without_database(studio)
            assert "cannot be used: connection failed" in studio.command("status").stdout
            assert "Start it, or check DATABASE_URL." in studio.refuses("backup", str(tmp_path / "out"))
            begins = studio.said().count(BEGINS)
            with studio.beside("work"):
                wait_until(lambda: studio.said().count(BEGINS) > begins, "a worker that is started now waits")
                server.start()
                wait_until(lambda: studio.said().count("is at work") >= 2, "and begins")
            wait_until(studio.is_ready, "the studio is back")
            wait_until(lambda: "The database is back after" in studio.said(), "the worker says so")
            assert requests.get(f"{studio.url}/setup/").status_code == 200
            text = studio.said()[said:]
        finally:
            studio.stop()
    assert TRACEBACK not in text
    assert 2 <= text.count(BEGINS) <= PROCESSES + 1


def answers_without_database(studio: Studio) -> None:
    page = requests.get(f"{studio.url}/setup/")
    assert (page.status_code, page.headers["Retry-After"]) == (503, "10")
    assert "The database of the studio does not answer." in page.text
    problem = requests.get(f"{studio.url}/api/v1/jobs", headers={"Authorization": "Bearer wan_x"})
    assert (problem.status_code, problem.headers["Retry-After"]) == (503, "10")
    assert problem.headers["Content-Type"] == "application/problem+json"
    assert problem.json()["type"] == "/api/#unavailable"
    assert problem.json()["detail"].startswith("The database of the studio does not answer.")
    assert requests.get(f"{studio.url}/readyz").json()["database"] is False
    for path in ("/healthz", "/static/css/app.css"):
        assert requests.get(studio.url + path).status_code == 200


def signed_in(studio: Studio) -> tuple[requests.Session, str]:
    """A browser of the owner's, and the token of its forms."""
    browser = requests.Session()
    login = f"{studio.url}/accounts/login/"
    browser.post(
        login, {"login": EMAIL, "password": PASSWORD, "csrfmiddlewaretoken": token_in(browser.get(login).text)}
    )
    return browser, token_in(browser.get(studio.url).text)


def token_in(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found
    return found[1]


def send_picture(studio: Studio, browser: requests.Session, token: str, headers: dict[str, str]) -> requests.Response:
    (team,) = studio.rows("SELECT id FROM wanstudio_team")[0]
    fields = {"csrfmiddlewaretoken": token, "kind": "character", "team": team}
    return browser.post(
        f"{studio.url}/uploads/add/", fields, files={"file": ("mira.png", MIRA.read_bytes())}, headers=headers
    )


def stored(studio: Studio) -> set[Path]:
    return {path for name in ("media", "tmp") for path in (studio.data / name).rglob("*") if path.is_file()}


def fill(folder: Path) -> Path:
    """Every byte that is left on its disk, in one file."""
    ballast = folder / "ballast"
    file = os.open(ballast, os.O_WRONLY | os.O_CREAT, 0o600)
    with suppress(OSError):
        while os.write(file, b"x" * 4096):
            pass
    os.close(file)
    return ballast
