"""The last look before money is spent: what is sent must be what was priced."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from pytest_django import Settings

from tests import factories
from tests.fake_apixo import FakeApixo
from tests.media.clips import clip
from tests.pictures import picture
from tests.provider.scripted import Move, answer, reset
from tests.worker_fixtures import MakeJob
from tests.worker_steps import rests, running, step, wait_s
from wanstudio.accounts.models import User
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.media import isolated
from wanstudio.money.models import Money
from wanstudio.teams.models import Team
from wanstudio.uploads import verbs as source_verbs
from wanstudio.uploads.models import Facts, Source


@pytest.fixture
def old(make_job: MakeJob, apixo: FakeApixo, film: bytes) -> Job:
    """A job whose links were read eleven minutes ago, and lead to what they led to then."""
    apixo.files["/inputs/walk.mp4"] = film
    apixo.files["/inputs/mira.png"] = picture("PNG")
    job = make_job(seconds=2.0)
    Source.objects.update(probed_at=Now() - timedelta(minutes=11))
    return job


def test_fresh_links_are_not_read_again(make_job: MakeJob, apixo: FakeApixo) -> None:
    running(make_job())
    assert apixo.fetched == []


def test_old_links_are_read_again_once(old: Job, apixo: FakeApixo) -> None:
    running(old)
    assert set(apixo.fetched) == {"/inputs/walk.mp4", "/inputs/mira.png"}
    assert not old.motion.is_older_than(timedelta(minutes=10))


def test_uploads_are_not_read_again(apixo: FakeApixo, team: Team, alice: User) -> None:
    job = factories.job(team, alice, provider="apixo")
    Source.objects.update(probed_at=Now() - timedelta(days=1))
    running(job)
    body = apixo.posts[0].body["input"]
    assert "/files/" in body["image_urls"][0]
    assert body["video_urls"][0].endswith("/motion.mp4")
    assert apixo.fetched == []


CHANGES: dict[str, tuple[str, Callable[[], Move | bytes], str]] = {
    "another length": ("/inputs/walk.mp4", lambda: clip(3.0), "changed from 2.0 s to 3.0 s"),
    "another type": ("/inputs/walk.mp4", lambda: clip(2.0, container="mov"), "changed from mp4 to mov"),
    "another picture type": ("/inputs/mira.png", lambda: picture("JPEG"), "changed from PNG to JPEG"),
    "a web page": ("/inputs/walk.mp4", lambda: b"<!doctype html><p>Sign in</p>", "no longer works"),
    "gone": ("/inputs/walk.mp4", lambda: answer(404), "no longer works"),
    "unreachable": ("/inputs/walk.mp4", lambda: reset, "no longer works"),
    "empty": ("/inputs/mira.png", lambda: b"", "no longer works"),
}


@pytest.mark.parametrize("how", CHANGES)
def test_changed_and_not_sent(old: Job, apixo: FakeApixo, how: str) -> None:
    path, change, sentence = CHANGES[how]
    changed = change()
    if isinstance(changed, bytes):
        apixo.files[path] = changed
    else:
        apixo.on_file(answer(200, apixo.files["/inputs/mira.png"]), changed)
    job = step(old)
    assert (job.state, job.money, job.failure) == (State.FAILED, Money.RELEASED, "INPUT_CHANGED")
    assert sentence in job.failure_message
    assert "Nothing was sent" in job.failure_message
    assert job.submissions.count() == 0
    assert apixo.posts == []
    assert rests(job)


def test_what_was_learned_prices_the_next_click(old: Job, apixo: FakeApixo) -> None:
    apixo.files["/inputs/walk.mp4"] = clip(3.0)
    step(old)
    assert Source.objects.get(pk=old.motion_id).duration == pytest.approx(3.0)


def test_relearned_by_another_click_meanwhile(make_job: MakeJob, apixo: FakeApixo) -> None:
    job = make_job()
    source_verbs.learn(job.motion, Facts("mp4", 720, 1280, duration=20.0))
    job = step(job)
    assert (job.state, apixo.posts) == (State.FAILED, [])
    assert "from 14.2 s to 20.0 s" in job.failure_message


def test_too_many_links_at_once_only_holds_it_back(old: Job, apixo: FakeApixo, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched, ExitStack() as held:
        patched.setattr(isolated, "WAIT_S", 0.01)
        for _ in range(isolated.DECODING.slots):
            held.enter_context(isolated._slot(f"{isolated.DECODING.module}-link", isolated.DECODING))
        job = step(old)
    assert (job.state, job.money) == (State.QUEUED, Money.RESERVED)
    assert job.problem
    assert 5 < wait_s(job) <= 10
    running(job)


def test_a_held_back_job_does_not_read_its_links(old: Job, apixo: FakeApixo, settings: Settings) -> None:
    settings.MIN_FREE_BYTES = 10**18
    assert step(old).state == State.QUEUED
    assert apixo.fetched == []


@pytest.mark.usefixtures("unreachable")
def test_an_upload_that_cannot_be_fetched_is_refused(apixo: FakeApixo, team: Team, alice: User) -> None:
    job = step(factories.job(team, alice, provider="apixo"))
    assert (job.state, job.money) == (State.FAILED, Money.RELEASED)
    assert "cannot reach this studio" in job.failure_message
    assert apixo.posts == []
