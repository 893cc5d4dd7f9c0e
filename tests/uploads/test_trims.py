"""Trims: two times on an order, cut when it is sent; what is sent is what was priced."""

import io
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.fake_apixo import FakeApixo
from tests.media.clips import clip
from tests.page_rows import moved, result
from tests.worker_steps import running, step
from wanstudio.accounts.models import User
from wanstudio.jobs import verbs
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.media import cutting
from wanstudio.media.errors import MediaError, MediaProblem
from wanstudio.media.probe import probe_video
from wanstudio.money.models import Entry, Money
from wanstudio.money.queries import quote_today
from wanstudio.requests import verbs as request_verbs
from wanstudio.requests.models import SpendRequest
from wanstudio.teams.models import Membership, Team
from wanstudio.uploads.models import Source
from wanstudio.uploads.trims import Trim, Whole, trim_of

PART = Trim(1.5, 7.7)


@pytest.fixture
def motion(team: Team, alice: User) -> Source:
    film = clip(9, audio=True)
    return factories.motion(team, alice, file=ContentFile(film, "walk.mp4"), duration=9.0, fps=10)


def trimmed(team: Team, alice: User, motion: Source, trim: Trim = PART, **fields: Any) -> Job:
    quote = quote_today(trim.length, "720p")
    order = factories.order(team, alice, motion=motion, provider="apixo", quote=quote, trim=trim, **fields)
    return verbs.accept(order)


@pytest.mark.parametrize(
    ("start", "end", "trim"),
    [
        (None, None, None),
        (0, 9, None),
        (0, None, None),
        (2, None, Trim(2, 9)),
        (None, 4.0004, Trim(0, 4)),
        (8.9, 9.0, Trim(8.9, 9.0)),
        (1, 9.04, Trim(1, 9)),
    ],
)
def test_trim_of_two_times(start: float | None, end: float | None, trim: Trim | None) -> None:
    assert trim_of(start, end, 9.0) == trim


def test_whole_of_a_very_short_clip_is_no_trim() -> None:
    assert trim_of(None, None, 0.04) is None
    with pytest.raises(ValueError, match="is not in"):
        trim_of(0.01, None, 0.04)


@pytest.mark.parametrize(
    ("start", "end"), [(-1, 3), (3, 3), (3, 3.05), (4, 3), (0, 9.1), (9.5, None), (float("nan"), 4)]
)
def test_times_outside_of_the_clip(start: float, end: float | None) -> None:
    with pytest.raises(ValueError, match="is not in"):
        trim_of(start, end, 9.0)


def test_what_is_sent_is_the_part_and_costs_its_length(
    team: Team, alice: User, motion: Source, apixo: FakeApixo, client: Client
) -> None:
    whole = motion.file.read()
    job = trimmed(team, alice, motion)
    assert (job.duration, job.price) == (6.2, Decimal("0.50"))
    running(job)
    link = urlsplit(apixo.posts[0].body["input"]["video_urls"][0])
    sent = b"".join(client.get(link.path))
    assert probe_video(io.BytesIO(sent), decode=True).duration == 6.2
    assert Entry.objects.get(job=job).amount == Decimal("0.50")
    motion.refresh_from_db()
    assert motion.file.read() == whole


def test_same_part_is_cut_once(
    team: Team, alice: User, motion: Source, apixo: FakeApixo, monkeypatch: pytest.MonkeyPatch
) -> None:
    running(trimmed(team, alice, motion))
    monkeypatch.setattr(cutting, "cut", lambda *_: pytest.fail("cut again"))
    running(trimmed(team, alice, motion))
    assert len(apixo.posts) == 2


def test_killed_while_cutting_it_is_cut_again_and_sent_once(
    team: Team, alice: User, motion: Source, apixo: FakeApixo, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = cutting.cut

    def die(source: Path, target: Path, start: float, end: float) -> None:
        target.write_bytes(b"half a file")
        raise KeyboardInterrupt

    job = trimmed(team, alice, motion)
    monkeypatch.setattr(cutting, "cut", die)
    with pytest.raises(KeyboardInterrupt):
        step(job)
    assert apixo.posts == []
    monkeypatch.setattr(cutting, "cut", cut)
    Job.objects.update(lease_until=None, lease_token=None)
    running(Job.objects.get())
    assert len(apixo.posts) == 1


def test_cut_of_another_price_is_not_sent(
    team: Team, alice: User, motion: Source, apixo: FakeApixo, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = cutting.cut
    monkeypatch.setattr(cutting, "cut", lambda source, target, start, end: cut(source, target, start, end - 0.5))
    job = step(trimmed(team, alice, motion))
    assert (job.state, job.money, job.failure) == (State.FAILED, Money.RELEASED, "INPUT_CHANGED")
    assert "5.70 s long instead of 6.20 s, and would cost $0.46" in job.failure_message
    assert apixo.posts == []


def test_clip_that_cannot_be_cut_is_not_sent(
    team: Team, alice: User, motion: Source, apixo: FakeApixo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise MediaError(MediaProblem.UNREADABLE)

    monkeypatch.setattr(cutting, "cut", broken)
    job = step(trimmed(team, alice, motion))
    assert (job.state, job.money) == (State.FAILED, Money.RELEASED)
    assert "“walk” could not be cut. Nothing was sent" in job.failure_message
    assert apixo.posts == []


# --- the page -----------------------------------------------------------------------------------------


def post(client: Client, team: Team, motion: Source, **fields: Any) -> Any:
    character = factories.character(team, motion.person)
    chosen = {"character": character.pk, "motion": motion.pk, "behaviour": "animate", "resolution": "480p"}
    nonce = "7b0a1c52-0a64-4a0e-9a3e-6a4f6d9a8f10"
    return client.post(reverse("jobs.index"), {"team": team.pk, "nonce": nonce, **chosen, **fields})


def test_price_follows_the_part(as_alice: Client, team: Team, motion: Source) -> None:
    asked: dict[str, Any] = {"motion": motion.pk, "resolution": "480p"}
    assert "9 s × $0.04 = $0.36" in as_alice.get(reverse("studio.price"), asked).content.decode()
    part = as_alice.get(reverse("studio.price"), asked | {"trim_start": "1", "trim_end": "7"}).content.decode()
    assert "6 s × $0.04 = $0.24" in part
    assert 'name="quoted" value="0.24"' in part


def test_order_keeps_the_part_and_another_begins_with_it(as_alice: Client, team: Team, motion: Source) -> None:
    assert post(as_alice, team, motion, quoted="0.24", trim_start="1", trim_end="7").status_code == 302
    job = Job.objects.get()
    assert (job.trim, job.price, job.duration) == (Trim(1, 7), Decimal("0.24"), 6.0)
    html = as_alice.get("/", {"from": job.pk}).content.decode()
    assert 'name="trim_start" value="1.0"' in html
    assert "6 s × $0.04 = $0.24" in html
    assert "1 to 7 s" in as_alice.get(reverse("jobs.show", args=[job.pk])).content.decode()


def test_price_of_the_whole_does_not_buy_a_part_nor_the_other_way(as_alice: Client, team: Team, motion: Source) -> None:
    assert post(as_alice, team, motion, quoted="0.36", trim_start="1", trim_end="7").status_code == 409
    assert post(as_alice, team, motion, quoted="0.24").status_code == 409
    assert not Job.objects.exists()


@pytest.mark.parametrize(("start", "end"), [("8", "7"), ("0", "99"), ("7", "7")])
def test_part_outside_of_the_clip_is_a_sentence(
    as_alice: Client, team: Team, motion: Source, start: str, end: str
) -> None:
    response = post(as_alice, team, motion, quoted="0.24", trim_start=start, trim_end=end)
    assert response.status_code == 422
    assert "This part is not in the clip, which is 9.0 s long. Nothing was sent" in response.content.decode()


def test_request_over_the_cap_keeps_the_part(as_alice: Client, team: Team, motion: Source) -> None:
    Membership.objects.filter(user=motion.person).update(monthly_cap=0)
    assert post(as_alice, team, motion, quoted="0.24", trim_start="1", trim_end="7", ask="1").status_code < 400
    assert SpendRequest.objects.get().trim == Trim(1, 7)


def test_request_shows_its_part_and_approving_sends_exactly_that(
    as_alice: Client, team: Team, motion: Source, apixo: FakeApixo
) -> None:
    Membership.objects.filter(user=motion.person).update(monthly_cap=0)
    post(as_alice, team, motion, quoted="0.24", trim_start="1", trim_end="7", ask="1")
    asked = SpendRequest.objects.get()
    assert ", 1 to 7 s of 9.0 s" in as_alice.get(reverse("requests.show", args=[asked.pk])).content.decode()
    SpendRequest.objects.update(provider="apixo")
    running(
        request_verbs.grant(SpendRequest.objects.get(), motion.person, quote_today(6, "480p"), agreed=Decimal("0.24"))
    )
    link = urlsplit(apixo.posts[0].body["input"]["video_urls"][0])
    sent = b"".join(as_alice.get(link.path))
    assert probe_video(io.BytesIO(sent), decode=True).duration == 6


def test_finished_try_offers_the_whole_as_its_next_version(as_alice: Client, team: Team, motion: Source) -> None:
    whole = {"whole_resolution": "720p", "whole_start": "1", "whole_end": "8"}
    assert post(as_alice, team, motion, quoted="0.20", trim_start="2", trim_end="7", **whole).status_code == 302
    job = Job.objects.get()
    assert job.whole == Whole("720p", Trim(1, 8))
    page = reverse("jobs.show", args=[job.pk])
    assert "Make the whole" not in as_alice.get(page).content.decode()
    video = result(job)
    moved(job, State.DONE, video=video, money=Money.SETTLED)
    offer = f"/?from={job.pk}&amp;whole=1&amp;same=1"
    for each in (page, reverse("videos.show", args=[video.pk])):
        html = as_alice.get(each).content.decode()
        assert "Make the whole · $0.56" in html
        assert offer in html
    form = as_alice.get("/", {"from": job.pk, "whole": 1, "same": 1}).content.decode()
    assert 'name="trim_start" value="1.0"' in form
    assert "7 s × $0.08 = $0.56" in form
    assert 'name="whole_resolution" value=""' in form
    again = as_alice.get("/", {"from": job.pk}).content.decode()
    assert 'name="whole_resolution" value="720p"' in again
    nonce = "0d0f3f0e-9f0e-4a43-8a8c-8f5b1f5b2a11"
    chosen = {"character": job.character_id, "motion": motion.pk, "behaviour": "animate", "resolution": "720p"}
    order = {"team": team.pk, "nonce": nonce, "quoted": "0.56", "trim_start": "1", "trim_end": "8", **chosen}
    assert as_alice.post(reverse("jobs.index"), order).status_code == 302
    second = Job.objects.latest("pk")
    assert (second.lineage_id, second.title, second.whole) == (job.pk, job.title, None)


def test_what_costs_no_more_is_no_try(as_alice: Client, team: Team, motion: Source) -> None:
    whole = {"whole_resolution": "480p", "whole_start": "", "whole_end": ""}
    assert post(as_alice, team, motion, quoted="0.36", **whole).status_code == 302
    assert Job.objects.get().whole is None


def test_part_outside_of_the_clip_cannot_be_clicked(as_alice: Client, team: Team, motion: Source) -> None:
    character = factories.character(team, motion.person)
    asked: dict[str, Any] = {"motion": motion.pk, "character": character.pk, "resolution": "480p"}
    html = as_alice.get(reverse("studio.price"), asked | {"trim_start": "8", "trim_end": "12"}).content.decode()
    assert "Choose a part inside the clip." in html


def test_clip_that_is_too_long_begins_with_what_can_be_generated(as_alice: Client, team: Team, alice: User) -> None:
    character = factories.character(team, alice)
    film = factories.motion(team, alice, file=ContentFile(b"film", "walk.mp4"), duration=130.0, fps=10)
    chosen: dict[str, str] = {"character": str(character.pk), "motion": str(film.pk)}
    html = as_alice.get("/", chosen).content.decode()
    assert 'name="trim_end" value="120"' in html
    assert "120 s × $0.04 = $4.80" in html
    assert "The clip is 130.0 s.</strong> At most 120 s are generated." in html
    assert 'name="trim_end" value="120"' in as_alice.get(reverse("uploads.slot", args=[film.pk])).content.decode()
    whole = as_alice.get("/", {**chosen, "trim_start": "", "trim_end": ""}).content.decode()
    assert "130 s, billed as 120 s × $0.04 = $4.80, the rest is not generated" in whole


def test_part_is_kept_in_the_address(as_alice: Client, team: Team, motion: Source) -> None:
    html = as_alice.get("/", {"motion": str(motion.pk), "trim_start": "1", "trim_end": "7"}).content.decode()
    assert 'name="trim_start" value="1"' in html
    assert "6 s × $0.04 = $0.24" in html
