"""Previews: what a browser cannot play is shown as MP4, and what a provider does not take is sent as MP4."""

import io
import re
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests import factories
from tests.fake_apixo import FakeApixo
from tests.media.clips import clip
from tests.page_form import text_of
from tests.page_rows import finished
from tests.worker_steps import running, wait_s
from wanstudio.accounts.models import User
from wanstudio.jobs import verbs
from wanstudio.jobs.models.job import Job
from wanstudio.media import cutting
from wanstudio.media.errors import FetchError, FetchProblem, MediaError, MediaProblem
from wanstudio.media.probe import probe_video
from wanstudio.money.queries import quote_today
from wanstudio.teams.models import Team
from wanstudio.uploads.models import Source
from wanstudio.uploads.trims import Trim
from wanstudio.videos.verbs import erase_source
from wanstudio.work.advance import advance

SCRIPT = {"HX-Request": "true"}


@pytest.fixture(scope="module")
def hevc() -> bytes:
    return clip(2.0, codec="libx265", audio=True)


@pytest.fixture(scope="module")
def webm() -> bytes:
    return clip(6.0, codec="libvpx-vp9", container="webm")


def added(client: Client, team: Team, name: str, data: bytes) -> tuple[Source, Any]:
    fields = {"team": team.pk, "kind": "motion", "file": SimpleUploadedFile(name, data)}
    response = client.post(reverse("uploads.add"), fields, headers=SCRIPT)
    assert response.status_code == 201, text_of(response)
    return Source.objects.get(), response


def looked_after(source: Source) -> Source:
    assert Source.objects.filter(pk=source.pk, due_at__isnull=False).update(due_at=Now())
    assert advance(Source, source.pk)
    return Source.objects.get(pk=source.pk)


def slot(client: Client, source: Source) -> str:
    return str(client.get(reverse("uploads.slot", args=[source.pk])).content.decode())


def sent(apixo: FakeApixo, client: Client) -> bytes:
    link = urlsplit(apixo.posts[-1].body["input"]["video_urls"][0])
    assert link.path.endswith("/motion.mp4")
    return b"".join(client.get(link.path))


def order(team: Team, alice: User, motion: Source, trim: Trim | None = None) -> Job:
    quote = quote_today(trim.length if trim else motion.duration or 0, "720p")
    return verbs.accept(factories.order(team, alice, motion=motion, provider="apixo", quote=quote, trim=trim))


def test_poster_and_a_sentence_until_the_preview_plays(as_alice: Client, team: Team, hevc: bytes) -> None:
    source, response = added(as_alice, team, "phone.mov", hevc)
    page = response.content.decode()
    assert "The preview is being made. The price is already right." in page
    assert "<video" not in page
    assert reverse("uploads.poster", args=[source.pk]) in page
    assert f'hx-get="{reverse("uploads.slot", args=[source.pk])}"' in page

    source = looked_after(source)
    page = slot(as_alice, source)
    assert (source.codec, source.conversion, source.due_at) == ("hevc", "shown", None)
    assert f'<video data-media src="{reverse("uploads.preview", args=[source.pk])}"' in page
    assert "hx-trigger" not in page.split("</div>")[0]
    assert "is being made" not in page
    answer = as_alice.get(source.player_url)
    assert answer.headers["Content-Type"] == "video/mp4"
    facts = probe_video(io.BytesIO(b"".join(answer)), decode=True)
    assert (facts.codec, facts.has_audio) == ("h264", True)
    assert facts.duration == pytest.approx(source.duration, abs=0.001)


def test_a_clip_that_every_browser_plays_gets_none(as_alice: Client, team: Team, film: bytes) -> None:
    source, _ = added(as_alice, team, "walk.mp4", film)
    assert (source.conversion, source.due_at) == ("", None)
    assert source.player_url == reverse("uploads.file", args=[source.pk])
    assert as_alice.get(reverse("uploads.preview", args=[source.pk])).status_code == 404


def test_preview_that_cannot_be_made_is_said(
    as_alice: Client, team: Team, hevc: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, _ = added(as_alice, team, "phone.mov", hevc)

    def broken(*_: object) -> None:
        raise MediaError(MediaProblem.TOO_COSTLY)

    monkeypatch.setattr(cutting, "convert", broken)
    source = looked_after(source)
    assert (source.due_at, source.preview.name, source.player_url) == (None, "", "")
    page = slot(as_alice, source)
    assert "no preview could be made. The clip can be used all the same." in page
    assert "hx-trigger" not in page.split("</div>")[0]
    assert reverse("uploads.poster", args=[source.pk]) in page


def test_previews_wait_for_one_another_and_for_room(
    as_alice: Client, team: Team, hevc: bytes, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    source, _ = added(as_alice, team, "phone.mov", hevc)

    def busy(*_: object) -> None:
        raise FetchError(FetchProblem.BUSY)

    with monkeypatch.context() as patched:
        patched.setattr(cutting, "convert", busy)
        for _ in range(5):
            source = looked_after(source)
            assert (3 < wait_s(source) <= 5, source.claims, source.awaits_preview) == (True, 0, True)
    enough, settings.MIN_FREE_BYTES = settings.MIN_FREE_BYTES, 10**18
    assert wait_s(looked_after(source)) > 500
    settings.MIN_FREE_BYTES = enough
    assert looked_after(source).preview


def test_preview_goes_with_its_clip(as_alice: Client, team: Team, hevc: bytes) -> None:
    source = looked_after(added(as_alice, team, "phone.mov", hevc)[0])
    storage, name = source.preview.storage, str(source.preview.name)
    assert storage.exists(name)
    as_alice.post(reverse("uploads.delete", args=[source.pk]))
    assert erase_source(source.pk)
    assert not storage.exists(name)


def test_webm_is_sent_as_mp4_at_the_price_of_its_pictures(
    as_alice: Client, team: Team, alice: User, apixo: FakeApixo, webm: bytes
) -> None:
    source, _ = added(as_alice, team, "walk.webm", webm)
    assert (source.format, source.duration, source.codec) == ("webm", 6.0, "vp9")
    for is_ready in (False, True):
        job = order(team, alice, source)
        assert job.price == Decimal("0.48")
        running(job)
        facts = probe_video(io.BytesIO(sent(apixo, as_alice)), decode=True)
        assert (facts.container, facts.codec, facts.duration, facts.width) == ("mp4", "h264", 6.0, 64), is_ready
        source = source if is_ready else looked_after(source)


def test_part_of_a_webm_is_cut(as_alice: Client, team: Team, alice: User, apixo: FakeApixo, webm: bytes) -> None:
    source = looked_after(added(as_alice, team, "walk.webm", webm)[0])
    running(order(team, alice, source, Trim(0.5, 5.8)))
    assert probe_video(io.BytesIO(sent(apixo, as_alice)), decode=True).duration == 5.3


def test_nobody_gets_the_bytes_of_a_webm_itself(as_alice: Client, team: Team, webm: bytes) -> None:
    source, _ = added(as_alice, team, "walk.webm", webm)
    assert as_alice.get(reverse("uploads.file", args=[source.pk])).status_code == 404
    looked_after(source)
    answer = as_alice.get(reverse("uploads.file", args=[source.pk]))
    assert answer.headers["Content-Type"] == "video/mp4"
    assert re.search(r'filename="?walk\.mp4', answer.headers["Content-Disposition"])
    assert b"".join(answer)[4:8] == b"ftyp"


def test_hevc_in_mp4_is_sent_as_it_is(as_alice: Client, team: Team, alice: User, apixo: FakeApixo, hevc: bytes) -> None:
    source, _ = added(as_alice, team, "phone.mp4", hevc)
    running(order(team, alice, source))
    assert probe_video(io.BytesIO(sent(apixo, as_alice)), decode=True).codec == "hevc"


def test_compare_waits_for_the_preview(as_alice: Client, team: Team, alice: User, hevc: bytes) -> None:
    source, _ = added(as_alice, team, "phone.mov", hevc)
    video = finished(team, alice, motion=source)
    page = as_alice.get(reverse("videos.show", args=[video.pk])).content.decode()
    assert "Compare comes with the preview of the motion, which is being made." in page
    assert "stage-motion" not in page
    looked_after(source)
    page = as_alice.get(reverse("videos.show", args=[video.pk])).content.decode()
    assert f'data-src="{reverse("uploads.preview", args=[source.pk])}"' in page
