"""Copies of links: brought in by the worker with the checks of an upload, cancelled, refused, and then cut."""

from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from tests.fake_apixo import FakeApixo
from tests.media.clips import clip
from tests.page_form import png
from tests.provider.scripted import answer
from wanstudio.accounts.models import User
from wanstudio.teams.models import Team
from wanstudio.uploads.arrivals import link_copies
from wanstudio.uploads.arrivals.link_copies import LinkCopy
from wanstudio.uploads.models import Facts, Source
from wanstudio.uploads.verbs import add_link
from wanstudio.work.advance import advance

FILM = clip(2.0)
FACTS = Facts("mp4", 64, 48, size_bytes=len(FILM), duration=2.0)


@pytest.fixture
def link(apixo: FakeApixo, team: Team, alice: User) -> Source:
    apixo.files["/walk.mp4"] = FILM
    return add_link(team, alice, Source.Kind.MOTION, f"http://{apixo.host}/walk.mp4", FACTS)


PICTURE = png((90, 60))


@pytest.fixture
def picture(apixo: FakeApixo, team: Team, alice: User) -> Source:
    apixo.files["/mira.png"] = PICTURE
    facts = Facts("PNG", 90, 60, size_bytes=len(PICTURE))
    return add_link(team, alice, Source.Kind.CHARACTER, f"http://{apixo.host}/mira.png", facts)


def post(client: Client, link: Source, **fields: str) -> Any:
    return client.post(reverse("uploads.copy", args=[link.pk]), fields, headers={"HX-Request": "true"})


def ask(client: Client, link: Source) -> Any:
    return client.get(reverse("uploads.copy", args=[link.pk]), headers={"HX-Request": "true"})


def fetched(link: Source) -> LinkCopy:
    copy = LinkCopy.objects.get(link=link)
    assert LinkCopy.objects.filter(pk=copy.pk, due_at__isnull=False).update(due_at=Now())
    advance(LinkCopy, copy.pk)
    return LinkCopy.objects.get(pk=copy.pk)


def test_size_and_time_are_shown_before_anything_is_fetched(as_alice: Client, link: Source, apixo: FakeApixo) -> None:
    before = len(apixo.fetched)
    html = as_alice.get(reverse("uploads.slot", args=[link.pk])).content.decode()
    assert f"Import it to cut it · {len(FILM) / 1024:.1f}\xa0KB, about 1 s" in html
    assert len(apixo.fetched) == before
    assert not LinkCopy.objects.exists()


def test_brought_in_it_is_an_upload_with_the_trim_bar(as_alice: Client, link: Source) -> None:
    assert "Importing" in post(as_alice, link).content.decode()
    assert 'hx-trigger="every 1s"' in ask(as_alice, link).content.decode()
    copy = fetched(link)
    assert (copy.due_at, copy.problem, copy.received_bytes) == (None, "", len(FILM))
    upload = Source.objects.exclude(file="").get()
    assert (upload.url, upload.duration, upload.team_id, upload.person_id) == ("", 2.0, link.team_id, link.person_id)
    response = ask(as_alice, link)
    assert (response["HX-Retarget"], response["HX-Reswap"]) == ("#motion-slot", "outerHTML")
    assert f'name="motion" value="{upload.pk}"' in response.content.decode()
    assert 'name="trim_start"' in response.content.decode()
    post(as_alice, link)
    assert Source.objects.exclude(file="").count() == 1


def test_cancelled_it_leaves_nothing(as_alice: Client, link: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    post(as_alice, link)
    keep_lease = LinkCopy.keep_lease

    def cancelled_meanwhile(copy: LinkCopy) -> bool:
        assert "Import it to cut it" in post(as_alice, link, cancel="1").content.decode()
        return keep_lease(copy)

    monkeypatch.setattr(LinkCopy, "keep_lease", cancelled_meanwhile)
    with pytest.raises(LinkCopy.DoesNotExist):
        fetched(link)
    assert not Source.objects.exclude(file="").exists()


def test_what_cannot_be_used_is_said_as_of_an_upload(as_alice: Client, link: Source, apixo: FakeApixo) -> None:
    apixo.files["/walk.mp4"] = b"no clip at all"
    post(as_alice, link)
    problem = fetched(link).problem
    html = ask(as_alice, link).content.decode()
    assert problem
    assert problem in html
    assert "Try again" in html
    apixo.on_file(answer(404), always=True)
    post(as_alice, link)
    assert "404" in fetched(link).problem
    assert not Source.objects.exclude(file="").exists()


def test_too_large_is_said_before_it_is_fetched(as_alice: Client, link: Source, settings: Any) -> None:
    settings.CLIP_MAX_BYTES = len(FILM) - 1
    assert "the limit for a clip is" in post(as_alice, link).content.decode()
    assert LinkCopy.objects.get().due_at is None


def test_time_follows_how_fast_the_last_ones_came(link: Source, alice: User) -> None:
    assert link_copies.about_s(20_000_000) == 10
    LinkCopy.objects.create(link=link, person=alice, received_bytes=8_000_000, took_s=1.0)
    assert link_copies.about_s(20_000_000) == 3


def test_without_a_script_the_page_leads_on(as_alice: Client, link: Source) -> None:
    response = as_alice.post(reverse("uploads.copy", args=[link.pk]), {"character": "7"})
    assert (response.status_code, response["Location"]) == (302, f"/?motion={link.pk}&character=7")
    assert LinkCopy.objects.get().due_at


def test_picture_is_brought_in_to_be_cropped(as_alice: Client, picture: Source, apixo: FakeApixo) -> None:
    fetched_before = len(apixo.fetched)
    html = as_alice.get(reverse("uploads.slot", args=[picture.pk])).content.decode()
    assert "Import it to crop it" in html
    assert "about 1 s" in html
    assert 'name="crop"' not in html
    assert len(apixo.fetched) == fetched_before
    assert "Importing" in post(as_alice, picture).content.decode()
    copy = fetched(picture)
    assert (copy.due_at, copy.problem, copy.received_bytes) == (None, "", len(PICTURE))
    upload = Source.objects.exclude(file="").get()
    assert (upload.kind, upload.url, upload.width, upload.height) == ("character", "", 90, 60)
    response = ask(as_alice, picture)
    assert (response["HX-Retarget"], response["HX-Reswap"]) == ("#character-slot", "outerHTML")
    assert f'name="character" value="{upload.pk}"' in response.content.decode()
    assert 'name="crop"' in response.content.decode()


def test_picture_has_the_limit_of_pictures_and_can_be_cancelled(
    as_alice: Client, picture: Source, settings: Any
) -> None:
    post(as_alice, picture)
    assert "Import it to crop it" in post(as_alice, picture, cancel="1").content.decode()
    assert not LinkCopy.objects.exists()
    Source.objects.filter(pk=picture.pk).update(size_bytes=None)
    settings.IMAGE_MAX_BYTES = len(PICTURE) - 1
    post(as_alice, picture)
    assert fetched(picture).problem
    assert not Source.objects.exclude(file="").exists()


def test_picture_that_leads_elsewhere_by_now_is_brought_in_anew(as_alice: Client, picture: Source) -> None:
    post(as_alice, picture)
    fetched(picture)
    assert link_copies.upload_of(picture)
    picture.width = 91
    assert link_copies.upload_of(picture) is None


def test_without_a_script_the_picture_leads_on(as_alice: Client, picture: Source) -> None:
    response = as_alice.post(reverse("uploads.copy", args=[picture.pk]), {"motion": "7", "character": str(picture.pk)})
    assert (response.status_code, response["Location"]) == (302, f"/?character={picture.pk}&motion=7")
