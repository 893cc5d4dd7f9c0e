"""Posters of earlier versions: the newest rows get placeholders in the sweep, and each is looked at once."""

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import factories
from tests.page_rows import finished
from tests.pictures import picture
from wanstudio.accounts.models import User
from wanstudio.media import isolated
from wanstudio.media.errors import FetchError, FetchProblem
from wanstudio.operations import older_posters
from wanstudio.operations.older_posters import make_placeholders
from wanstudio.teams.models import Team
from wanstudio.uploads.models import Source
from wanstudio.videos.models import Video
from wanstudio.work.advance import advance
from wanstudio.work.models import Chore


@pytest.fixture
def old(team: Team, alice: User) -> Video:
    """A video that an earlier version has archived: Pillow as it is writes no comment."""
    video = finished(team, alice)
    video.poster.save("poster.jpg", ContentFile(picture("JPEG")))
    return video


def placeholders() -> list[str | None]:
    return list(Video.objects.order_by("pk").values_list("placeholder", flat=True))


@pytest.mark.django_db(transaction=True)
def test_the_sweep_makes_them(old: Video, team: Team, alice: User) -> None:
    upload = factories.character(team, alice, poster=ContentFile(picture("JPEG"), name="poster.jpg"))
    bare = factories.character(team, alice)
    Chore.enrol(Chore.SWEEP)
    assert advance(Chore, Chore.objects.get().pk)
    assert [bool(text) for text in placeholders()] == [True]
    upload.refresh_from_db()
    bare.refresh_from_db()
    assert upload.placeholder
    assert bare.placeholder is None


def test_an_unreadable_poster_is_looked_at_once(old: Video, team: Team, alice: User) -> None:
    broken, gone = finished(team, alice), finished(team, alice)
    gone.poster.storage.delete(str(gone.poster.name))
    assert make_placeholders() == 3
    assert [bool(text) for text in placeholders()] == [True, False, False]
    assert Video.objects.get(pk=broken.pk).placeholder == ""
    assert make_placeholders() == 0


def test_only_the_newest_rows_are_read(old: Video, team: Team, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    newest = finished(team, alice)
    monkeypatch.setattr(older_posters, "NEWEST", 1)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        make_placeholders()
    assert [text is None for text in placeholders()] == [True, False]
    read = [each["sql"] for each in queries if 'placeholder" IS NULL' in each["sql"] and "SELECT" in each["sql"]]
    assert any(f'"id" > {newest.pk - 1}' in sql for sql in read), "by the primary key, and bounded"


def test_it_leaves_the_decoders_to_people(old: Video, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object, **__: object) -> bytes:
        raise FetchError(FetchProblem.BUSY)

    monkeypatch.setattr(older_posters, "poster", busy)
    assert make_placeholders() == 0
    assert placeholders() == [None]


def test_another_poster_meanwhile_is_not_given_the_old_placeholder(old: Video, monkeypatch: pytest.MonkeyPatch) -> None:
    made = isolated.poster

    def slow(*args: object, **more: object) -> bytes:
        Video.objects.filter(pk=old.pk).update(poster="videos/1/another.jpg")
        return made(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(older_posters, "poster", slow)
    assert make_placeholders() == 0
    assert placeholders() == [None]
    assert not Source.objects.exclude(placeholder=None).exists()
