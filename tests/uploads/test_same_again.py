"""The same file again: one upload a team, whichever way it comes; and the room that a team has for uploads."""

from base64 import b64encode
from hashlib import sha256
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.page_form import CLIP, png, post, text_of, upload
from wanstudio.accounts.models import User
from wanstudio.activity.models import Activity
from wanstudio.api.authentication import create_token
from wanstudio.media.decoder_messages import Cleaning
from wanstudio.teams.models import Membership, Team
from wanstudio.uploads import verbs
from wanstudio.uploads.models import PartialUpload, Source

SCRIPT = {"HX-Request": "true"}
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = "application/offset+octet-stream"


def by_form(client: Client, team: Team, kind: str, data: bytes, name: str = "again.mp4") -> Any:
    fields = {"team": team.pk, "kind": kind, "file": upload(name, data)}
    return client.post(reverse("uploads.add"), fields, headers=SCRIPT)


def in_pieces(client: Client, team: Team, data: bytes, name: str = "again.mp4") -> Any:
    said = ",".join(
        f"{key} {b64encode(str(value).encode()).decode()}"
        for key, value in {"filename": name, "kind": "motion", "team": team.pk}.items()
    )
    headers = {**TUS, "Upload-Length": str(len(data)), "Upload-Metadata": said}
    return client.generic("POST", reverse("uploads.parts"), data, PIECE, headers=headers)


def stored(team: Team) -> set[str]:
    """Names of files of its uploads, which tests before this one have left, too."""
    folder = f"sources/{team.pk}"
    return set(default_storage.listdir(folder)[1]) if default_storage.exists(folder) else set()


def test_same_file_is_one_upload_by_every_way(as_alice: Client, team: Team, alice: User) -> None:
    before = stored(team)
    first = by_form(as_alice, team, "motion", CLIP, "walk.mp4")
    source = Source.objects.get()
    Source.objects.update(used_at=Now() - verbs.BINNED_FOR)
    secret = create_token(Membership.objects.get(user=alice), "ci", "make").secret
    by_api = Client().post(
        "/api/v1/uploads",
        {"kind": "motion", "file": upload("x.mp4", CLIP)},
        headers={"Authorization": f"Bearer {secret}"},
    )
    order = post(as_alice, team, character_file=upload("a.png", png()), motion_file=upload("y.mp4", CLIP))

    assert first.status_code == by_form(as_alice, team, "motion", CLIP).status_code == 201
    assert in_pieces(as_alice, team, CLIP)["X-Upload"] == str(source.pk)
    assert by_api.json()["id"] == source.pk
    assert f'name="motion" value="{source.pk}"' in order.content.decode()
    assert Source.objects.get(kind="motion").used_at > source.used_at - verbs.BINNED_FOR
    assert Source.objects.get(kind="motion").name == "walk"
    assert Activity.objects.filter(act="upload.added", about="walk").count() == 1
    assert len(stored(team) - before) == 4, "two files, and two posters"


def test_known_file_is_not_read_again(as_alice: Client, team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    by_form(as_alice, team, "motion", CLIP)
    monkeypatch.setattr("wanstudio.uploads.forms.probe_file", None)
    assert by_form(as_alice, team, "motion", CLIP).status_code == 201


def test_other_team_and_other_kind_have_their_own(as_alice: Client, team: Team, as_charlie: Client) -> None:
    elsewhere = Team.objects.get(name="Elsewhere")
    by_form(as_alice, team, "character", png())
    by_form(as_charlie, elsewhere, "character", png())
    assert by_form(as_alice, team, "motion", png()).status_code == 422
    assert sorted(Source.objects.values_list("team__name", flat=True)) == ["Elsewhere", "Northlight"]


def test_same_file_comes_back_from_the_bin(as_alice: Client, team: Team, alice: User) -> None:
    by_form(as_alice, team, "motion", CLIP)
    source = Source.objects.get()
    verbs.discard(source, alice)
    assert by_form(as_alice, team, "motion", CLIP).status_code == 201
    assert Source.objects.get().deleted_at is None
    assert Activity.objects.filter(act="upload.restored").count() == 1


@pytest.mark.parametrize("gone", ["erased", "nearly", "lost"])
def test_what_is_gone_or_nearly_is_added_anew(as_alice: Client, team: Team, alice: User, gone: str) -> None:
    by_form(as_alice, team, "motion", CLIP)
    source = Source.objects.get()
    if gone == "lost":
        default_storage.delete(str(source.file.name))
    else:
        verbs.discard(source, alice)
        Source.objects.update(deleted_at=Now() - verbs.BINNED_FOR)
    if gone == "erased":
        Source.objects.update(erased_at=Now(), deleted_at=Now())
    by_form(as_alice, team, "motion", CLIP)
    assert Source.objects.exclude(pk=source.pk).get().deleted_at is None


@pytest.mark.django_db(transaction=True)
def test_two_requests_with_the_same_file_add_it_once(team: Team, alice: User) -> None:
    before, ready, made = stored(team), Barrier(2), list[int]()

    def add() -> None:
        source = Source(team=team, person=alice, kind="motion", format="mp4", width=1, height=1)
        ready.wait(60)
        made.append(verbs.add_file(source, upload("a.mp4", CLIP), b"poster", Cleaning()).pk)
        connection.close()

    both = [Thread(target=add) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert made == [Source.objects.get().pk] * 2
    assert len(stored(team) - before) == 2


@pytest.fixture
def small(settings: Any, team: Team, alice: User) -> Team:
    """Room for one clip more."""
    settings.TEAM_STORAGE_BYTES = 10_000 + len(CLIP)
    factories.motion(team, alice, size_bytes=9_000)
    factories.motion(team, alice, size_bytes=1 << 40, url="https://example.com/a.mp4", file="")
    binned = factories.character(team, alice, size_bytes=1_000)
    verbs.discard(binned, alice)
    return team


def test_upload_beyond_the_room_of_the_team_is_refused_before_a_byte(as_alice: Client, small: Team) -> None:
    larger = CLIP + b"\0\0\0\x0cfreexxxx"
    for answer in (by_form(as_alice, small, "motion", larger), in_pieces(as_alice, small, larger, "big.mp4")):
        said = text_of(answer)
        assert answer.status_code in (422, 413)
        assert "and your team has" in said
        assert "Nothing was sent; delete uploads that you no longer need, also from the bin" in said
    order = post(as_alice, small, character_file=upload("a.png", png()), motion_file=upload("y.mp4", larger))
    assert order.status_code == 422
    assert not PartialUpload.objects.exists()
    assert "used by this team's uploads, the bin included." in text_of(as_alice.get(reverse("uploads.index")))
    assert by_form(as_alice, small, "motion", CLIP).status_code == 201
    assert by_form(as_alice, small, "motion", CLIP).status_code == 201, "it is here already"


def test_what_is_on_its_way_keeps_its_room(as_alice: Client, small: Team) -> None:
    headers = {**TUS, "Upload-Length": str(len(CLIP)), "Upload-Metadata": "kind bW90aW9u"}
    made = as_alice.generic("POST", reverse("uploads.parts"), headers=headers)
    assert made.status_code == 201
    assert by_form(as_alice, small, "character", png()).status_code == 422
    done = as_alice.generic("PATCH", made["Location"], CLIP, PIECE, headers={**TUS, "Upload-Offset": "0"})
    assert done.status_code == 204
    as_alice.delete(made["Location"], headers=TUS)
    assert by_form(as_alice, small, "character", png()).status_code == 422


def test_fingerprint_is_that_of_the_bytes_as_they_were_sent(as_alice: Client, team: Team) -> None:
    data = CLIP + b"\0\0\0\x1cuuid+48.8583+002.2944/\0\0"
    for _ in range(2):
        by_form(as_alice, team, "motion", data)
    assert Source.objects.get().fingerprint == sha256(data).hexdigest()


def test_earlier_copies_of_a_file_are_left_as_they_are(as_alice: Client, team: Team, alice: User) -> None:
    same = {"fingerprint": sha256(CLIP).hexdigest()}
    first, _ = (factories.motion(team, alice, file=ContentFile(CLIP, name="a.mp4"), **same) for _ in range(2))
    assert in_pieces(as_alice, team, CLIP)["X-Upload"] == str(first.pk)
    assert Source.objects.count() == 2


def test_known_files_are_found_by_size_and_then_by_hash(as_alice: Client, as_charlie: Client, team: Team) -> None:
    by_form(as_alice, team, "motion", CLIP)
    source = Source.objects.get()

    def known(client: Client, **asked: Any) -> Any:
        answer = client.post(reverse("uploads.known"), {"team": team.pk, "kind": "motion", **asked})
        return answer.json() if answer.status_code == 200 else answer.status_code

    assert known(as_alice, size=len(CLIP)) == {"maybe": True}
    assert known(as_alice, size=len(CLIP) + 1) == {"maybe": False}
    assert known(as_alice, sha256=sha256(CLIP).hexdigest()) == {"same": source.pk}
    assert known(as_alice, sha256=sha256(b"").hexdigest()) == {"same": None}
    assert known(as_alice, sha256=sha256(CLIP).hexdigest().upper()) == {"same": source.pk}
    for wrong in ("a\0b", "\0" * 64, "f" * 65):
        assert known(as_alice, sha256=wrong) == {"same": None}
    assert known(as_alice, size=len(CLIP), kind="mo\0tion") == {"maybe": False}
    assert known(as_alice, sha256=sha256(CLIP).hexdigest(), kind="character") == {"same": None}
    assert known(as_charlie, sha256=sha256(CLIP).hexdigest()) == 404
    elsewhere = Team.objects.get(name="Elsewhere").pk
    assert known(as_charlie, sha256=sha256(CLIP).hexdigest(), team=elsewhere) == {"same": None}
