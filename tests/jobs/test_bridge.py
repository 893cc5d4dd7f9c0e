"""The bridge: uploads of a job are in the bucket before its POST, and gone once it has ended."""

import logging
from datetime import timedelta
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from django.core.files.base import ContentFile
from django.db.models import F
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests import factories
from tests.bucket_fixtures import s3
from tests.fake_apixo import FakeApixo, envelope, refusal, taken_but
from tests.media.clips import clip
from tests.provider.scripted import answer, hang
from tests.s3_storage import SECRET, Refused, Storage
from tests.worker_steps import died, fresh, impatient, open_up, running, step, wait_s
from wanstudio.accounts.models import User
from wanstudio.jobs import verbs
from wanstudio.jobs.models.attempt import Attempt
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.jobs.words import describe
from wanstudio.money.models import Money
from wanstudio.money.queries import quote_today
from wanstudio.operations.logs import TextLines
from wanstudio.operations.sweep import sweep_bucket
from wanstudio.storage import bucket
from wanstudio.teams.models import Team
from wanstudio.uploads.bridge import copies
from wanstudio.uploads.bridge.copies import BucketCopy, sweep_orphans
from wanstudio.uploads.models import Source
from wanstudio.uploads.trims import Trim
from wanstudio.work.advance import advance
from wanstudio.work.leases import Stale

__all__ = ["s3"]

PICTURE, FILM = b"a picture of Mira", clip(9, audio=True)
pytestmark = pytest.mark.usefixtures("unreachable", "s3")


@pytest.fixture
def inputs(team: Team, alice: User) -> dict[str, Source]:
    character = factories.character(team, alice, file=ContentFile(PICTURE, "mira.png"))
    motion = factories.motion(team, alice, file=ContentFile(FILM, "walk.mp4"), duration=9.0, fps=10)
    return {"character": character, "motion": motion}


@pytest.fixture
def uploaded(team: Team, alice: User, inputs: dict[str, Source]) -> Job:
    return factories.job(team, alice, provider="apixo", **inputs)


def links(apixo: FakeApixo, post: int = 0) -> list[str]:
    sent: dict[str, Any] = apixo.posts[post].body["input"]
    return [*sent["image_urls"], *sent["video_urls"]]


def tidied() -> None:
    """The worker's own due work for what is in the bucket."""
    for pk in BucketCopy.objects.filter(due_at__lte=Now()).values_list("pk", flat=True):
        assert advance(BucketCopy, pk)


def test_job_of_uploads_is_sent_with_links_into_the_bucket(uploaded: Job, apixo: FakeApixo, s3: Storage) -> None:
    job = running(uploaded)
    (post,) = apixo.posts
    assert post.body["request_type"] == "async"
    assert [requests.get(link, timeout=60).content for link in links(apixo)] == [PICTURE, FILM]
    assert [urlsplit(link).path.rpartition(".")[2] for link in links(apixo)] == ["png", "mp4"]
    assert [urlsplit(link).netloc for link in links(apixo)] == [s3.host] * 2
    assert {stored.kind for stored in s3.objects.values()} == {"image/png", "video/mp4"}
    assert job.money == Money.RESERVED


def test_link_lasts_a_day_and_no_other_works(uploaded: Job, apixo: FakeApixo, s3: Storage) -> None:
    running(uploaded)
    picture, film = links(apixo)
    for changed in (film.replace("Expires=86400", "Expires=99999"), film[:-1] + "0" + film[-1], film.partition("?")[0]):
        assert requests.get(changed, timeout=60).status_code == 403
    other = picture.replace(urlsplit(picture).path, urlsplit(film).path)
    assert requests.get(other, timeout=60).status_code == 403
    assert requests.put(film, data=b"mine", timeout=60).status_code == 403
    s3.clock = timedelta(hours=23)
    assert requests.get(film, timeout=60).status_code == 200
    s3.clock = timedelta(hours=24, minutes=1)
    assert requests.get(film, timeout=60).status_code == 403


@pytest.mark.parametrize("end", ["done", "failed", "cancelled"])
def test_ended_job_leaves_nothing_in_the_bucket(end: str, uploaded: Job, apixo: FakeApixo, s3: Storage) -> None:
    if end == "cancelled":
        apixo.on_post(refusal(429))
        job = step(uploaded)
        assert len(s3.objects) == 2
        verbs.cancel(job)
    elif end == "failed":
        apixo.on_post(refusal(400))
        assert step(uploaded).state == State.FAILED
    else:
        job = running(uploaded)
        apixo.succeed(apixo.made[0], FILM)
        job = step(job)
        tidied()
        assert len(s3.objects) == 2, "it is archived first"
        assert step(job).state == State.DONE
    tidied()
    assert s3.objects == {}
    assert not BucketCopy.objects.exists()


def test_uncertain_job_keeps_its_files_and_a_resend_is_signed_anew(
    uploaded: Job, apixo: FakeApixo, s3: Storage, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    apixo.on_post(taken_but(hang))
    with impatient(settings):
        job = step(uploaded)
    apixo.wait_for(lambda: bool(apixo.posts))
    tidied()
    assert (job.state, len(s3.objects)) == (State.UNCERTAIN, 2)
    first = links(apixo)
    # Another life stands for another second: signed anew, the link differs.
    monkeypatch.setattr("wanstudio.uploads.bridge.copies.FILE_LINK_S", 80_000)
    verbs.send_again(job, seen=job.version)
    running(fresh(job))
    assert set(first).isdisjoint(links(apixo, 1))
    assert [requests.get(link, timeout=60).status_code for link in links(apixo, 1)] == [200, 200]
    assert len(s3.by("PUT")) == 2, "what is there is not put again"


def test_old_copy_is_put_again_before_a_resend(uploaded: Job, apixo: FakeApixo, s3: Storage) -> None:
    apixo.on_post(refusal(429))
    step(uploaded)
    s3.objects.clear()
    BucketCopy.objects.update(put_at=F("put_at") - timedelta(days=1))
    open_up()
    running(uploaded)
    assert [requests.get(link, timeout=60).content for link in links(apixo, 1)] == [PICTURE, FILM]


def test_only_the_part_that_is_used_is_put(
    team: Team, alice: User, inputs: dict[str, Source], apixo: FakeApixo, s3: Storage
) -> None:
    trim = Trim(1.5, 7.7)
    order = factories.order(team, alice, provider="apixo", quote=quote_today(trim.length, "720p"), trim=trim, **inputs)
    running(verbs.accept(order))
    (film,) = (stored.body for stored in s3.objects.values() if stored.kind == "video/mp4")
    assert film[4:8] == b"ftyp"
    assert film != FILM
    assert requests.get(links(apixo)[1], timeout=60).content == film


def test_link_is_sent_as_it_was_given(
    team: Team, alice: User, inputs: dict[str, Source], apixo: FakeApixo, s3: Storage
) -> None:
    url = f"http://{apixo.host}/inputs/walk.mp4"
    motion = factories.motion(team, alice, url=url)
    running(factories.job(team, alice, provider="apixo", character=inputs["character"], motion=motion))
    assert links(apixo)[1] == url
    assert len(s3.objects) == 1


def test_same_file_of_another_job_is_copied_within_the_bucket(
    team: Team, alice: User, inputs: dict[str, Source], apixo: FakeApixo, s3: Storage
) -> None:
    for _ in range(2):
        running(factories.job(team, alice, provider="apixo", **inputs))
    assert [asked.copied for asked in s3.by("PUT")] == [False, False, True, True]
    apixo.fail(apixo.made[0], "GENERATION_FAILED")
    step(Job.objects.earliest("pk"))
    tidied()
    assert len(s3.objects) == 2, "the other job has files of its own"
    assert [requests.get(link, timeout=60).content for link in links(apixo, 1)] == [PICTURE, FILM]


def test_storage_that_cannot_copy_is_sent_it_once_more(
    team: Team, alice: User, inputs: dict[str, Source], apixo: FakeApixo, s3: Storage
) -> None:
    s3.copies = False
    for _ in range(2):
        running(factories.job(team, alice, provider="apixo", **inputs))
    assert [requests.get(link, timeout=60).content for link in links(apixo, 1)] == [PICTURE, FILM]


def test_killed_while_it_is_put_it_is_put_again_and_sent_once(uploaded: Job, apixo: FakeApixo, s3: Storage) -> None:
    reached, go_on = Event(), Event()

    def stop_in_the_middle(method: str, key: str) -> None:
        if method == "PUT" and key.endswith(".mp4") and not reached.is_set():
            reached.set()
            go_on.wait(60)

    s3.before = stop_in_the_middle
    first = Thread(target=advance, args=(Job, uploaded.pk), daemon=True)
    first.start()
    assert reached.wait(60)
    # Its lease runs out, as a killed worker's does, and another one takes over.
    died(uploaded)
    Job.objects.update(due_at=Now() - timedelta(seconds=1))
    assert not Attempt.objects.exists()
    assert advance(Job, uploaded.pk)
    go_on.set()
    first.join(60)
    assert fresh(uploaded).state == State.RUNNING
    assert len(apixo.posts) == 1
    assert BucketCopy.objects.count() == len(s3.objects) == 2


def test_cancelled_while_it_is_put_it_leaves_nothing(uploaded: Job, apixo: FakeApixo, s3: Storage) -> None:
    def cancel(method: str, key: str) -> None:
        if method == "PUT" and key.endswith(".mp4"):
            s3.before = lambda method, key: None
            job = fresh(uploaded)
            verbs.cancel(job)
            tidied()

    s3.before = cancel
    job = step(uploaded)
    tidied()
    assert (job.state, apixo.posts, s3.objects) == (State.CANCELLED, [], {})
    assert not BucketCopy.objects.exists()


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        ("right", "lacks the right s3:PutObject in the bucket wan-uploads"),
        ("secret", "AWS_SECRET_ACCESS_KEY does not belong to AWS_ACCESS_KEY_ID"),
        ("clock", "The clocks differ"),
        ("full", "QuotaExceeded"),
    ],
)
def test_bucket_that_refuses_ends_the_job_before_any_money(
    fault: str, word: str, uploaded: Job, apixo: FakeApixo, s3: Storage
) -> None:
    def refuse(method: str, key: str) -> None:
        raise Refused(403, "QuotaExceeded")

    match fault:
        case "right":
            s3.rights.discard("s3:PutObject")
        case "secret":
            s3.secret = "another"
        case "clock":
            s3.clock = timedelta(minutes=-20)
        case _:
            s3.before = refuse
    job = step(uploaded)
    assert (job.state, job.money, apixo.posts) == (State.FAILED, Money.RELEASED, [])
    assert word in describe(job).sentence
    assert "Nothing was sent" in describe(job).sentence
    assert next(each.label for each in describe(job).steps) == "Check the settings"


def test_bucket_that_is_away_lets_the_job_wait(uploaded: Job, apixo: FakeApixo, s3: Storage) -> None:
    def away(method: str, key: str) -> None:
        raise Refused(503, "SlowDown")

    s3.before = away
    job = step(uploaded)
    assert (job.state, apixo.posts) == (State.QUEUED, [])
    assert "could not be put in the bucket" in job.problem
    assert wait_s(job) > 30
    s3.before = lambda method, key: None
    assert running(job).problem == ""


def test_failed_removal_is_tried_again(uploaded: Job, apixo: FakeApixo, s3: Storage) -> None:
    apixo.on_post(refusal(400))
    step(uploaded)
    s3.rights.discard("s3:DeleteObject")
    tidied()
    assert len(s3.objects) == 2
    assert all(wait_s(copy) > 60 for copy in BucketCopy.objects.all())
    s3.rights.add("s3:DeleteObject")
    BucketCopy.objects.update(due_at=Now())
    tidied()
    assert s3.objects == {}


def test_sweep_removes_what_no_row_names_and_no_link_can_reach(uploaded: Job, apixo: FakeApixo, s3: Storage) -> None:
    running(uploaded)
    for name in ("old", "older", "young"):
        bucket.put_bytes(f"{copies.own_folder()}{name}", name.encode(), "text/plain")
    bucket.put_bytes("of-another-studio/old", b"old", "text/plain")
    for stored in s3.objects.values():
        stored.at -= timedelta(0) if stored.body == b"young" else timedelta(hours=25)
    assert sweep_orphans() == 2
    assert sorted(stored.body for stored in s3.objects.values()) == sorted([PICTURE, FILM, b"young", b"old"])


def test_sweep_finds_copies_of_jobs_that_ended_while_no_bucket_was_set(
    uploaded: Job, apixo: FakeApixo, s3: Storage, settings: Settings
) -> None:
    running(uploaded)
    here, settings.BUCKET = settings.BUCKET, None
    apixo.fail(apixo.made[0], "GENERATION_FAILED")
    assert step(uploaded).state == State.FAILED
    settings.BUCKET = here
    sweep_bucket()
    tidied()
    assert s3.objects == {}


def test_no_page_log_or_row_has_a_presigned_link(
    uploaded: Job,
    apixo: FakeApixo,
    s3: Storage,
    as_alice: Client,
    caplog: pytest.LogCaptureFixture,
    settings: Settings,
) -> None:
    apixo.on_post(taken_but(hang))
    with caplog.at_level(logging.DEBUG):
        with impatient(settings):
            job = step(uploaded)
        apixo.wait_for(lambda: bool(apixo.posts))
        apixo.tasks[apixo.made[0]] = {}
        apixo.on_post(answer(400, envelope(400, message="cannot fetch " + " ".join(links(apixo)))))
        verbs.send_again(job, seen=job.version)
        job = step(fresh(job))
    assert job.state == State.FAILED
    pages = [reverse("jobs.show", args=[job.pk]), reverse("jobs.curl", args=[job.pk]), reverse("jobs.index")]
    shown = "".join(as_alice.get(page).content.decode() for page in pages)
    kept = repr([*Job.objects.values(), *Attempt.objects.values(), *BucketCopy.objects.values()])
    assert "[secret]" in job.failure_message
    assert "LINK_TO_THE_MOTION" in shown
    signatures = [link.rpartition("=")[2] for link in (*links(apixo), *links(apixo, 1))]
    lines = "".join(TextLines([SECRET]).format(record) for record in caplog.records)
    for text in (shown, kept, lines):
        assert SECRET not in text
        assert not [signature for signature in signatures if signature in text]


def test_file_that_is_not_needed_any_more_is_removed_once_it_is_put(uploaded: Job, s3: Storage) -> None:
    def let_go(method: str, key: str) -> None:
        if method == "PUT":
            BucketCopy.objects.update(due_at=Now())

    s3.before = let_go
    with pytest.raises(Stale):
        copies.put(uploaded.pk, uploaded.character, None)
    assert s3.objects == {}
