"""Sources: what a link was, when it was read, and one row for one link."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from tests import factories
from wanstudio.accounts.models import User
from wanstudio.teams.models import Team
from wanstudio.uploads import verbs as source_verbs
from wanstudio.uploads.models import Facts, Source

pytestmark = pytest.mark.django_db

FACTS = Facts("mp4", 64, 48, duration=2.0)


def link(team: Team, person: User, url: str = "https://example.com/a/my%20walk.mp4?x=1") -> Source:
    return source_verbs.add_link(team, person, Source.Kind.MOTION, url, FACTS)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://example.com/a/my%20walk.mp4?x=1", "my walk.mp4"),
        ("https://example.com/", "example.com"),
        ("https://example.com/" + "w" * 300, "w" * 200),
    ],
)
def test_a_link_is_named_after_its_file(team: Team, alice: User, url: str, name: str) -> None:
    source = link(team, alice, url)
    assert (source.file_name, source.url) == (name, url)
    assert source.is_motion


def test_a_link_is_due_for_its_poster(team: Team, alice: User) -> None:
    assert Source.ready().filter(pk=link(team, alice).pk).exists()


def test_one_row_for_one_link(team: Team, alice: User, bob: User, charlie: User) -> None:
    first = link(team, alice)
    Source.objects.update(probed_at=Now() - timedelta(hours=1), used_at=Now() - timedelta(hours=1))
    old = Source.objects.get()
    again = source_verbs.add_link(team, bob, Source.Kind.MOTION, first.url, replace(FACTS, duration=3.0))
    assert again == first
    now = Source.objects.get()
    assert now.duration == again.duration == 3.0
    assert now.probed_at > old.probed_at
    assert now.used_at > old.used_at
    assert link(charlie.teams.get(), charlie) != first
    Source.objects.filter(pk=first.pk).update(deleted_at=Now())
    assert link(team, alice) != first


def test_only_the_probe_of_a_link_expires(team: Team, alice: User) -> None:
    upload, linked = factories.motion(team, alice), link(team, alice)
    assert not linked.is_older_than(timedelta(minutes=10))
    Source.objects.update(probed_at=Now() - timedelta(minutes=11))
    assert linked.is_older_than(timedelta(minutes=10))
    assert not upload.is_older_than(timedelta(minutes=10))
    source_verbs.learn(linked, replace(FACTS, width=128))
    assert not linked.is_older_than(timedelta(minutes=10))
    assert linked.width == 128


def test_stored_names_say_nothing_but_their_type(team: Team, alice: User) -> None:
    source = factories.character(team, alice)
    source_verbs.keep_poster(source, b"jpeg")
    source.refresh_from_db()
    for stored, ending in ((source.file.name, ".png"), (source.poster.name, ".jpg")):
        assert stored
        assert stored.startswith(f"sources/{team.pk}/")
        assert stored.endswith(ending)
        assert "mira" not in stored


def test_facts_in_one_line(team: Team, alice: User) -> None:
    big = factories.motion(team, alice, size_bytes=19_293_798, duration=26, fps=29.97, codec="h264")
    assert big.facts == "26.0 s · 720 × 1280 · 29.97 fps · H.264 · MP4 · 18.4\xa0MB"
    assert factories.character(team, alice, size_bytes=2_000).facts == "768 × 1152 · PNG · 1 KB"
    assert link(team, alice).facts == "2.0 s · 64 × 48 · MP4"


def test_a_discarded_source_keeps_its_file(team: Team, alice: User) -> None:
    source = factories.motion(team, alice)
    source_verbs.discard(source)
    gone = Source.objects.get(pk=source.pk)
    assert gone.deleted_at
    with gone.file.open() as file:
        assert file.read() == b"clip"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a%00b.mp4", "ab.mp4"),
        ("a%0d%0aBcc:%20x.mp4", "aBcc: x.mp4"),
        ("%00", "example.com"),
        ("caf%C3%A9.mp4", "café.mp4"),
    ],
)
def test_a_link_is_named_by_what_can_be_read_of_it(path: str, name: str, team: Team, alice: User) -> None:
    made = source_verbs.add_link(team, alice, Source.Kind.MOTION, f"https://example.com/{path}", FACTS)
    assert Source.objects.get(pk=made.pk).file_name == name
