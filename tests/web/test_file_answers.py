"""Files as answers: what they ask of the database, what a browser keeps for good, and what is handed off to a proxy."""

import re
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from environs import ValidationError
from pytest_django import Settings

from tests import factories
from tests.page_rows import finished
from wanstudio.accounts.models import User
from wanstudio.operations import startup
from wanstudio.settings_types import an_internal_path
from wanstudio.teams.models import Membership, Team
from wanstudio.uploads.models import Source
from wanstudio.videos.models import Video
from wanstudio.videos.verbs import bin_videos

TRUSTED, STRANGER = "10.0.0.1", "10.9.9.9"
HANDS_OFF = {"X-Sendfile-Type": "X-Accel-Redirect"}


@pytest.fixture
def video(team: Team, alice: User) -> Video:
    return finished(team, alice)


@pytest.fixture
def source(team: Team, alice: User) -> Source:
    made = factories.motion(team, alice, file=ContentFile(b"clip", name="clip.mp4"))
    made.poster.save("poster.jpg", ContentFile(b"poster"))
    return made


def files(video: Video, source: Source) -> list[str]:
    videos = [f"/videos/{video.pk}/{which}" for which in ("file", "poster")]
    return videos + [f"/uploads/{source.pk}/{which}" for which in ("file", "poster")]


def test_a_file_asks_two_queries_and_scans_no_table(video: Video, source: Source, as_alice: Client) -> None:
    for address in files(video, source):
        b"".join(as_alice.get(address))
        with CaptureQueriesContext(connection) as asked:
            part = as_alice.get(address, headers={"Range": "bytes=1-2"})
        assert (part.status_code, len(asked)) == (206, 2), [query["sql"] for query in asked]
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                plan = cursor.execute(f"EXPLAIN QUERY PLAN {asked[1]['sql']}").fetchall()
            assert not [row[3] for row in plan if row[3].startswith("SCAN") and "CONSTANT" not in row[3]]


def test_rights_are_asked_about_with_every_range(
    team: Team, video: Video, source: Source, alice: User, as_bob: Client, as_vera: Client, as_charlie: Client
) -> None:
    def answers(client: Client) -> list[int]:
        return [client.get(address, headers={"Range": "bytes=0-1"}).status_code for address in files(video, source)]

    assert answers(as_bob) == answers(as_vera) == [206] * 4
    assert answers(as_charlie) == [404] * 4
    bin_videos([video], alice)
    # Of what is in the bin, only who may take it back.
    assert (answers(as_bob)[:2], answers(as_vera)[:2]) == ([206] * 2, [404] * 2)
    Membership.objects.filter(team=team, user__name="Bob").delete()
    assert answers(as_bob) == [404] * 4
    User.objects.filter(name="Vera").update(is_active=False)
    assert answers(as_vera) == [302] * 4


def test_a_session_that_ends_reads_no_more(video: Video, source: Source, alice: User, as_alice: Client) -> None:
    address = files(video, source)[0]
    assert as_alice.get(address).status_code == 200
    alice.set_password("another-horse-battery")
    alice.save()
    answer = as_alice.get(f"{address}?download")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/accounts/login/?next={address}%3Fdownload")


def test_pages_name_posters_that_their_browser_keeps(video: Video, source: Source, as_alice: Client) -> None:
    for page in ("/videos/", f"/videos/{video.pk}/", "/uploads/"):
        posters = re.findall(r'"(/(?:videos|uploads)/[0-9]+/poster[^"]*)"', as_alice.get(page).content.decode())
        assert posters, page
        for poster in posters:
            kept = as_alice.get(poster)
            assert kept.headers["Cache-Control"] == "private, max-age=31536000, immutable", poster
            # Another session, or none, is another Cookie header: what is kept is not shown to it.
            assert kept.headers["Vary"] == "Cookie"
            assert as_alice.get(poster, headers={"If-None-Match": kept.headers["ETag"]}).status_code == 304
    assert as_alice.get(f"/videos/{video.pk}/poster?v=another").headers["Cache-Control"] == "private, no-cache"


@pytest.fixture
def behind_proxy(settings: Settings) -> None:
    settings.ACCEL = "/media/"
    settings.TRUSTED_PROXIES = [ip_network(TRUSTED)]


@pytest.mark.usefixtures("behind_proxy")
def test_only_a_trusted_proxy_that_says_so_gets_a_name(video: Video, as_alice: Client) -> None:
    address = f"/videos/{video.pk}/file?download"
    given = as_alice.get(address, headers=HANDS_OFF, REMOTE_ADDR=TRUSTED)
    assert (given.status_code, given.content) == (200, b"")
    assert given.headers["X-Accel-Redirect"] == f"/media/{video.file.name}"
    assert given.headers["Content-Disposition"].startswith("attachment; filename=")
    for sent in ({"REMOTE_ADDR": STRANGER, "headers": HANDS_OFF}, {"REMOTE_ADDR": TRUSTED}):
        answer = as_alice.get(address, **sent)
        assert b"".join(answer) == b"video"
        assert "X-Accel-Redirect" not in answer.headers


@pytest.mark.usefixtures("behind_proxy")
@pytest.mark.parametrize("name", ["a b.mp4", "a%2e.mp4", "a.b.mp4", "ü.mp4", "a\r\nX-Evil: 1.mp4", "a?b.mp4", "a"])
def test_odd_names_are_not_handed_off(video: Video, as_alice: Client, name: str) -> None:
    stored = Path(video.file.path).with_name(name)
    stored.write_bytes(b"odd")
    Video.objects.update(file=f"{Path(str(video.file.name)).parent}/{name}")
    answer = as_alice.get(f"/videos/{video.pk}/file", headers=HANDS_OFF, REMOTE_ADDR=TRUSTED)
    assert "X-Accel-Redirect" not in answer.headers
    assert b"".join(answer) == b"odd"


@pytest.mark.usefixtures("behind_proxy")
@pytest.mark.parametrize("name", ["../../secret.key", "/etc/hostname", "videos/../../secret.key", "videos/gone.mp4"])
def test_nothing_outside_the_media_folder_is_named(video: Video, as_alice: Client, name: str) -> None:
    Video.objects.update(file=name)
    answer = as_alice.get(f"/videos/{video.pk}/file", headers=HANDS_OFF, REMOTE_ADDR=TRUSTED)
    assert (answer.status_code, "X-Accel-Redirect" in answer.headers) in ((400, False), (404, False))


def test_rights_on_media_are_the_groups_only_with_the_setting(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    tmp_path.chmod(0o700)
    file = tmp_path / "media" / "videos" / "a.mp4"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"a")
    paths = (tmp_path, tmp_path / "media", file.parent, file)
    for accel, modes in (("/media/", [0o710, 0o750, 0o750, 0o640]), ("", [0o710, 0o700, 0o700, 0o600])):
        settings.ACCEL = accel
        startup.close_to_others()
        assert [path.stat().st_mode & 0o777 for path in paths] == modes
        # Without it, the passage that is left open is named.
        assert startup.open_to_others() == ([] if accel else [str(tmp_path)])


@pytest.mark.parametrize("path", ["media/", "/media", "//", "/", "/../", "/me dia/", "/media/\n", "http://a/"])
def test_a_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(ValidationError, match="slash at both ends"):
        an_internal_path(path)
