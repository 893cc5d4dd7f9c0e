"""Scans: the row, the step, and the addresses of what was found in a clip's pictures."""

import io
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from PIL import Image

from tests import factories
from tests.media.clips import clip
from tests.page_form import text_of, upload
from wanstudio.accounts.models import User
from wanstudio.teams.models import Team
from wanstudio.uploads.forms import take
from wanstudio.uploads.models import Source
from wanstudio.uploads.scans import Scan
from wanstudio.uploads.verbs import discard
from wanstudio.videos.verbs import erase_source
from wanstudio.work.advance import advance


@pytest.fixture
def walk(team: Team, alice: User) -> Source:
    return take(Source.Kind.MOTION, file=upload("walk.mp4", clip(2.0))).keep(team, alice)


def scanned(source: Source) -> Scan:
    assert Scan.objects.filter(source=source, due_at__isnull=False).update(due_at=Now())
    assert advance(Scan, Scan.objects.get(source=source).pk)
    return Scan.objects.get(source=source)


def ask(client: Client, source: Source) -> Any:
    return client.get(reverse("uploads.frames", args=[source.pk]))


def test_scan_is_under_way_from_the_upload_and_then_there_for_good(as_alice: Client, walk: Source) -> None:
    before = ask(as_alice, walk)
    assert (before.status_code, before.json(), before["Retry-After"]) == (202, {}, "2")

    scan = scanned(walk)
    answer = ask(as_alice, walk)
    found = answer.json()

    assert (scan.due_at, scan.lease_token) == (None, None)
    assert (answer.status_code, found["cuts"], found["ranges"]) == (200, [], [])
    assert "immutable" in answer["Cache-Control"]
    strip = as_alice.get(found["strip"]["url"])
    assert (strip["Content-Type"], "immutable" in strip["Cache-Control"]) == ("image/jpeg", True)
    picture = Image.open(io.BytesIO(b"".join(strip)))
    assert picture.size == (found["strip"]["width"] * found["strip"]["count"], found["strip"]["height"])
    assert 24 <= found["strip"]["count"] <= 40
    # The clip turns from red to blue.
    first, last = picture.convert("RGB").getpixel((5, 60)), picture.convert("RGB").getpixel((picture.width - 5, 60))
    assert isinstance(first, tuple)
    assert isinstance(last, tuple)
    assert first[0] > 200 > 50 > first[2]
    assert last[2] > 200 > 50 > last[0]


def test_a_clip_of_an_earlier_version_is_scanned_once_it_is_asked_for(as_alice: Client, walk: Source) -> None:
    Scan.objects.all().delete()
    assert ask(as_alice, walk).status_code == 202
    assert ask(as_alice, walk).status_code == 202
    assert scanned(walk).strip


def test_pictures_and_links_have_no_scan(as_alice: Client, team: Team, alice: User) -> None:
    link = factories.motion(team, alice, url="https://example.com/a.mp4")
    for source in (factories.character(team, alice), link):
        assert ask(as_alice, source).status_code == 404
    assert not Scan.objects.exists()


def test_a_clip_that_cannot_be_scanned_has_no_findings_and_that_is_all(as_alice: Client, walk: Source) -> None:
    Path(walk.file.path).write_bytes(Path(walk.file.path).read_bytes()[:900])
    assert not scanned(walk).strip
    assert ask(as_alice, walk).status_code == 404


def test_a_scan_that_died_three_times_is_given_up(as_alice: Client, walk: Source) -> None:
    Scan.objects.update(claims=3)
    assert not scanned(walk).strip
    assert ask(as_alice, walk).status_code == 404


def test_strip_is_erased_with_its_clip(walk: Source, team: Team, alice: User) -> None:
    strip = Path(scanned(walk).strip.path)
    assert strip.exists()
    factories.job(team, alice, motion=walk)
    kept = take(Source.Kind.MOTION, file=upload("run.mp4", clip(1.0))).keep(team, alice)
    other = Path(scanned(kept).strip.path)
    discard(kept)
    assert erase_source(kept.pk)
    assert (strip.exists(), other.exists(), Scan.objects.count()) == (True, False, 1)


def test_findings_are_on_the_page_and_in_the_quote_and_one_click_cuts_them_out(
    as_alice: Client, team: Team, alice: User
) -> None:
    motion, picture = factories.motion(team, alice), factories.character(team, alice)
    chosen = {"character": picture.pk, "motion": motion.pk, "team": team.pk}
    Scan.objects.create(source=motion, cuts=[13.0], ranges=[["black", 0.0, 1.5]], finished_at=Now())

    card = as_alice.get(reverse("studio.price"), chosen)
    assert "The clip has a cut at 13.0 s." in text_of(card)
    [start, end] = [
        unescape(link) for link in re.findall(r'<a [^>]*href="([^"]*trim_start[^"]*)"', card.content.decode())
    ]
    assert start.endswith(f"?character={picture.pk}&motion={motion.pk}&trim_start=0.000&trim_end=13.000")
    assert end.endswith("&trim_start=1.500&trim_end=14.200")

    # Without a script the link brings the page with that part, its price, and without the finding.
    page = as_alice.get(start)
    assert 'name="trim_end" value="13.000"' in page.content.decode()
    assert 'name="quoted" value="0.52"' in page.content.decode()
    assert "a cut" not in text_of(page)
    assert "The clip is black from 0.0 to 1.5 s." in text_of(page)


def test_links_have_no_findings_from_frames(as_alice: Client, team: Team, alice: User) -> None:
    link = factories.motion(team, alice, url="https://example.com/a.mp4", poster="p.jpg")
    card = as_alice.get(reverse("studio.price"), {"motion": link.pk, "team": team.pk})
    assert "Cut out" not in text_of(card)
