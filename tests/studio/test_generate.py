"""The click on Generate: what may be given, what may not, and that nothing wrong costs money."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from pytest_httpserver import HTTPServer

from tests import factories
from tests.media.clips import clip
from tests.page_form import CLIP, png, post, text_of, upload
from tests.servers import free_port
from wanstudio.accounts.models import User
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.job import Job
from wanstudio.studio.forms import JobForm
from wanstudio.teams.models import Team
from wanstudio.uploads.models import Source

KEPT = ("nonce", "quoted", "character", "motion")


@pytest.fixture
def web(settings: Settings, httpserver: HTTPServer) -> HTTPServer:
    """A server that may be fetched from, though it is on loopback."""
    settings.PRIVATE_HOSTS = [f"{httpserver.host}:{httpserver.port}"]
    return httpserver


def refused(response: Any, *sentences: str, sources: int) -> None:
    """422, the sentence on the page, and nothing made of it."""
    assert response.status_code == 422
    for sentence in sentences:
        assert sentence in text_of(response)
    assert 'role="alert"' in response.content.decode()
    assert not Job.objects.exists()
    assert not Attempt.objects.exists()
    assert Source.objects.count() == sources


# --- what cannot be used ------------------------------------------------------------------------------


BAD_FILES = [
    ("motion", "report.mp4", b"%PDF-1.7 not a clip at all", "PDF"),
    ("character", "notes.png", b"just some words\n" * 20, "text file"),
    ("motion", "nothing.mp4", b"", "“nothing.mp4” is empty"),
    ("character", "nothing.png", b"", "“nothing.png” is empty"),
    ("motion", "half.mp4", clip(2.0, options={"movflags": "faststart"})[:-400], "The clip ends too early"),
    ("motion", "song.mp4", clip(2.0, video=False, audio=True), "no picture"),
]


@pytest.mark.parametrize(("kind", "name", "content", "sentence"), BAD_FILES, ids=lambda value: str(value)[:20])
def test_unusable_file_is_refused(
    kind: str, name: str, content: bytes, sentence: str, as_alice: Client, team: Team, character: Source, motion: Source
) -> None:
    good = {"character": character.pk, "motion": motion.pk}
    del good[kind]
    response = post(as_alice, team, **good, **{f"{kind}_file": upload(name, content)})

    refused(response, sentence, sources=2)
    field = re.search(rf'<input type="file" name="{kind}_file"[^>]*>', response.content.decode())
    assert field
    assert f'aria-describedby="{kind}-error"' in field[0]


@pytest.mark.parametrize(
    ("kind", "setting", "what"), [("character", "IMAGE_MAX_BYTES", "picture"), ("motion", "CLIP_MAX_BYTES", "clip")]
)
def test_file_over_the_limit_is_refused(
    kind: str, setting: str, what: str, as_alice: Client, team: Team, settings: Settings
) -> None:
    setattr(settings, setting, 1024 * 1024)
    response = post(as_alice, team, **{f"{kind}_file": upload("big.bin", b"\0" * (3 * 1024 * 1024 // 2))})

    refused(response, f"“big.bin” is 1.5 MB; the limit for a {what} is 1.0 MB.", sources=0)
    response = post(as_alice, team, **{f"{kind}_file": upload("big.bin", b"\0" * (1024 * 1024 + 1))})
    refused(response, f"“big.bin” is a little more than 1.0 MB; the limit for a {what} is 1.0 MB.", sources=0)


def test_link_without_an_answer_is_refused(as_alice: Client, team: Team, character: Source, settings: Settings) -> None:
    nobody_there = f"127.0.0.1:{free_port()}"
    settings.PRIVATE_HOSTS = [nobody_there]
    response = post(as_alice, team, character=character.pk, motion_url=f"http://{nobody_there}/clip.mp4")

    refused(response, "cannot be reached", sources=1)
    assert f'value="http://{nobody_there}/clip.mp4"' in response.content.decode()


def test_link_to_a_web_page_is_refused(as_alice: Client, team: Team, character: Source, web: HTTPServer) -> None:
    web.expect_request("/watch").respond_with_data("<!doctype html><title>A film</title>", content_type="text/html")
    response = post(as_alice, team, character=character.pk, motion_url=web.url_for("/watch"))

    refused(response, "web page", sources=1)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/a.mp4", "http://10.0.0.4/clip.mp4", "http://[::1]/a.mp4"])
def test_link_to_a_private_address_is_refused(url: str, as_alice: Client, team: Team, character: Source) -> None:
    refused(post(as_alice, team, character=character.pk, motion_url=url), "private address", sources=1)


def test_redirect_to_a_private_address_is_refused(
    as_alice: Client, team: Team, character: Source, web: HTTPServer
) -> None:
    web.expect_request("/on").respond_with_data("", status=302, headers={"Location": "http://10.0.0.4/clip.mp4"})
    response = post(as_alice, team, character=character.pk, motion_url=web.url_for("/on"))

    refused(response, "private address", sources=1)


@pytest.mark.parametrize("url", ["clip.mp4", "ftp://example.com/clip.mp4", "https://" + "a" * 3000 + ".com/"])
def test_malformed_link_is_refused(url: str, as_alice: Client, team: Team, character: Source) -> None:
    refused(post(as_alice, team, character=character.pk, motion_url=url), "This ", "link", sources=1)


@pytest.mark.parametrize("seed", ["-2", "2147483648", "99999999999999999999", "seven", "1.5", "1_000", ""])
def test_malformed_seed_is_refused(seed: str, as_alice: Client, team: Team, character: Source, motion: Source) -> None:
    response = post(as_alice, team, character=character.pk, motion=motion.pk, seed_mode="fixed", seed=seed)

    refused(response, "Nothing was sent.", sources=2)
    field = re.search(r'<input [^>]*name="seed" [^>]*>', response.content.decode())
    assert field
    assert 'aria-describedby="seed-error"' in field[0]


def test_seed_counts_only_in_fixed_mode(as_alice: Client, team: Team, character: Source, motion: Source) -> None:
    fields = {"character": character.pk, "motion": motion.pk, "quoted": "0.57", "seed": "seven"}

    assert post(as_alice, team, seed_mode="provider", **fields).status_code == 302
    assert Job.objects.get().seed == -1


def test_file_and_link_together_are_refused(as_alice: Client, team: Team, character: Source) -> None:
    both = {"motion_file": upload("walk.mp4", CLIP), "motion_url": "https://example.com/walk.mp4"}

    refused(post(as_alice, team, character=character.pk, **both), "either a file or a link for the clip", sources=1)


def test_missing_inputs_are_refused(as_alice: Client, team: Team) -> None:
    refused(post(as_alice, team), "Add a picture first", "Add a clip first", sources=0)


def test_upload_of_another_team_is_refused(as_alice: Client, team: Team, character: Source, charlie: User) -> None:
    theirs = factories.motion(charlie.teams.get(), charlie)
    response = post(as_alice, team, character=character.pk, motion=theirs.pk)

    refused(response, "not in your team's uploads", sources=2)
    assert f'name="motion" value="{theirs.pk}"' not in response.content.decode()


def test_form_of_another_team_is_404(as_charlie: Client, team: Team, character: Source, motion: Source) -> None:
    assert post(as_charlie, team, character=character.pk, motion=motion.pk).status_code == 404
    assert not Job.objects.exists()


def test_form_without_a_nonce_is_refused_with_a_new_one(
    as_alice: Client, team: Team, character: Source, motion: Source
) -> None:
    response = post(as_alice, team, character=character.pk, motion=motion.pk, nonce="", quoted="0.57")

    refused(response, "This page was incomplete.", sources=2)
    assert re.search(r'name="nonce" value="[0-9a-f-]{36}"', response.content.decode())


def test_refused_form_keeps_what_was_chosen(as_alice: Client, team: Team, character: Source, motion: Source) -> None:
    fields = {"character": character.pk, "motion": motion.pk, "behaviour": "replace", "resolution": "720p"}
    html = post(as_alice, team, **fields, prompt="Keep the coat", seed_mode="fixed", seed="x").content.decode()

    assert f'name="character" value="{character.pk}"' in html
    assert f'name="motion" value="{motion.pk}"' in html
    assert re.search(r'value="replace"[^>]* checked', html)
    assert re.search(r'value="720p"[^>]* checked', html)
    assert ">Keep the coat</textarea>" in html
    assert 'name="seed" value="x"' in html
    assert re.search(r'value="fixed"[^>]* checked', html)


# --- the click ----------------------------------------------------------------------------------------


def test_first_post_without_javascript_shows_the_price(as_alice: Client, team: Team) -> None:
    files = {"character_file": upload("mira.png", png()), "motion_file": upload("walk.mp4", CLIP)}
    nonce = uuid4()
    told = post(as_alice, team, nonce=nonce, **files)

    assert told.status_code == 200
    assert "Check the price." in text_of(told)
    assert not Job.objects.exists()
    kept = {name: re.findall(rf'name="{name}" value="([^"]+)"', told.content.decode())[0] for name in KEPT}
    assert kept["nonce"] == str(nonce)
    assert post(as_alice, team, **kept).status_code == 302
    assert str(Job.objects.get().price) == kept["quoted"] == "0.24"


def test_changed_price_makes_no_job(as_alice: Client, team: Team, character: Source, motion: Source) -> None:
    response = post(as_alice, team, character=character.pk, motion=motion.pk, quoted="0.50")

    assert response.status_code == 409
    assert "The price is now $0.57. It was $0.50." in text_of(response)
    assert 'name="quoted" value="0.57"' in response.content.decode()
    assert not Job.objects.exists()


def test_double_click_makes_one_job(as_alice: Client, team: Team, character: Source, motion: Source) -> None:
    fields = {"nonce": uuid4(), "character": character.pk, "motion": motion.pk, "quoted": "0.57"}
    first, second = post(as_alice, team, **fields), post(as_alice, team, **fields)

    assert first.headers["Location"] == second.headers["Location"] == reverse("jobs.show", args=[Job.objects.get().pk])


def test_failed_click_beside_its_twin_leads_to_the_job(
    as_alice: Client, team: Team, character: Source, motion: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = {"nonce": uuid4(), "character": character.pk, "motion": motion.pk, "quoted": "0.57"}

    def twin_is_faster(form: JobForm) -> bool:
        monkeypatch.undo()
        post(as_alice, team, **fields)
        form.add_error("motion", "Many links are being read right now.")
        return form.is_valid()

    monkeypatch.setattr(JobForm, "is_valid", twin_is_faster)
    response = post(as_alice, team, **fields)
    assert response.headers["Location"] == reverse("jobs.show", args=[Job.objects.get().pk])


def test_uploads_need_a_public_address(
    as_alice: Client, team: Team, character: Source, motion: Source, settings: Settings
) -> None:
    settings.PROVIDER = "apixo"
    fields = {"character": character.pk, "motion": motion.pk}
    page = as_alice.get("/", fields)

    assert "data-incomplete" in page.content.decode()
    response = post(as_alice, team, **fields, quoted="0.57")
    refused(response, "because it has no public address", "Use a link instead", "WANSTUDIO_URL", sources=2)
    refused(post(as_alice, team, character_file=upload("a.png", png()), motion=motion.pk), "WANSTUDIO_URL", sources=2)


def test_good_file_beside_a_mistake_has_to_be_chosen_again(as_alice: Client, team: Team, motion: Source) -> None:
    response = post(
        as_alice, team, character_file=upload("mira.png", png()), motion=motion.pk, seed_mode="fixed", seed="x"
    )

    refused(response, "Choose “mira.png” again", sources=1)
