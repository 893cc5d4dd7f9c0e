"""Media in a bucket: nothing is named before the bucket has it, and what is not on this disk is fetched and checked."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from tests.bucket_fixtures import media, use_media
from tests.e2e.person import MIRA
from tests.fake_apixo import FakeApixo
from tests.page_rows import finished
from tests.s3_storage import Refused, Storage
from tests.worker_fixtures import MakeJob
from tests.worker_steps import running, step
from wanstudio.accounts.models import User
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.operations.backups import media_files
from wanstudio.operations.backups.media_files import Reference
from wanstudio.operations.backups.snapshot import Manifest, MediaFile, hash_of
from wanstudio.operations.sweep import MAX_ORPHANS, sweep_media
from wanstudio.storage.bucket import BucketRefused
from wanstudio.storage.bucket_files import BucketFiles
from wanstudio.storage.whole_files import WholeFiles
from wanstudio.teams.models import Team
from wanstudio.uploads.cuts import write_whole
from wanstudio.uploads.models import Source
from wanstudio.videos.models import Video
from wanstudio.videos.verbs import bin_videos, erase_video
from wanstudio.work.outages import cause

__all__ = ["media"]

NAME, BYTES = "videos/1/a.mp4", b"a video" * 1000
Machine = BucketFiles


@pytest.fixture
def first(media: Storage, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    return use_media(settings, monkeypatch, media, tmp_path / "first")


@pytest.fixture
def second(first: Machine, tmp_path: Path) -> Machine:
    """Another machine, with the same bucket and a folder of its own."""
    return BucketFiles(tmp_path / "second")


def stored(files: Machine) -> str:
    return files.save(NAME, ContentFile(BYTES))


def down(method: str, key: str) -> None:
    raise Refused(503, "SlowDown")


def prune(files: Machine) -> None:
    """As a minute after the last time."""
    files.pruned_at = 0
    files.prune()


def here(files: Machine) -> list[str]:
    root = Path(files.location)
    return sorted(str(path.relative_to(root)) for path in root.rglob("*.*"))


def test_file_of_one_machine_is_read_on_another(media: Storage, first: Machine, second: Machine) -> None:
    name = stored(first)
    assert [(asked.method, asked.by) for asked in media.asked] == [("PUT", "key")]
    assert second.exists(name)
    assert second.size(name) == len(BYTES)
    assert here(second) == []
    with second.open(name, "rb") as file:
        assert file.read() == BYTES
    assert Path(second.path(name)).read_bytes() == BYTES
    assert len(media.by("GET")) == 1
    assert Path(second.path(name)).stat().st_mode & 0o777 == 0o600


def test_put_that_fails_leaves_nothing(media: Storage, first: Machine) -> None:
    media.before = down
    with pytest.raises(BucketRefused) as refused:
        stored(first)
    assert refused.value.is_passing
    assert (here(first), media.objects) == ([], {})
    found = cause(refused.value)
    assert found
    assert found.sentence == "The bucket that holds the studio’s videos and files cannot be used."


def test_get_that_fails_leaves_nothing_and_works_later(media: Storage, first: Machine, second: Machine) -> None:
    name = stored(first)
    media.before = down
    for ask in (second.path, second.exists, second.size, second.open):
        with pytest.raises(BucketRefused):
            ask(name)
    assert here(second) == []
    media.before = lambda method, key: None
    assert Path(second.path(name)).read_bytes() == BYTES


@pytest.mark.parametrize("change", [lambda body: body[:-1], lambda body: body[:-1] + b"!"], ids=["shorter", "another"])
def test_object_that_is_not_what_was_put_is_refused(
    media: Storage, first: Machine, second: Machine, change: "type[bytes]"
) -> None:
    name = stored(first)
    kept = media.objects[f"media/{name}"]
    kept.body = change(kept.body)
    with pytest.raises(BucketRefused, match="is not the one that was put there"):
        second.path(name)
    assert here(second) == []
    # As a tool copied it there, which knows no hash of ours.
    kept.about = {}
    assert Path(second.path(name)).read_bytes() == kept.body


def test_name_that_nobody_knows(media: Storage, first: Machine) -> None:
    assert not first.exists("videos/1/none.mp4")
    assert not Path(first.path("videos/1/none.mp4")).exists()
    for ask in (first.size, first.open):
        with pytest.raises(FileNotFoundError):
            ask("videos/1/none.mp4")
    assert media.by("PUT") == []


def test_of_a_crowd_one_fetches(media: Storage, first: Machine, second: Machine) -> None:
    name, begin = stored(first), Barrier(8)

    def read(_: int) -> bytes:
        begin.wait(60)
        return Path(second.path(name)).read_bytes()

    with ThreadPoolExecutor(8) as crowd:
        assert set(crowd.map(read, range(8))) == {BYTES}
    assert len(media.by("GET")) == 1


def test_cache_keeps_what_was_used_last_and_what_the_bucket_lacks(
    media: Storage, first: Machine, settings: Settings
) -> None:
    names = [first.save(f"videos/1/{number}.mp4", ContentFile(BYTES)) for number in range(6)]
    for age, name in enumerate(reversed(names)):
        os.utime(first.cache.path(name), times=(time.time(), time.time() - 600 * age))
    lacking = names[1]
    del media.objects[f"media/{lacking}"]
    settings.MEDIA_CACHE_BYTES = 3 * len(BYTES)
    prune(first)
    assert here(first) == sorted([lacking, *names[-2:]])
    assert len(media.objects) == 5
    # What was used within five minutes stays, however little there is room for.
    settings.MEDIA_CACHE_BYTES = 1
    first.path(names[-2])
    prune(first)
    assert here(first) == sorted([lacking, *names[-2:]])
    assert Path(first.path(names[0])).read_bytes() == BYTES


def test_file_that_was_not_used_for_days_leaves_the_disk(media: Storage, first: Machine, second: Machine) -> None:
    """Another machine deleted it, perhaps; and so it is read again from the bucket, or gone."""
    name = stored(first)
    second.path(name)
    os.utime(second.cache.path(name), (0, 0))
    prune(second)
    assert here(second) == []


def test_bucket_that_is_away_keeps_the_cache(media: Storage, first: Machine, settings: Settings) -> None:
    name = stored(first)
    os.utime(first.cache.path(name), (0, 0))
    media.before = down
    settings.MEDIA_CACHE_BYTES = 1
    prune(first)
    assert here(first) == [name]


def test_file_is_deleted_from_both(media: Storage, first: Machine) -> None:
    first.delete(stored(first))
    assert (here(first), media.objects) == ([], {})


class Killed(BaseException):
    """What a process leaves that ends here."""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("put", ["before", "after"])
def test_killed_worker_leaves_no_video_that_is_not_in_the_bucket(
    media: Storage,
    first: Machine,
    make_job: MakeJob,
    apixo: FakeApixo,
    film: bytes,
    monkeypatch: pytest.MonkeyPatch,
    put: str,
) -> None:
    job = running(make_job())
    apixo.succeed(apixo.made[0], film)
    job = step(job)
    assert job.state == State.ARCHIVING
    really = BucketFiles.put

    def killed(self: BucketFiles, name: str, file: Path) -> None:
        if put == "after":
            really(self, name, file)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(BucketFiles, "put", killed)
        with pytest.raises(Killed):
            step(job)
    assert (Job.objects.get().state, Video.objects.count()) == (State.ARCHIVING, 0)
    Job.objects.update(lease_until=None, lease_token=None)
    job = step(job)
    assert job.state == State.DONE
    video = Video.objects.get()
    assert media.objects[f"media/{video.file.name}"].body == film
    assert f"media/{video.poster.name}" in media.objects


@pytest.mark.django_db(transaction=True)
def test_bucket_that_refuses_keeps_a_result_in_archiving(
    media: Storage, first: Machine, make_job: MakeJob, apixo: FakeApixo, film: bytes
) -> None:
    job = running(make_job())
    apixo.succeed(apixo.made[0], film)
    job, media.before = step(job), down
    job = step(job)
    assert (job.state, Video.objects.count(), here(first)) == (State.ARCHIVING, 0, [])
    assert "The studio's storage failed: 127.0.0.1" in job.problem
    media.before = lambda method, key: None
    assert step(job).state == State.DONE


@pytest.mark.django_db(transaction=True)
def test_upload_is_refused_while_the_bucket_is(media: Storage, team: Team, as_alice: Client) -> None:
    def send() -> int:
        file = SimpleUploadedFile("mira.png", MIRA.read_bytes(), "image/png")
        as_alice.raise_request_exception = False
        return as_alice.post("/uploads/", {"file": file, "team": team.pk}).status_code

    media.before = down
    assert send() == 503
    assert not Source.objects.exists()
    media.before = lambda method, key: None
    assert send() == 302
    assert {f"media/{Source.objects.get().file.name}", f"media/{Source.objects.get().poster.name}"} == set(
        media.objects
    )


def test_made_file_is_in_the_bucket(media: Storage, first: Machine) -> None:
    def make(draft: Path) -> None:
        draft.write_bytes(BYTES)

    write_whole("cuts/1/a-0-1000.mp4", make)
    assert media.objects["media/cuts/1/a-0-1000.mp4"].body == BYTES
    media.objects["media/cuts/1/a-0-1000.mp4"].at -= timedelta(days=1)
    before = media.objects["media/cuts/1/a-0-1000.mp4"].at
    first.used("cuts/1/a-0-1000.mp4")
    assert media.objects["media/cuts/1/a-0-1000.mp4"].at > before


def test_sweep_removes_what_no_row_names_and_puts_what_is_only_here(
    media: Storage, first: Machine, team: Team, alice: User
) -> None:
    video = finished(team, alice)
    old, young = first.save("videos/1/old.mp4", ContentFile(b"1")), first.save("videos/1/young.mp4", ContentFile(b"2"))
    for key in media.objects:
        media.objects[key].at -= timedelta(hours=23 if young in key else 25)
    # As after the bucket was set for the first time.
    before = set(media.objects)
    del media.objects[f"media/{video.poster.name}"]
    sweep_media()
    assert set(media.objects) == before - {f"media/{old}"}
    assert not first.cache.exists(old)


def test_sweep_of_another_studio_deletes_nothing(media: Storage, first: Machine, team: Team, alice: User) -> None:
    for number in range(MAX_ORPHANS + 1):
        first.save(f"videos/1/{number}.mp4", ContentFile(b"theirs"))
    for each in media.objects.values():
        each.at -= timedelta(days=9)
    sweep_media()
    assert len(media.objects) == MAX_ORPHANS + 1


def test_failed_removal_is_the_sweeps(media: Storage, first: Machine, team: Team, alice: User) -> None:
    video = finished(team, alice)
    gone = {f"media/{video.file.name}", f"media/{video.poster.name}"}
    bin_videos([video], alice)
    media.rights.discard("s3:DeleteObject")
    assert erase_video(video.pk)
    assert gone < set(media.objects)
    media.rights.add("s3:DeleteObject")
    for each in media.objects.values():
        each.at -= timedelta(days=2)
    sweep_media()
    assert media.objects
    assert not gone & set(media.objects)


def test_backup_holds_the_files_and_brings_them_back(
    media: Storage, first: Machine, second: Machine, tmp_path: Path
) -> None:
    name, pool, manifest = stored(first), tmp_path / "pool", Manifest("", "sqlite", [], {}, {})
    first.cache.delete(name)
    (tmp_path / "out").mkdir()
    assert media_files.copy_all([Reference(name, "video 1 file")], pool, tmp_path / "out", {}, manifest) == (1, 0)
    assert (pool / name).read_bytes() == BYTES
    # Not by way of the cache, which is smaller.
    assert here(first) == []
    one = MediaFile(name, len(BYTES), hash_of(pool / name).sha256, "video 1 file")
    puts = len(media.by("PUT"))
    media_files.bring_back(one, pool)
    assert len(media.by("PUT")) == puts
    media.objects.clear()
    media_files.bring_back(one, pool)
    assert Path(second.path(name)).read_bytes() == BYTES


def test_without_the_setting_the_folder_is_the_storage() -> None:
    assert type(storages["default"]) is WholeFiles
