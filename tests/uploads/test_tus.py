"""Uploads in pieces, by the tus protocol: every rule of it that is offered, rights, and crashes at every step."""

import hashlib
import os
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from django.utils.http import parse_http_date

from tests.page_form import CLIP, png, text_of, upload
from wanstudio.accounts.models import User
from wanstudio.activity.models import Activity
from wanstudio.api.authentication import create_token
from wanstudio.teams.models import Membership, Team
from wanstudio.uploads import verbs
from wanstudio.uploads.arrivals import pieces, running_hashes
from wanstudio.uploads.arrivals.headers import kind_in, metadata_in, name_in
from wanstudio.uploads.models import PartialUpload, Source
from wanstudio.uploads.views.tus_protocol import UPLOAD

TUS = {"Tus-Resumable": "1.0.0"}
PIECE = "application/offset+octet-stream"
PARTS = "/uploads/parts/"


def said(**values: str) -> str:
    return ",".join(f"{key} {b64encode(value.encode()).decode()}" for key, value in values.items())


class Sender:
    """A client of the protocol, by session or by token."""

    def __init__(self, client: Client, parts: str = PARTS, **headers: str) -> None:
        self.client, self.parts, self.headers = client, parts, headers

    def send(self, method: str, url: str, body: bytes = b"", kind: str = "", **headers: Any) -> Any:
        named = {name.replace("_", "-"): str(value) for name, value in headers.items() if value is not None}
        sent = {**TUS, **self.headers, **named}
        headers = {name: value for name, value in sent.items() if value != "-"}
        # Django's client leaves the type out where there is no body.
        return self.client.generic(method, url, body, kind, headers=headers, CONTENT_TYPE=kind)

    def create(self, size: int, body: bytes = b"", **given: str) -> Any:
        metadata = {"filename": "walk.mp4", "kind": "motion"} | given
        kind = PIECE if body else ""
        return self.send("POST", self.parts, body, kind, Upload_Length=size, Upload_Metadata=said(**metadata))

    def begin(self, size: int, **metadata: str) -> str:
        made = self.create(size, b"", **metadata)
        assert made.status_code == 201, made.content
        return str(made["Location"])

    def patch(self, url: str, offset: int, body: bytes, **headers: Any) -> Any:
        return self.send("PATCH", url, body, PIECE, Upload_Offset=offset, **headers)

    def head(self, url: str) -> Any:
        return self.send("HEAD", url)


@pytest.fixture
def sender(as_alice: Client, team: Team) -> Sender:
    return Sender(as_alice)


def is_clip(source: Source) -> bool:
    """All of it, but for what it says about its encoder, which becomes zero where it is."""
    kept = source.file.read()
    changed = bytes(one for one, other in zip(kept, CLIP, strict=False) if one != other)
    return len(kept) == len(CLIP) and len(changed) < 200 and not changed.strip(b"\0fre")


def row(url: str) -> PartialUpload:
    return PartialUpload.objects.get(pk=url.rstrip("/").rpartition("/")[2])


def test_what_is_offered_is_said_without_a_version(client: Client, alice: User, settings: Any) -> None:
    answer = client.options(PARTS)
    assert answer.status_code == 204
    assert answer["Tus-Resumable"] == answer["Tus-Version"] == "1.0.0"
    assert answer["Tus-Extension"] == "creation,creation-with-upload,checksum,termination,expiration"
    assert answer["Tus-Max-Size"] == str(settings.CLIP_MAX_BYTES)
    assert answer["Tus-Checksum-Algorithm"] == "sha256,sha1,md5"


def test_pieces_become_the_upload_that_a_form_would_add(sender: Sender, alice: User, team: Team) -> None:
    began = int(time.time())
    made = sender.create(len(CLIP), filename="Mein Gang.mp4")
    url = made["Location"]
    assert url.startswith("http://testserver/uploads/parts/")
    assert made["Upload-Offset"] == "0"
    assert began <= parse_http_date(made["Upload-Expires"]) - 24 * 60 * 60 <= time.time()
    for at in range(0, len(CLIP), 5000):
        answer = sender.patch(url, at, CLIP[at : at + 5000])
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer["Upload-Offset"] == str(min(at + 5000, len(CLIP)))
        assert answer["Tus-Resumable"] == "1.0.0"
    source = Source.objects.get()
    assert answer[UPLOAD] == str(source.pk)
    assert (source.file_name, source.kind, source.person, source.team) == ("Mein Gang.mp4", "motion", alice, team)
    assert is_clip(source)
    assert source.fingerprint == hashlib.sha256(CLIP).hexdigest()
    assert (source.size_bytes, source.duration, bool(source.poster)) == (len(CLIP), 6.0, True)
    assert [act.about for act in Activity.objects.filter(act="upload.added")] == ["Mein Gang"]
    assert not pieces.path_of(row(url)).exists()


def test_head_says_how_far_it_is_and_is_not_kept_by_caches(sender: Sender) -> None:
    url = sender.begin(len(CLIP), filename="walk.mp4")
    sender.patch(url, 0, CLIP[:700])
    answer = sender.head(url)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert (answer["Upload-Offset"], answer["Upload-Length"]) == ("700", str(len(CLIP)))
    assert answer["Upload-Metadata"] == said(filename="walk.mp4", kind="motion")
    assert answer["Upload-Expires"]


def test_page_reads_where_its_upload_is_beside_its_own_address(sender: Sender) -> None:
    sender.headers["HX-Request"] = "true"
    assert sender.begin(10).startswith("/uploads/parts/")


def test_first_piece_can_come_with_the_creation(sender: Sender) -> None:
    made = sender.create(len(CLIP), CLIP[:1000])
    assert (made.status_code, made["Upload-Offset"]) == (201, "1000")
    assert sender.patch(made["Location"], 1000, CLIP[1000:])[UPLOAD] == str(Source.objects.get().pk)
    whole = sender.create(len(CLIP) + 8, CLIP + b"\0\0\0\x08free")
    assert (whole.status_code, whole["Upload-Offset"]) == (201, str(len(CLIP) + 8))
    assert Source.objects.count() == 2


def test_post_can_stand_for_another_method(sender: Sender) -> None:
    url = sender.begin(len(CLIP))
    answer = sender.send("POST", url, CLIP, PIECE, Upload_Offset=0, X_HTTP_Method_Override="PATCH")
    assert answer.status_code == 204
    assert sender.send("POST", url, X_HTTP_Method_Override="DELETE").status_code == 204


@pytest.mark.parametrize(
    ("ask", "status"),
    [
        (lambda s, url: s.send("PATCH", url, b"x", PIECE, Upload_Offset=0, Tus_Resumable="0.2.2"), 412),
        (lambda s, url: s.send("HEAD", url, Tus_Resumable="-"), 412),
        (lambda s, url: s.send("PATCH", url, b"x", "application/octet-stream", Upload_Offset=0), 415),
        (lambda s, url: s.send("PATCH", url, b"x", "", Upload_Offset=0), 415),
        (lambda s, url: s.send("PATCH", url, b"x", PIECE), 400),
        (lambda s, url: s.patch(url, "-1", b"x"), 400),
        (lambda s, url: s.patch(url, "1e3", b"x"), 400),
        (lambda s, url: s.patch(url, 1, b"x"), 409),
        (lambda s, url: s.patch(url, 0, bytes(101)), 413),
        (lambda s, url: s.patch(url, 0, b"x", Upload_Checksum="crc32 AAAA"), 400),
        (lambda s, url: s.patch(url, 0, b"x", Upload_Checksum="sha1 ?"), 400),
        (lambda s, url: s.patch(url, 0, b"x", Upload_Checksum=f"sha1 {b64encode(bytes(20)).decode()}"), 460),
        (lambda s, url: s.head(PARTS + "6f0cd0a4-2f1d-4b7f-9a39-3a8c4f1f5f3b/"), 404),
        (lambda s, url: s.send("PUT", url), 405),
        (lambda s, url: s.send("POST", PARTS), 400),
        (lambda s, url: s.send("POST", PARTS, Upload_Length="-1"), 400),
        (lambda s, url: s.send("POST", PARTS, Upload_Length="12a"), 400),
        (lambda s, url: s.send("POST", PARTS, Upload_Defer_Length="1", Upload_Metadata=said(kind="motion")), 400),
        (lambda s, url: s.send("POST", PARTS, Upload_Length=5, Upload_Concat="partial"), 400),
        (lambda s, url: s.send("POST", PARTS, Upload_Length=5, Upload_Metadata="filename ???"), 400),
        (lambda s, url: s.send("POST", PARTS, Upload_Length=5, Upload_Metadata="kind bW90aW9u,kind bW90aW9u"), 400),
        (lambda s, url: s.create(5, kind="sound"), 400),
        (lambda s, url: s.create(0), 422),
        (lambda s, url: s.create(500 * 1024 * 1024 + 1), 413),
        (lambda s, url: s.create(11 * 1024 * 1024, kind="character"), 413),
        (lambda s, url: s.create(3, b"1234"), 413),
        (lambda s, url: s.create(5, team="123456"), 404),
        (lambda s, url: s.create(5, team="x"), 404),
    ],
)
def test_what_the_protocol_forbids_is_refused_and_changes_nothing(
    sender: Sender, ask: Callable[[Sender, str], Any], status: int
) -> None:
    url = sender.begin(100)
    answer = ask(sender, url)
    assert answer.status_code == status, answer.content
    assert answer["Tus-Resumable"] == "1.0.0"
    assert (answer.get("Tus-Version") == "1.0.0") == (status == 412)
    assert sender.head(url)["Upload-Offset"] == "0"
    assert PartialUpload.objects.count() == 1
    assert not Source.objects.exists()


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "md5"])
def test_piece_that_fits_its_checksum_is_kept(sender: Sender, algorithm: str) -> None:
    url = sender.begin(100)
    digest = b64encode(hashlib.new(algorithm, b"abc").digest()).decode()
    assert sender.patch(url, 0, b"abd", Upload_Checksum=f"{algorithm} {digest}").status_code == 460
    assert sender.head(url)["Upload-Offset"] == "0"
    assert sender.patch(url, 0, b"abc", Upload_Checksum=f"{algorithm} {digest}").status_code == 204
    assert pieces.path_of(row(url)).read_bytes() == b"abc"


def test_metadata_name_the_file_and_its_kind() -> None:
    assert metadata_in("") == {}
    assert metadata_in("is_confidential,filename d29ybGQ=") == {"is_confidential": "", "filename": "world"}
    assert name_in({"filename": "C:\\clips\\wa\0lk.mp4"}) == "walk.mp4"
    assert kind_in({"filename": "Mira.HEIC"}) == "character"
    assert kind_in({"filename": "x", "filetype": "video/quicktime"}) == "motion"
    assert kind_in({"filename": "walk.mp4", "kind": "sound"}) == kind_in({"filename": "x"}) == ""


def test_unusable_file_gets_the_sentence_of_the_form_again_and_again(sender: Sender, team: Team) -> None:
    by_form = sender.client.post(
        reverse("uploads.add"),
        {"team": team.pk, "kind": "motion", "file": upload("x.mp4", b"words " * 99)},
        headers={"HX-Request": "true"},
    )
    url = sender.begin(594, filename="x.mp4")
    answer = sender.patch(url, 0, b"words " * 99)
    assert answer.status_code == 422
    assert answer.content.decode() in text_of(by_form)
    assert sender.patch(url, 594, b"").content == answer.content
    assert sender.head(url)["Upload-Offset"] == "594"
    slot = sender.client.post(
        reverse("uploads.add"), {"team": team.pk, "part": row(url).pk}, headers={"HX-Request": "true"}
    )
    assert slot.status_code == 422
    assert answer.content.decode() in text_of(slot)
    assert not pieces.path_of(row(url)).exists()
    assert not Source.objects.exists()


def test_page_gets_the_slot_of_what_came_in_pieces(sender: Sender, team: Team) -> None:
    ask = {"team": team.pk, "part": ""}
    url = sender.begin(len(CLIP))
    ask["part"] = str(row(url).pk)
    half = sender.client.post(reverse("uploads.add"), ask, headers={"HX-Request": "true"})
    assert (half.status_code, "has not arrived yet" in text_of(half)) == (422, True)
    sender.patch(url, 0, CLIP)
    for _ in range(2):
        slot = sender.client.post(reverse("uploads.add"), ask, headers={"HX-Request": "true"})
        assert slot.status_code == 201
        assert f'name="motion" value="{Source.objects.get().pk}"' in slot.content.decode()
    for part in ("nonsense", "6f0cd0a4-2f1d-4b7f-9a39-3a8c4f1f5f3b"):
        assert sender.client.post(reverse("uploads.add"), ask | {"part": part}).status_code == 404


def test_nothing_of_another_person_or_team_is_reached(
    sender: Sender, as_bob: Client, as_charlie: Client, client: Client, team: Team
) -> None:
    url = sender.begin(100)
    for stranger, status in ((as_bob, 404), (as_charlie, 404), (Client(), 401)):
        other = Sender(stranger)
        assert other.head(url).status_code == status
        assert other.patch(url, 0, b"x").status_code == status
        assert other.send("DELETE", url).status_code == status
    assert Sender(as_charlie).create(5, team=str(team.pk)).status_code == 404
    assert Sender(Client()).create(5).status_code == 401
    assert sender.head(url)["Upload-Offset"] == "0"
    assert PartialUpload.objects.count() == 1


def test_rights_are_asked_with_every_request(
    sender: Sender, team: Team, alice: User, as_bob: Client, bob: User
) -> None:
    mine = Sender(as_bob)
    url = mine.begin(100)
    assert mine.patch(url, 0, b"x").status_code == 204
    Membership.objects.filter(user=bob).update(role="viewer")
    assert mine.patch(url, 1, b"x").status_code == 404
    Membership.objects.filter(user=bob).delete()
    assert mine.head(url).status_code == 404
    Membership.objects.create(user=bob, team=team, role="creator")
    as_bob.logout()
    assert mine.head(url).status_code == mine.patch(url, 1, b"x").status_code == 401
    as_bob.force_login(bob)
    assert mine.head(url)["Upload-Offset"] == "1"


def test_forms_of_other_sites_send_no_piece(alice: User, team: Team) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    assert Sender(strict).create(5).status_code == 403
    assert not PartialUpload.objects.exists()


def test_token_sends_pieces_for_its_team(client: Client, team: Team, bob: User, alice: User) -> None:
    mine = Membership.objects.get(user=bob, team=team)
    making, reading = (create_token(mine, "ci", scope).secret for scope in ("make", "read"))
    sender = Sender(client, "/api/v1/uploads/parts/", Authorization=f"Bearer {making}")
    url = sender.begin(len(CLIP))
    assert "/api/v1/uploads/parts/" in url
    assert sender.patch(url, 3, b"x").json()["status"] == 409
    assert sender.patch(url, 0, b"x", Upload_Checksum=f"sha1 {b64encode(bytes(20)).decode()}").json()["status"] == 460
    done = sender.patch(url, 0, CLIP)
    assert done[UPLOAD] == str(Source.objects.get(person=bob, team=team).pk)
    for wrong, status in ((f"Bearer {reading}", 403), ("Bearer wan_nonsense", 401), ("-", 401)):
        sender.headers["Authorization"] = wrong
        refused = sender.create(5)
        assert (refused.status_code, refused["Content-Type"]) == (status, "application/problem+json")
        assert sender.head(url).status_code == status


def test_pieces_do_not_count_as_calls_of_a_token(client: Client, team: Team, bob: User, settings: Any) -> None:
    settings.API_CALLS_A_MINUTE = 2
    secret = create_token(Membership.objects.get(user=bob, team=team), "ci", "make").secret
    sender = Sender(client, "/api/v1/uploads/parts/", Authorization=f"Bearer {secret}")
    url = sender.begin(100)
    assert [sender.patch(url, at, b"x").status_code for at in range(10)] == [204] * 10
    sender.begin(100)
    answer = sender.create(100)
    assert (answer.status_code, int(answer["Retry-After"]) > 0) == (429, True)


def test_one_request_at_a_time_writes(sender: Sender) -> None:
    url = sender.begin(100)
    with pieces.opened(row(url)):
        assert sender.patch(url, 0, b"x").status_code == 423
        assert sender.send("DELETE", url).status_code == 423
    assert sender.patch(url, 0, b"x").status_code == 204


def test_stopped_upload_leaves_nothing(sender: Sender) -> None:
    url = sender.begin(100)
    sender.patch(url, 0, b"x")
    path = pieces.path_of(row(url))
    assert sender.send("DELETE", url).status_code == 204
    assert not path.exists()
    assert sender.head(url).status_code == sender.patch(url, 1, b"x").status_code == 404


def test_what_it_has_become_stays_when_it_is_stopped(sender: Sender) -> None:
    url = sender.begin(len(CLIP))
    sender.patch(url, 0, CLIP)
    assert sender.send("DELETE", url).status_code == 204
    assert is_clip(Source.objects.get())


def test_abandoned_pieces_are_gone_after_a_day(sender: Sender) -> None:
    url = sender.begin(100)
    answer = sender.patch(url, 0, b"x")
    path = pieces.path_of(row(url))
    old = path.stat().st_mtime - pieces.KEPT_S - 1
    assert parse_http_date(answer["Upload-Expires"]) == int(path.stat().st_mtime + pieces.KEPT_S)
    os.utime(path, (old, old))
    assert sender.head(url).status_code == sender.patch(url, 1, b"x").status_code == 410
    assert pieces.forget_old() == 0
    PartialUpload.objects.update(created_at=Now() - timedelta(days=2))
    path.unlink()
    assert pieces.forget_old() == 1


def test_upload_that_goes_on_for_days_is_not_forgotten(sender: Sender) -> None:
    url = sender.begin(100)
    PartialUpload.objects.update(created_at=Now() - timedelta(days=9))
    assert pieces.forget_old() == 0
    assert sender.patch(url, 0, b"x").status_code == 204


def test_beginning_of_a_piece_is_kept_where_the_studio_died_while_it_wrote(sender: Sender) -> None:
    url = sender.begin(len(CLIP))
    pieces.path_of(row(url)).write_bytes(CLIP[:1234])
    assert sender.head(url)["Upload-Offset"] == "1234"
    assert sender.patch(url, 0, CLIP).status_code == 409
    assert sender.patch(url, 1234, CLIP[1234:]).status_code == 204
    assert is_clip(Source.objects.get())


class Killed(BaseException):
    """The process ends here."""


def _killed(*args: object, **more: object) -> None:
    raise Killed


# GPS in the file, so that what is kept differs from what was sent.
PLACE = CLIP + b"\0\0\0\x1cuuid+48.8583+002.2944/\0\0"


@pytest.mark.parametrize(
    ("where", "what"),
    [
        (pieces, "keep_fingerprint"),
        (verbs, "_add"),
        (verbs, "find_same"),
        (pieces, "end"),
    ],
)
def test_killed_between_its_last_byte_and_its_row_it_is_one_upload_in_the_end(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, where: Any, what: str
) -> None:
    url = sender.begin(len(PLACE))
    with monkeypatch.context() as patched:
        patched.setattr(where, what, _killed)
        with pytest.raises(Killed):
            sender.patch(url, 0, PLACE)
    answer = sender.head(url)
    assert answer["Upload-Offset"] == str(len(PLACE))
    source = Source.objects.get()
    assert answer[UPLOAD] == str(source.pk)
    assert source.fingerprint == hashlib.sha256(PLACE).hexdigest()
    kept = source.file.read()
    assert (len(kept), b"+48.8583" in kept) == (len(PLACE), False)
    assert Activity.objects.filter(act="upload.added").count() == 1
    path = pieces.path_of(row(url))
    assert not path.exists()
    assert not path.with_suffix(".twin").exists()


def wait_for_hashes() -> None:
    running_hashes._beside.submit(lambda: None).result()


class FullDisk:
    """A file on a disk that takes the beginning of what is written."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, data: bytes) -> int:
        self._file.write(data[:1])
        self._file.flush()
        raise OSError(28, "No space left on device")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def test_full_disk_keeps_what_was_there(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    url = sender.begin(100)
    sender.patch(url, 0, b"abc")

    @contextmanager
    def full(upload: PartialUpload) -> Iterator[FullDisk]:
        with opened(upload) as file:
            yield FullDisk(file)

    opened = pieces.opened
    with monkeypatch.context() as patched:
        patched.setattr(pieces, "opened", full)
        answer = sender.patch(url, 3, b"def")
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert "disk is full" in answer.content.decode()
    assert sender.head(url)["Upload-Offset"] == "3"


def test_what_was_promised_and_cannot_be_kept_is_gone_and_begun_anew(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = sender.begin(100)

    def broken(number: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fdatasync", broken)
        # The disk can be quicker than the answer.
        assert sender.patch(url, 0, b"abc").status_code in (204, 410)
        wait_for_hashes()
    assert sender.patch(url, 3, b"def").status_code == 410
    assert sender.head(url).status_code == 410


def test_no_row_is_written_before_all_of_the_file_is_on_the_disk(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = sender.begin(len(CLIP))
    sender.patch(url, 0, CLIP[:1000])
    wait_for_hashes()
    synced: list[int] = []

    def sync(number: int) -> None:
        assert not Source.objects.exists()
        synced.append(os.fstat(number).st_size)

    monkeypatch.setattr(os, "fdatasync", sync)
    assert sender.patch(url, 1000, CLIP[1000:]).status_code == 204
    assert Source.objects.exists()
    assert synced
    assert set(synced) == {len(CLIP)}


def test_hash_reads_each_byte_once(tmp_path: Path) -> None:
    path, key = tmp_path / "clip", uuid4()
    path.write_bytes(b"first piece")
    running_hashes.follow(key, path, 11)
    wait_for_hashes()
    # What was read is not looked at again.
    path.write_bytes(b"-----------, and the second")
    whole = hashlib.sha256(b"first piece, and the second").hexdigest()
    assert running_hashes.digest(key, path, 27) == whole


@pytest.mark.parametrize("kept", [0, 1, running_hashes.MAX_KEPT])
def test_hash_is_right_in_a_process_that_has_not_seen_all_pieces(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr(running_hashes, "MAX_KEPT", kept)
    url, other = sender.begin(len(CLIP)), sender.begin(100)
    for at in range(0, len(CLIP), 1 << 20):
        sender.patch(url, at, CLIP[at : at + (1 << 20)])
        sender.patch(other, 0, b"more")
    assert Source.objects.get().fingerprint == hashlib.sha256(CLIP).hexdigest()


def test_what_the_disk_has_no_room_for_is_not_begun(sender: Sender, settings: Any) -> None:
    settings.MIN_FREE_BYTES = 1 << 60
    assert sender.create(100).status_code == 503
    assert not PartialUpload.objects.exists()


def test_uploads_that_are_never_continued_are_limited(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "MAX_UNFINISHED", 2)
    first = sender.begin(100)
    sender.begin(100)
    assert sender.create(100).status_code == 429
    sender.send("DELETE", first)
    assert sender.create(100).status_code == 201


def test_picture_in_pieces_is_cleaned_like_any_other(sender: Sender) -> None:
    data = png()
    url = sender.begin(len(data), filename="mira.png", kind="character")
    assert sender.patch(url, 0, data).status_code == 204
    assert Source.objects.get().format == "PNG"
