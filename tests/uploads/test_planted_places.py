"""Place and device, planted in each place where phones write them: not a byte of it can be fetched from the studio."""

from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from tests.fake_apixo import FakeApixo
from tests.media.planted import MARK, PLACES
from tests.media.test_clean_pictures import DEVICE, PLACE, RARE, png_with, saved
from tests.page_form import upload
from wanstudio.accounts.models import User
from wanstudio.teams.models import Team
from wanstudio.uploads.arrivals.link_copies import LinkCopy, begin_copy
from wanstudio.uploads.forms import take
from wanstudio.uploads.models import Source
from wanstudio.uploads.queries import input_link, probe_file
from wanstudio.uploads.scans import Scan
from wanstudio.uploads.verbs import add_link
from wanstudio.work.advance import advance

MARKS = (MARK, MARK[:12], MARK[-12:], PLACE, DEVICE)


def files() -> dict[tuple[str, str], bytes]:
    clips: dict[tuple[str, str], bytes] = {
        (Source.Kind.MOTION, f"{place}.mp4"): make() for place, make in PLACES.items()
    }
    kinds = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "HEIF": "heic", "AVIF": "avif"}
    pictures = {f"a.{ending}": saved(kind) for kind, ending in kinds.items()}
    pictures["second.jpg"] = saved("JPEG") + saved("JPEG", 6) + b"MotionPhoto_Data" + PLACE
    notes = {"tEXt": b"Comment\0", "iTXt": b"Comment\0\0\0\0\0", "eXIf": b"MM\0*\0\0\0\x08\0\0\0\0\0\0"}
    pictures |= {f"{kind}.png": png_with(kind.encode(), head + PLACE) for kind, head in notes.items()}
    pictures |= {name: make() for name, make in RARE.items()}
    return clips | {(Source.Kind.CHARACTER, name): data for name, data in pictures.items()}


def by_upload(team: Team, alice: User, kind: str, name: str, data: bytes) -> Source:
    return take(kind, team=team, file=upload(name, data)).keep(team, alice)


def by_link(apixo: FakeApixo, team: Team, alice: User, name: str, data: bytes) -> Source:
    path = f"/{len(apixo.files)}.mp4"
    apixo.files[path] = data
    with upload(name, data).open() as file:
        facts = probe_file(Source.Kind.MOTION, file)[0]
    link = add_link(team, alice, Source.Kind.MOTION, f"http://{apixo.host}{path}", facts)
    begin_copy(link, alice)
    LinkCopy.objects.filter(link=link).update(due_at=Now())
    advance(LinkCopy, LinkCopy.objects.get(link=link).pk)
    copy = LinkCopy.objects.get(link=link)
    assert copy.upload, copy.problem
    return copy.upload


def fetched(client: Client, address: str) -> bytes:
    response = client.get(address)
    assert response.status_code == 200, address
    return b"".join(response)


@pytest.mark.parametrize("way", ["upload", "link"])
def test_not_a_byte_of_it_can_be_fetched(
    way: str, apixo: FakeApixo, as_vera: Client, client: Client, team: Team, alice: User
) -> None:
    sent = files()
    if way == "link":
        sent = {key: data for key, data in sent.items() if key[0] == Source.Kind.MOTION}
    for (kind, name), data in sent.items():
        assert any(mark in data for mark in MARKS), name
        is_upload = way == "upload"
        source = by_upload(team, alice, kind, name, data) if is_upload else by_link(apixo, team, alice, name, data)
        if source.is_motion:
            Scan.objects.filter(source=source).update(due_at=Now())
            advance(Scan, Scan.objects.get(source=source).pk)
        if source.conversion:
            Source.objects.filter(pk=source.pk).update(due_at=Now())
            advance(Source, source.pk)
            source.refresh_from_db()
            assert source.preview, name
        addresses = [reverse("uploads.file", args=[source.pk]), reverse("uploads.poster", args=[source.pk])]
        addresses += [reverse("uploads.preview", args=[source.pk])] if source.preview else []
        got = [fetched(as_vera, address) for address in addresses]
        got.append(fetched(client, input_link(source).removeprefix(settings.LINK_BASE)))
        for mark in MARKS:
            assert not [each[:20] for each in got if mark in each], (name, mark)
    rows = Source.objects.exclude(file="").values_list("file", "poster", "preview", "scan__strip")
    stored = [name for row in rows for name in row if name]
    assert len(stored) > 2 * len(sent)
    for name in stored:
        content = Path(default_storage.path(name)).read_bytes()
        assert not [mark for mark in MARKS if mark in content], name
