"""What the worker does besides jobs: posters of links, and the balance."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.base import ContentFile
from django.db.models.functions import Now
from PIL import Image

from tests import factories
from tests.fake_apixo import HTML, FakeApixo, envelope, refusal
from tests.media.clips import clip
from tests.pictures import picture
from tests.provider.scripted import answer, reset
from tests.worker_steps import ask, wait_s
from wanstudio.accounts.models import User
from wanstudio.keys import verbs as key_verbs
from wanstudio.keys.models import ProviderKey
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


def test_a_linked_clip_gets_a_poster(link: Source) -> None:
    link = make_poster(link)
    with link.poster.open() as poster:
        assert Image.open(poster).size == (64, 48)
    assert (link.due_at, link.lease_token) == (None, None)


def test_a_linked_picture_gets_one_too(apixo: FakeApixo, team: Team, alice: User) -> None:
    apixo.files["/mira.png"] = picture("PNG")
    facts = Facts("PNG", 64, 48)
    source = source_verbs.add_link(team, alice, Source.Kind.CHARACTER, f"http://{apixo.host}/mira.png", facts)
    assert make_poster(source).poster


def test_three_tries_and_no_more(link: Source, apixo: FakeApixo) -> None:
    apixo.on_file(answer(404), always=True)
    for _ in range(3):
        link = make_poster(link)
        assert 25 < wait_s(link) <= 30
    fetched = len(apixo.fetched)
    link = make_poster(link)
    assert (link.due_at, link.poster.name, len(apixo.fetched)) == (None, "", fetched)


def test_a_clip_without_pictures(link: Source, apixo: FakeApixo) -> None:
    apixo.files["/walk.mp4"] = clip(1.0, video=False, audio=True)
    assert not make_poster(link).poster


def test_uploads_and_posters_that_are_there_cost_nothing(
    link: Source, apixo: FakeApixo, team: Team, alice: User
) -> None:
    assert factories.motion(team, alice).due_at is None
    link.poster.save("poster.jpg", ContentFile(b"jpeg"))
    assert make_poster(link).due_at is None
    assert apixo.fetched == []


# --- the balance --------------------------------------------------------------------------------------


@pytest.fixture
def key(apixo: FakeApixo) -> ProviderKey:
    return ProviderKey.at("apixo")


def test_the_balance_is_noted_to_the_cent(key: ProviderKey) -> None:
    key = ask(key)
    assert key.balance == Decimal("74.87")
    assert key.balance_at
    assert 590 < wait_s(key) <= 600


def test_a_large_balance(key: ProviderKey, apixo: FakeApixo) -> None:
    apixo.balance = 999_999_999.1234
    assert ask(key).balance == Decimal("999999999.1234")


@pytest.mark.parametrize(
    "move", [refusal(401, "Invalid key"), answer(502, HTML), reset, answer(200, envelope(data="x"))]
)
def test_a_balance_that_is_not_told(key: ProviderKey, apixo: FakeApixo, move: object) -> None:
    ask(key)
    apixo.on_balance(move)  # type: ignore[arg-type]
    key = ask(key)
    assert key.balance == Decimal("74.87"), "the last one stays, with its time"
    assert key.problem
    assert 29 < wait_s(key) <= 40
    assert ask(key).problem == ""


def test_429_pauses_the_key(key: ProviderKey, apixo: FakeApixo) -> None:
    apixo.on_balance(refusal(429, Retry_After="120"))
    key = ask(key)
    assert 119 < wait_s(key) <= 123
    assert ProviderKey.opens_at("apixo")
    ask(key)
    assert apixo.balance_calls == 1


def test_unauthorized_is_lifted_by_any_balance(key: ProviderKey, apixo: FakeApixo) -> None:
    apixo.balance = 0
    key_verbs.suspend(key, ProviderKey.Pause.UNAUTHORIZED, Decimal(0), timedelta(seconds=30))
    assert ask(key).pause == ""


def test_a_pause_laid_while_the_balance_is_asked_stays(key: ProviderKey, apixo: FakeApixo) -> None:
    def refuse_meanwhile(line: object, over: object) -> None:
        key_verbs.suspend(key, ProviderKey.Pause.NO_BALANCE, Decimal("9.60"), timedelta(seconds=30))
        answer(200, envelope(data=1))(line, over)  # type: ignore[arg-type]

    apixo.on_balance(refuse_meanwhile)
    key = ask(key)
    assert (key.pause, key.needed) == (ProviderKey.Pause.NO_BALANCE, Decimal("9.60"))
    assert 29 < wait_s(key) <= 40, "and it is asked about soon"
    apixo.balance = 9.59
    assert 29 < wait_s(ask(key)) <= 40
    apixo.balance = 9.60
    assert ask(key).pause == ""


def test_without_a_key_nothing_is_asked(key: ProviderKey, apixo: FakeApixo, settings: object) -> None:
    settings.PROVIDERS = settings.PROVIDERS | {"apixo": (apixo.url, "")}  # type: ignore[attr-defined]
    assert "no key" in ask(key).problem
    assert apixo.balance_calls == 0
