"""The poster step: a still for each linked input, and nothing fetched that is not needed."""

import pytest
from django.core.files.base import ContentFile
from django.db.models.functions import Now
from PIL import Image

from tests import factories
from tests.fake_apixo import FakeApixo
from tests.media.clips import clip
from tests.pictures import picture
from tests.provider.scripted import answer
from tests.worker_steps import wait_s
from wanstudio.accounts.models import User
from wanstudio.teams.models import Team
from wanstudio.uploads import verbs as source_verbs
from wanstudio.uploads.models import Facts, Source
from wanstudio.work.advance import advance

FACTS = Facts("mp4", 64, 48, duration=2.0)


def make_poster(source: Source) -> Source:
    assert Source.objects.filter(pk=source.pk, due_at__isnull=False).update(due_at=Now())
    assert advance(Source, source.pk)
    return Source.objects.get(pk=source.pk)


@pytest.fixture
def link(apixo: FakeApixo, team: Team, alice: User, film: bytes) -> Source:
    apixo.files["/walk.mp4"] = film
    return source_verbs.add_link(team, alice, Source.Kind.MOTION, f"http://{apixo.host}/walk.mp4", FACTS)


def test_linked_clip_gets_a_poster(link: Source) -> None:
    link = make_poster(link)
    with link.poster.open() as poster:
        assert Image.open(poster).size == (64, 48)
    assert link.placeholder
    assert (link.due_at, link.lease_token) == (None, None)


def test_linked_picture_gets_a_poster(apixo: FakeApixo, team: Team, alice: User) -> None:
    apixo.files["/mira.png"] = picture("PNG")
    facts = Facts("PNG", 64, 48)
    source = source_verbs.add_link(team, alice, Source.Kind.CHARACTER, f"http://{apixo.host}/mira.png", facts)
    assert make_poster(source).poster


def test_poster_is_given_up_after_three_claims(link: Source, apixo: FakeApixo) -> None:
    apixo.on_file(answer(404), always=True)
    for _ in range(3):
        link = make_poster(link)
        assert 25 < wait_s(link) <= 30
    fetched = len(apixo.fetched)
    link = make_poster(link)
    assert (link.due_at, link.poster.name, len(apixo.fetched)) == (None, "", fetched)


def test_clip_without_pictures_gets_no_poster(link: Source, apixo: FakeApixo) -> None:
    apixo.files["/walk.mp4"] = clip(1.0, video=False, audio=True)
    assert not make_poster(link).poster


def test_upload_and_existing_poster_fetch_nothing(link: Source, apixo: FakeApixo, team: Team, alice: User) -> None:
    assert factories.motion(team, alice).due_at is None
    link.poster.save("poster.jpg", ContentFile(b"jpeg"))
    assert make_poster(link).due_at is None
    assert apixo.fetched == []
