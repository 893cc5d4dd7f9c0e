"""Bringing a result home: whatever is wrong with it is retried and never shown, until its 24 hours are over."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest
from django.conf import settings
from django.core.files.storage import default_storage

from tests.fake_apixo import HTML, FakeApixo, refusal
from tests.media.clips import FASTSTART, clip
from tests.provider.scripted import Move, answer, close, hang, raw, reset
from tests.worker_fixtures import MakeJob
from tests.worker_steps import died, fresh, later, rests, running, states, step, wait_s, woken
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.media.pictures.placeholders import placeholder_of
from wanstudio.money.models import Money
from wanstudio.videos import steps as archive
from wanstudio.videos.models import Video
from wanstudio.work.advance import advance


def with_length(length: int, body: bytes) -> Move:
    return raw(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: %d\r\n\r\n" % length + body)


BAD_RESULTS: dict[str, Callable[[bytes], Move]] = {
    "0 bytes": lambda film: answer(200, b""),
    "a web page": lambda film: answer(200, HTML, {"Content-Type": "video/mp4"}),
    "no video": lambda film: answer(200, b"\x00" * 5000),
    "cut short of its length": lambda film: with_length(len(film), film[:-100]),
    "a length that lies the other way": lambda film: with_length(len(film) // 2, film),
    "cut off without a length": lambda film: raw(b"HTTP/1.1 200 OK\r\n\r\n" + film[: len(film) // 2]),
    "sound only": lambda film: answer(200, clip(1.0, video=False, audio=True)),
    "reset": lambda film: reset,
    "closed": lambda film: close,
    "500": lambda film: answer(500),
    "429": lambda film: answer(429),
    "403": lambda film: answer(403),
    "404": lambda film: answer(404),
    "410": lambda film: answer(410),
    "a redirect to somewhere private": lambda film: answer(302, b"", {"Location": "http://127.0.0.1:9/v.mp4"}),
    "a redirect in circles": lambda film: answer(302, b"", {"Location": "/results/round.mp4"}),
}


@pytest.fixture
def archiving(job: Job, apixo: FakeApixo, film: bytes) -> Job:
    """A job whose one result is good."""
    job = running(job)
    apixo.succeed(job.task_id, film)
    return step(job)


def test_result_is_archived_and_verified(archiving: Job, film: bytes) -> None:
    job = step(archiving)
    assert (job.state, job.money, job.problem) == (State.DONE, Money.SETTLED, "")
    assert states(job) == ["queued", "submitting", "running", "archiving", "done"]
    assert job.ended_at
    assert rests(job)
    video = Video.objects.get()
    assert job.video == video
    assert (video.position, video.size_bytes) == (0, len(film))
    assert (video.width, video.height) == (64, 48)
    assert video.duration == pytest.approx(2, abs=0.11)
    with video.file.open() as stored:
        assert hashlib.sha256(stored.read()).hexdigest() == video.sha256 == hashlib.sha256(film).hexdigest()
    assert os.stat(video.file.path).st_mode & 0o077 == 0
    with video.poster.open() as poster:
        assert (head := poster.read(500))[:2] == b"\xff\xd8"
        assert video.placeholder == placeholder_of(head) != ""
    assert drafts() == []


@pytest.fixture(autouse=True)
def _no_drafts_before() -> None:
    """Tests of crashes leave half-written files on purpose, for the sweep."""
    for draft in drafts():
        draft.unlink()


def drafts() -> list[Path]:
    return list(settings.FILE_UPLOAD_TEMP_DIR.iterdir())


def stored() -> int:
    """How many files of videos lie in the storage."""
    return sum(len(files) for _, _, files in os.walk(default_storage.path("videos")))


@pytest.mark.parametrize("how", BAD_RESULTS)
def test_bad_result_is_never_done(archiving: Job, apixo: FakeApixo, film: bytes, how: str) -> None:
    apixo.on_file(BAD_RESULTS[how](film), always=True)
    before = stored()
    job = archiving
    for setbacks in (1, 2):
        job = step(job)
        assert (job.state, job.money, job.setbacks) == (State.ARCHIVING, Money.SETTLED, setbacks)
        assert 5.5 * 2 ** (setbacks - 1) - 1 < wait_s(job) <= 10 * 2 ** (setbacks - 1)
    assert "could not be saved yet" in job.problem
    assert "It was charged" in job.problem
    assert (Video.objects.count(), drafts(), stored()) == (0, [], before)
    apixo.behave()
    assert step(job).state == State.DONE


@pytest.mark.parametrize("status", [403, 404, 410])
def test_expired_result_link_is_renewed(archiving: Job, apixo: FakeApixo, film: bytes, status: int) -> None:
    apixo.on_file(answer(status), answer(status))
    job = step(archiving)
    assert len(apixo.polls) == 1, "it was asked a moment ago"
    old = job.result_urls
    apixo.files["/fresh.mp4"] = film
    apixo.tasks[job.task_id]["resultJson"] = f'{{"resultUrls":["http://{apixo.host}/fresh.mp4"]}}'
    job = step(job)
    assert len(apixo.polls) == 2
    assert job.result_urls != old
    assert step(job).state == State.DONE
    assert apixo.fetched[-1] == "/fresh.mp4"


def test_archiving_goes_on_without_a_fresh_link(archiving: Job, apixo: FakeApixo) -> None:
    apixo.on_file(*[answer(403)] * 3)
    apixo.on_status(refusal(503), refusal(404))
    job, urls = archiving, archiving.result_urls
    for _ in range(3):
        job = step(job)
    assert (job.state, job.result_urls) == (State.ARCHIVING, urls)
    assert step(job).state == State.DONE


def test_silent_server_is_cut(archiving: Job, apixo: FakeApixo, monkeypatch: pytest.MonkeyPatch, film: bytes) -> None:
    def half_and_silence(line: Any, over: Any) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + film[:1000])
        hang(line, over)

    with monkeypatch.context() as patched:
        patched.setattr(archive, "DOWNLOAD_S", 0.3)
        apixo.on_file(half_and_silence)
        job = step(archiving)
    # It can have been cut before the server met it with this.
    apixo.behave()
    assert (job.state, job.setbacks) == (State.ARCHIVING, 1)
    assert step(job).state == State.DONE


def test_result_on_a_private_host_is_not_fetched(job: Job, apixo: FakeApixo) -> None:
    job = running(job)
    apixo.tasks[job.task_id] |= {"state": "success", "resultJson": '{"resultUrls":["http://127.0.0.1:9/v.mp4"]}'}
    job = step(step(job))
    assert (job.state, job.setbacks, apixo.fetched) == (State.ARCHIVING, 1, [])


def test_all_results_of_a_job_are_archived(job: Job, apixo: FakeApixo, film: bytes) -> None:
    second = clip(1.0, options=FASTSTART, size=(48, 64))
    job = running(job)
    apixo.succeed(job.task_id, film, second)
    job = step(job)
    # The second fails at first: the first is not fetched again.
    apixo.on_file(answer(200, film), reset)
    job = step(job)
    assert (job.state, job.videos.count()) == (State.ARCHIVING, 1)
    job = step(job)
    assert job.state == State.DONE
    assert job.video == job.videos.get(position=0)
    assert list(job.videos.order_by("position").values_list("width", "height")) == [(64, 48), (48, 64)]
    assert [path[-5:] for path in apixo.fetched] == ["0.mp4", "1.mp4", "1.mp4"]


def test_result_is_lost_after_a_day(archiving: Job, apixo: FakeApixo) -> None:
    apixo.on_file(answer(500), always=True)
    job = later(archiving, hours=23, minutes=55)
    for _ in range(3):
        job = step(job)
        assert job.state == State.ARCHIVING
    job = step(later(job, minutes=10))
    assert (job.state, job.failure, job.money) == (State.FAILED, "RESULT_LOST", Money.SETTLED)
    assert job.failure_message
    assert rests(job)


def test_fresh_link_is_asked_before_a_late_result_is_given_up(archiving: Job, apixo: FakeApixo, film: bytes) -> None:
    apixo.on_file(answer(403), answer(403))
    apixo.files["/fresh.mp4"] = film
    apixo.tasks[archiving.task_id]["resultJson"] = f'{{"resultUrls":["http://{apixo.host}/fresh.mp4"]}}'
    job = step(step(later(archiving, hours=25)))
    assert (job.state, job.is_lost) == (State.ARCHIVING, True)
    assert step(job).state == State.DONE


def test_late_result_still_there_is_archived(archiving: Job) -> None:
    assert step(later(archiving, hours=30)).state == State.DONE


def test_failing_storage_is_retried(archiving: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    before = stored()
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        job = step(archiving)
    assert (job.state, job.setbacks) == (State.ARCHIVING, 1)
    assert "No space left on device" in job.problem
    assert (drafts(), stored()) == ([], before)
    assert step(job).state == State.DONE


def test_files_of_a_failed_row_are_deleted(archiving: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("the database is gone")

    before = stored()
    with monkeypatch.context() as patched:
        patched.setattr(Video, "save", broken)
        job = step(archiving)
    assert (job.state, drafts(), stored()) == (State.ARCHIVING, [], before)
    assert step(job).state == State.DONE


def test_worker_without_lease_stores_nothing(
    archiving: Job, apixo: FakeApixo, film: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    def outlive(line: Any, over: Any) -> None:
        died(archiving)
        assert advance(Job, archiving.pk)
        answer(200, film)(line, over)

    before = stored()
    apixo.on_file(outlive)
    job = step(archiving)
    assert (job.state, job.videos.count(), stored()) == (State.DONE, 1, before + 2)
    assert states(job).count("done") == 1
    assert "step failed" not in caplog.text, "it noticed by itself"


def test_crash_after_the_row_is_finished_by_the_next_step(archiving: Job, apixo: FakeApixo) -> None:
    claimed = Job.claim(archiving.pk)
    assert claimed
    archive._archive(claimed, 0, claimed.result_urls[0])
    died(archiving)
    assert step(archiving).state == State.DONE
    assert len(apixo.fetched) == 1


def test_nudges_do_not_disturb_archiving(archiving: Job, apixo: FakeApixo) -> None:
    apixo.on_file(answer(500))
    step(archiving)
    archiving.nudge()
    job = woken(archiving)
    assert job.state == State.DONE
    job.nudge()
    assert woken(job).state == State.DONE
    assert rests(job)


def test_archived_file_is_served_in_ranges(archiving: Job) -> None:
    video = step(archiving).video
    assert video
    with av.open(video.file.path) as container:
        assert sum(1 for _ in container.decode(video=0)) == 20


def test_jobs_do_not_share_files(make_job: MakeJob, apixo: FakeApixo, film: bytes) -> None:
    names = set()
    for _ in range(2):
        job = running(make_job())
        apixo.succeed(job.task_id, film)
        video = step(step(job)).video
        assert video
        names |= {video.file.name, video.poster.name}
    assert len(names) == 4
    assert fresh(job).video_id != Video.objects.earliest("pk").pk
