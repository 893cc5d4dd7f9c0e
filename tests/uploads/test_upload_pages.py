"""Uploads: added by script and without, kept for next time, used again and taken out."""

import io
import re
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pillow_heif
import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from tests import factories
from tests.page_form import CLIP, png, text_of, upload
from wanstudio.accounts.models import User
from wanstudio.jobs.models.job import Job
from wanstudio.teams.models import Team
from wanstudio.uploads import verbs as source_verbs
from wanstudio.uploads.models import Facts, Source
from wanstudio.uploads.views import upload_pages as uploads

SCRIPT = {"HX-Request": "true"}


def add(client: Client, team: Team, *, script: bool = True, **fields: Any) -> Any:
    return client.post(reverse("uploads.add"), {"team": team.pk, **fields}, headers=SCRIPT if script else None)


def test_a_script_gets_the_place_with_what_it_sent(as_alice: Client, team: Team) -> None:
    response = add(as_alice, team, kind="motion", file=upload("walk.mp4", CLIP))
    source = Source.objects.get()

    assert response.status_code == 201
    html = response.content.decode()
    assert html.lstrip().startswith('<section class="input-column" id="motion-slot"')
    assert f'name="motion" value="{source.pk}"' in html
    assert reverse("uploads.file", args=[source.pk]) in html
    assert source.poster
    assert "6.0 s · 64 × 48 · 10 fps" in html


def test_a_script_gets_the_sentence_in_the_place(as_alice: Client, team: Team) -> None:
    response = add(as_alice, team, kind="character", file=upload("notes.png", b"words"))

    assert response.status_code == 422
    assert "This is not a picture we can use" in text_of(response)
    assert 'role="alert"' in response.content.decode()
    assert not Source.objects.exists()


def test_without_a_script_the_whole_page_comes_back_as_it_was(as_alice: Client, team: Team, alice: User) -> None:
    motion = factories.motion(team, alice)
    typed = {"motion": motion.pk, "behaviour": "replace", "resolution": "720p", "prompt": "Slowly", "character_url": ""}
    good = add(as_alice, team, script=False, kind="character", character_file=upload("a.png", png()), **typed)
    bad = add(as_alice, team, script=False, kind="character", character_file=upload("a.png", b"no"), **typed)

    for response, status in ((good, 200), (bad, 422)):
        html = response.content.decode()
        assert response.status_code == status
        assert f'name="motion" value="{motion.pk}"' in html
        assert ">Slowly</textarea>" in html
        assert re.search(r'value="720p"[^>]* checked', html)
    assert f'name="character" value="{Source.objects.get(kind="character").pk}"' in good.content.decode()
    assert "not a picture we can use" in text_of(bad)


@pytest.mark.parametrize(("kind", "ending"), [("HEIF", "heic"), ("AVIF", "avif")])
def test_phone_picture_is_kept_as_jpeg(as_alice: Client, team: Team, kind: str, ending: str) -> None:
    pillow_heif.register_heif_opener()
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "Phone-Maker-9"
    Image.new("RGB", (300, 200), "red").save(out, kind, exif=exif.tobytes())
    assert b"Phone-Maker-9" in out.getvalue()
    response = add(as_alice, team, kind="character", file=upload(f"Mira am See.{ending}", out.getvalue()))

    source = Source.objects.get()
    assert response.status_code == 201
    assert (source.name, source.file_name, source.format, source.width) == (
        "Mira am See",
        "Mira am See.jpg",
        "JPEG",
        300,
    )
    assert source.fingerprint == sha256(out.getvalue()).hexdigest()
    kept = b"".join(as_alice.get(reverse("uploads.file", args=[source.pk])))
    assert kept.startswith(b"\xff\xd8")
    assert b"Phone-Maker-9" not in kept
    assert len(kept) == source.size_bytes


def test_place_of_a_clip_is_not_kept(as_alice: Client, team: Team) -> None:
    data = CLIP + b"\0\0\0\x1cuuid+48.8583+002.2944/\0\0"
    assert add(as_alice, team, kind="motion", file=upload("walk.mp4", data)).status_code == 201
    source = Source.objects.get()
    assert source.fingerprint == sha256(data).hexdigest()
    kept = source.file.read()
    assert b"+48.8583" not in kept
    assert len(kept) == len(data) == source.size_bytes


def test_nothing_is_added_to_another_team(as_charlie: Client, team: Team) -> None:
    assert add(as_charlie, team, kind="motion", file=upload("walk.mp4", CLIP)).status_code == 404
    assert not Source.objects.exists()


def test_a_link_waits_for_its_still_and_then_stops_asking(as_alice: Client, team: Team, alice: User) -> None:
    link = source_verbs.add_link(team, alice, "motion", "https://example.com/walk.mp4", FACTS)
    address = reverse("uploads.slot", args=[link.pk])

    assert 'hx-trigger="every 1s"' in as_alice.get(address).content.decode()
    Source.objects.update(due_at=None)
    html = as_alice.get(address).content.decode()
    assert "every 1s" not in html
    assert "example.com" not in html, "browsers load nothing from foreign hosts"


FACTS = Facts("mp4", 720, 1280, size_bytes=1000, duration=5.0)


def test_the_recent_ones_stand_beside_the_place(as_alice: Client, team: Team, alice: User) -> None:
    older, newer = factories.motion(team, alice, name="older"), factories.motion(team, alice, name="newer")
    Source.objects.filter(pk=newer.pk).update(used_at=newer.used_at - timedelta(days=1))
    source_verbs.touch(older)
    html = as_alice.get(reverse("uploads.slot", args=[newer.pk])).content.decode()

    assert html.index('title="older"') < html.rindex('title="newer"')
    assert re.search(r'title="newer" aria-current="true"', html)


def test_the_sample_is_added_once(as_alice: Client, team: Team) -> None:
    first, second = (as_alice.post(reverse("uploads.sample"), {"team": team.pk}) for _ in range(2))

    assert first.headers["Location"] == second.headers["Location"]
    assert Source.objects.count() == 2
    assert "Generate · $0.20" in text_of(as_alice.get(first.headers["Location"]))


def test_the_list_narrows_and_pages(as_alice: Client, team: Team, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "PAGE", 2)
    clips = [factories.motion(team, alice, name=f"clip {number}") for number in range(3)]
    factories.character(team, alice, name="mira")
    narrowed = as_alice.get(reverse("uploads.index"), {"kind": "motion"})

    assert "mira" not in text_of(narrowed)
    assert "clip 2" in text_of(narrowed)
    assert "clip 0" not in text_of(narrowed)
    more = re.findall(r'href="(\?[^"]+)">More', narrowed.content.decode())[0].replace("&amp;", "&")
    assert more == f"?kind=motion&before={clips[1].pk}"
    assert "clip 0" in text_of(as_alice.get(reverse("uploads.index") + more))


def test_the_list_says_where_each_is_used_in_a_constant_number_of_queries(
    as_alice: Client, team: Team, alice: User, django_assert_max_num_queries: Any
) -> None:
    mira = factories.character(team, alice)
    for _ in range(3):
        factories.job(team, alice, character=mira)
    with django_assert_max_num_queries(9):
        page = text_of(as_alice.get(reverse("uploads.index")))

    assert "Used in 3 jobs" in page
    assert page.count("Used in 1 job ") == 3


def test_a_deleted_one_leaves_the_lists_and_its_jobs_stay(as_alice: Client, team: Team, alice: User) -> None:
    job = factories.job(team, alice)
    response = as_alice.post(reverse("uploads.delete", args=[job.motion_id]), {"kind": "motion"})

    assert response.headers["Location"] == reverse("uploads.index") + "?kind=motion"
    page = as_alice.get(response.headers["Location"])
    assert "is in the bin" in text_of(page)
    assert f"/uploads/{job.motion_id}/" not in page.content.decode()
    assert Job.objects.get().motion.file
    assert as_alice.get(reverse("uploads.slot", args=[job.motion_id])).status_code == 404


@pytest.mark.parametrize("name", ["uploads.slot", "uploads.file", "uploads.poster"])
def test_a_stranger_sees_nothing(name: str, as_charlie: Client, nobody: Client, team: Team, alice: User) -> None:
    source = factories.motion(team, alice)

    assert as_charlie.get(reverse(name, args=[source.pk])).status_code == 404
    assert nobody.get(reverse(name, args=[source.pk])).status_code == 302
    assert source.name not in text_of(as_charlie.get(reverse("uploads.index")))


def test_a_stranger_deletes_nothing(as_charlie: Client, team: Team, alice: User) -> None:
    source = factories.motion(team, alice)

    assert as_charlie.post(reverse("uploads.delete", args=[source.pk])).status_code == 404
    assert Source.objects.get().deleted_at is None


def test_an_empty_list_teaches_the_next_step(as_alice: Client) -> None:
    assert "Files you add are kept here for next time." in text_of(as_alice.get(reverse("uploads.index")))
