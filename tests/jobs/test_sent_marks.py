"""Marks of what was sent: a database that lacks it sends nothing, also when it is put back under a running worker."""

import json
import socket
from pathlib import Path
from threading import Event

import pytest
from pytest_django import Settings

from tests.fake_apixo import FakeApixo
from tests.provider.scripted import reset
from tests.worker_fixtures import MakeJob
from tests.worker_steps import fresh, running, step
from wanstudio.jobs import sent_marks
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.history import FairShare
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.money.models import BalanceReading
from wanstudio.teams.models import Team


@pytest.fixture(autouse=True)
def file(settings: Settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path / "sent.json"


def put_back(job: Job) -> None:
    """The database is a copy from before this job was sent."""
    BalanceReading.objects.all().delete()
    job.submissions.all().delete()
    FairShare.objects.all().delete()
    Job.objects.filter(pk=job.pk).update(state=State.QUEUED, task_id="")


def test_job_of_a_database_that_was_put_back_is_not_sent(job: Job, apixo: FakeApixo) -> None:
    running(job)
    assert not sent_marks.put_back()
    put_back(job)
    assert sent_marks.put_back()
    again = step(job)
    assert (again.state, len(apixo.posts)) == (State.QUEUED, 1)
    assert again.problem.startswith("The database was replaced by hand")
    assert not Attempt.objects.exists()


def test_swap_between_the_attempt_and_its_first_byte_sends_nothing(
    make_job: MakeJob, apixo: FakeApixo, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = make_job(), make_job()
    running(first)
    looks = iter([False, True, True])
    monkeypatch.setattr(sent_marks, "put_back", lambda: next(looks))
    assert step(second).state == State.QUEUED
    assert [attempt.outcome for attempt in second.submissions.all()] == ["not_sent"]
    assert len(apixo.posts) == 1


def test_mark_is_on_the_disk_before_the_first_byte(job: Job, apixo: FakeApixo, file: Path) -> None:
    seen: list[str] = []

    def look(line: socket.socket, over: Event) -> None:
        seen.append(file.read_text())
        reset(line, over)

    apixo.on_post(look)
    step(job)
    (attempt,) = Attempt.objects.all()
    assert list(json.loads(seen[0]).values()) == [{"apixo": [attempt.pk, str(job.nonce)]}]


def test_without_a_mark_nothing_is_sent(job: Job, apixo: FakeApixo, file: Path) -> None:
    file.symlink_to("/dev/full")
    blocked = step(job)
    assert (blocked.state, apixo.posts) == (State.QUEUED, [])
    assert "Nothing was sent" in blocked.problem


def test_slower_thread_does_not_take_a_mark_back(make_job: MakeJob, file: Path) -> None:
    first, second = running(make_job()), running(make_job())
    before = file.read_text()
    sent_marks.note(first.submissions.get())
    assert file.read_text() == before
    put_back(second)
    assert sent_marks.put_back()


def test_new_folder_and_other_studio_have_nothing_to_compare(job: Job, file: Path) -> None:
    running(job)
    put_back(job)
    born = Team.objects.get().created_at
    Team.objects.update(created_at=born.replace(year=2001))
    assert not sent_marks.put_back()
    Team.objects.update(created_at=born)
    assert sent_marks.put_back()
    file.unlink()
    assert not sent_marks.put_back()


def test_marks_that_cannot_be_read_count_as_put_back(job: Job, file: Path) -> None:
    running(job)
    studio, *_ = json.loads(file.read_text())
    for unreadable in (file.read_text()[:-3], "[]", json.dumps({studio: {"apixo": [10**30, "nonce"]}})):
        file.write_text(unreadable)
        assert sent_marks.put_back()
    sent_marks.start_anew()
    assert not sent_marks.put_back()


def test_machine_that_sends_nothing_knows_what_others_have_sent(
    job: Job, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its data folder is its own, against the README: it looks at the database every 5 s."""
    running(job)
    file.unlink()
    monkeypatch.setattr(sent_marks, "_noted_at", float("-inf"))
    sent_marks.note_newest()
    put_back(fresh(job))
    monkeypatch.setattr(sent_marks, "_noted_at", float("-inf"))
    sent_marks.note_newest()
    assert sent_marks.put_back()
