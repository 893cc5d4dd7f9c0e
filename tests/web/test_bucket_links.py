"""Links to the bucket: who gets one, for which files, and that rights are asked about as ever."""

import re
from html import unescape
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import requests
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from tests import factories
from tests.bucket_fixtures import media
from tests.page_rows import finished
from tests.s3_storage import Storage
from wanstudio.accounts.models import User
from wanstudio.api.authentication import create_token
from wanstudio.sharing.verbs import make_link
from wanstudio.teams.models import Membership, Team
from wanstudio.uploads.models import Source
from wanstudio.videos.models import Video

__all__ = ["media"]


@pytest.fixture(autouse=True)
def links(media: Storage, settings: Settings) -> str:
    settings.MEDIA_LINKS = settings.MEDIA_BUCKET.origin
    return str(settings.MEDIA_LINKS)


@pytest.fixture
def video(team: Team, alice: User, links: str) -> Video:
    return finished(team, alice)


@pytest.fixture
def source(team: Team, alice: User, links: str) -> Source:
    return factories.motion(team, alice, file=ContentFile(b"clip", name="clip.mov"), file_name="Ünï 走.mov")


def fetched(link: str) -> requests.Response:
    return requests.get(link, timeout=60)


def test_clip_is_a_link_after_two_queries(video: Video, as_alice: Client, links: str) -> None:
    as_alice.get(f"/videos/{video.pk}/file")
    with CaptureQueriesContext(connection) as asked:
        answer = as_alice.get(f"/videos/{video.pk}/file", headers={"Range": "bytes=1-2"})
    assert (answer.status_code, answer["Cache-Control"], len(asked)) == (302, "no-store", 2)
    assert answer["Location"].startswith(f"{links}/")
    assert parse_qs(urlsplit(answer["Location"]).query)["X-Amz-Expires"] == ["300"]
    there = fetched(answer["Location"])
    assert (there.content, there.headers["Content-Type"]) == (b"video", "video/mp4")
    assert there.headers["Content-Disposition"].startswith("inline")
    saved = fetched(as_alice.get(f"/videos/{video.pk}/file?download")["Location"])
    assert saved.headers["Content-Disposition"].startswith("attachment")


def test_link_says_what_an_upload_is_and_is_called(source: Source, as_alice: Client) -> None:
    there = fetched(as_alice.get(f"/uploads/{source.pk}/file")["Location"])
    assert (there.content, there.headers["Content-Type"]) == (b"clip", "video/quicktime")
    assert "Ünï 走.mov" in unquote(there.headers["Content-Disposition"])


def test_others_get_no_link(video: Video, source: Source, as_charlie: Client, nobody: Client, links: str) -> None:
    for address in (f"/videos/{video.pk}/file", f"/uploads/{source.pk}/file"):
        assert as_charlie.get(address).status_code == 404
        assert links not in nobody.get(address)["Location"]


def test_pictures_and_heads_come_from_the_studio(video: Video, team: Team, alice: User, as_alice: Client) -> None:
    picture = factories.character(team, alice, file=ContentFile(b"a picture", name="mira.png"))
    for address, body in ((f"/videos/{video.pk}/poster", b"poster"), (f"/uploads/{picture.pk}/file", b"a picture")):
        answer = as_alice.get(address)
        assert (answer.status_code, b"".join(answer)) == (200, body)
    head = as_alice.head(f"/videos/{video.pk}/file")
    assert (head.status_code, head["Content-Length"]) == (200, "5")


@pytest.mark.parametrize("may_download", [True, False])
def test_guest_gets_a_link_only_of_what_they_can_download(
    video: Video, alice: User, nobody: Client, links: str, *, may_download: bool
) -> None:
    link = make_link(video, alice, may_download=may_download)
    page = nobody.get(reverse("shared.show", args=[link.token])).content.decode()
    player = re.search(rf'src="({reverse("shared.file", args=[link.token, video.pk])}[^"]*)"', page)
    assert player
    answer = nobody.get(unescape(player[1]), headers={"Sec-Fetch-Dest": "video"})
    assert answer.status_code == (302 if may_download else 200)


def test_api_streams_to_who_sends_a_token(video: Video, team: Team, alice: User) -> None:
    token = create_token(Membership.objects.get(user=alice), "script", "read").secret
    headers = {"Authorization": f"Bearer {token}", "Range": "bytes=1-2"}
    answer = Client().get(f"/api/v1/videos/{video.pk}/file", headers=headers)
    assert (answer.status_code, b"".join(answer)) == (206, b"id")


def test_without_links_the_studio_sends_ranges(video: Video, as_alice: Client, settings: Settings) -> None:
    settings.MEDIA_LINKS = ""
    answer = as_alice.get(f"/videos/{video.pk}/file", headers={"Range": "bytes=1-2"})
    assert (answer.status_code, b"".join(answer)) == (206, b"id")
