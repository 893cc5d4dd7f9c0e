"""Uploads of earlier versions: kept as they were sent, and cleaned before anyone gets a byte of them."""

import io
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from PIL import Image

from tests import factories
from tests.fake_apixo import FakeApixo
from tests.media.clips import clip
from tests.media.test_clean_clips import DEVICE, tagged
from tests.media.test_clean_clips import PLACE as CLIP_PLACE
from tests.media.test_clean_pictures import PLACE, saved
from tests.worker_steps import running
from wanstudio.accounts.models import User
from wanstudio.jobs import verbs
from wanstudio.media import isolated
from wanstudio.media.errors import FetchError, FetchProblem
from wanstudio.money.queries import quote_today
from wanstudio.teams.models import Team
from wanstudio.uploads.cleaning import ensure_clean
from wanstudio.uploads.models import Source
from wanstudio.uploads.queries import input_link
from wanstudio.uploads.steps import clean_following
from wanstudio.uploads.trims import Trim
from wanstudio.work.advance import advance

MARKS = (PLACE, CLIP_PLACE, DEVICE)
FILES: dict[str, Callable[[], bytes]] = {
    "JPEG": lambda: saved("JPEG"),
    "JPEG, turned": lambda: saved("JPEG", 6),
    "PNG": lambda: saved("PNG"),
    "WEBP": lambda: saved("WEBP"),
    "mp4": lambda: tagged("mp4", {}),
    "mp4, index in front": lambda: tagged("mp4", {"movflags": "faststart+use_metadata_tags"}),
    "mov": lambda: tagged("mov", {}),
}


def poster() -> bytes:
    """As earlier versions made them: the comment of the picture is in it."""
    out = io.BytesIO()
    Image.new("RGB", (60, 40)).save(out, "JPEG", comment=PLACE)
    return out.getvalue()


def earlier(team: Team, alice: User, kind: str, data: bytes) -> Source:
    form = kind.split(",")[0]
    make = factories.motion if form in ("mp4", "mov") else factories.character
    fields = {"duration": 1.0} if make is factories.motion else {}
    made = make(
        team,
        alice,
        file=ContentFile(data, f"source.{form.lower()}"),
        poster=ContentFile(poster(), "poster.jpg"),
        format=form,
        size_bytes=len(data),
        cleaned_at=None,
        **fields,
    )
    assert not made.fingerprint
    return made


def bytes_at(client: Client, address: str) -> bytes:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return b"".join(answer) if answer.streaming else bytes(answer.content)


def on_disk() -> set[Path]:
    return {path for path in (Path(settings.DATA_DIR) / "media").rglob("*") if path.is_file()}


def looked_after(source: Source) -> Source:
    assert Source.objects.filter(pk=source.pk, due_at__isnull=False).update(due_at=Now())
    assert advance(Source, source.pk)
    return Source.objects.get(pk=source.pk)


@pytest.mark.parametrize("kind", FILES)
def test_nobody_gets_a_byte_of_place_or_device(
    kind: str, as_alice: Client, nobody: Client, team: Team, alice: User, transactional_db: None
) -> None:
    data = FILES[kind]()
    assert any(mark in data for mark in MARKS)
    ways: list[tuple[Client, Callable[[Source], str]]] = [
        (as_alice, lambda source: reverse("uploads.poster", args=[source.pk])),
        (as_alice, lambda source: reverse("uploads.file", args=[source.pk])),
        (nobody, lambda source: urlsplit(input_link(source)).path),
    ]
    for client, address in ways:
        source = earlier(team, alice, kind, data)
        got = bytes_at(client, address(source))
        assert not any(mark in got for mark in MARKS), address(source)
        source.refresh_from_db()
        if "poster" not in address(source):
            assert source.cleaned_at
            assert source.fingerprint == sha256(data).hexdigest()
            assert source.size_bytes == len(got)
            assert not any(mark in bytes_at(as_alice, ways[0][1](source)) for mark in MARKS)


def test_all_are_cleaned_in_the_background_a_few_at_a_time(
    as_alice: Client, team: Team, alice: User, transactional_db: None
) -> None:
    before = on_disk()
    rows = [earlier(team, alice, kind, make()) for kind, make in FILES.items()]
    damaged = earlier(team, alice, "mp4", b"\0\0\0\x10ftypisom\0\0\0\0" + CLIP_PLACE)
    hevc = earlier(team, alice, "mp4", clip(0.5, codec="libx265"))
    names = {str(row.file.name) for row in rows}
    clean_following()
    steps = 0
    while due := Source.objects.filter(due_at__lte=Now()).order_by("pk").first():
        assert Source.objects.filter(due_at__lte=Now()).count() <= 2
        assert advance(Source, due.pk)
        steps += 1
        assert steps < 20
    assert list(Source.objects.filter(cleaned_at=None)) == [damaged]
    assert not names & {str(row.file.name) for row in Source.objects.exclude(pk=damaged.pk)}
    assert as_alice.get(reverse("uploads.file", args=[damaged.pk])).status_code == 404
    hevc.refresh_from_db()
    assert (hevc.conversion, bool(hevc.preview)) == ("shown", True)
    damaged.file.delete(save=False)
    damaged.poster.delete(save=False)
    made = [path.read_bytes() for path in on_disk() - before]
    assert len(made) == 2 * len(rows) + 3
    assert not any(mark in data for data in made for mark in MARKS)
    # The next start passes over what could not be cleaned.
    clean_following()
    assert not Source.objects.filter(due_at__isnull=False).exists()


def test_a_busy_machine_cleans_later(
    team: Team, alice: User, transactional_db: None, monkeypatch: pytest.MonkeyPatch, as_alice: Client
) -> None:
    source = earlier(team, alice, "JPEG", saved("JPEG"))

    def busy(_: object) -> None:
        raise FetchError(FetchProblem.BUSY)

    clean_following()
    with monkeypatch.context() as patched:
        patched.setattr(isolated, "take_picture", busy)
        for _ in range(5):
            source = looked_after(source)
        assert as_alice.get(reverse("uploads.file", args=[source.pk])).status_code == 404
    assert (source.cleaned_at, source.claims) == (None, 0)
    assert looked_after(source).cleaned_at


def test_job_of_an_earlier_upload_sends_it_clean_at_the_same_price(
    team: Team, alice: User, apixo: FakeApixo, nobody: Client
) -> None:
    motion = earlier(team, alice, "mov", tagged("mov", {}))
    for trim in (None, Trim(0.2, 0.9)):
        order = factories.order(team, alice, motion=motion, provider="apixo", quote=quote_today(1.0, "480p"), trim=trim)
        job = verbs.accept(order)
        running(job)
        link = urlsplit(apixo.posts[-1].body["input"]["video_urls"][0])
        got = bytes_at(nobody, link.path)
        assert got[4:8] == b"ftyp"
        assert not any(mark in got for mark in MARKS)
    motion.refresh_from_db()
    assert (bool(motion.cleaned_at), motion.duration) == (True, 1.0)


def test_what_is_clean_is_not_read_again(
    as_alice: Client, team: Team, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = factories.motion(team, alice)
    assert source.cleaned_at
    monkeypatch.setattr(isolated, "take_clip", lambda _: pytest.fail("read again"))
    assert bytes_at(as_alice, reverse("uploads.file", args=[source.pk])) == b"clip"
    clean_following()
    source.refresh_from_db()
    assert source.due_at is None


def test_who_comes_second_finds_it_cleaned(team: Team, alice: User, transactional_db: None) -> None:
    """A job that is sent while the worker cleans its picture is not refused because the old file has gone."""
    source = earlier(team, alice, "JPEG", saved("JPEG"))
    late = Source.objects.get(pk=source.pk)
    ensure_clean(source)
    assert not default_storage.exists(str(late.file.name))
    ensure_clean(late)
    assert (late.file.name, late.cleaned_at) == (source.file.name, source.cleaned_at)
    lost = earlier(team, alice, "JPEG", saved("JPEG"))
    default_storage.delete(str(lost.file.name))
    with pytest.raises(FileNotFoundError):
        ensure_clean(lost)
