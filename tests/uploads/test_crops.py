"""Crops: four numbers on an order, applied when it is sent; the price does not change, nor the file."""

import io
import re
from decimal import Decimal
from fractions import Fraction
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as some
from PIL import Image

from tests import factories
from tests.api.conftest import Script, token_for
from tests.fake_apixo import HTML, FakeApixo
from tests.media.test_framing import BLUE, GREEN, close, quarters, saved
from tests.page_rows import finished
from tests.provider.scripted import answer
from tests.worker_steps import running, step
from wanstudio.accounts.models import User
from wanstudio.jobs import verbs
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.media import isolated
from wanstudio.media.errors import FetchError, FetchProblem, MediaError, MediaProblem
from wanstudio.money.models import Money
from wanstudio.requests import verbs as request_verbs
from wanstudio.requests.models import SpendRequest
from wanstudio.teams.models import Membership, Team
from wanstudio.uploads.crops import MIN_SIDE, Crop, NoCrop, crop_of
from wanstudio.uploads.models import Facts, Source

FRAME = Crop(0.25, 0, 0.28125, 1)
NONCE = "7b0a1c52-0a64-4a0e-9a3e-6a4f6d9a8f10"
SIDES = some.integers(200, 10_000)


@pytest.fixture
def character(team: Team, alice: User) -> Source:
    data = saved(quarters((800, 400)), "PNG")
    return factories.character(team, alice, file=ContentFile(data, "mira.png"), width=800, height=400)


@pytest.fixture
def motion(team: Team, alice: User) -> Source:
    return factories.motion(team, alice, duration=10.0, width=720, height=1280)


def cropped(team: Team, alice: User, character: Source, crop: Crop = FRAME, **fields: Any) -> Job:
    return factories.job(team, alice, character=character, provider="apixo", crop=crop, **fields)


def sent_picture(apixo: FakeApixo, client: Client, post: int = 0) -> Image.Image:
    link = urlsplit(apixo.posts[post].body["input"]["image_urls"][0])
    image = Image.open(io.BytesIO(b"".join(client.get(link.path))))
    image.load()
    return image


# --- the numbers --------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(SIDES, SIDES, SIDES, SIDES, some.sampled_from(["crop", "pad"]))
def test_frame_of_the_clips_shape(width: int, height: int, w: int, h: int, said: str) -> None:
    picture, clip = Facts("PNG", width, height), Facts("mp4", w, h)
    try:
        crop = crop_of(said, picture, clip) or Crop(0, 0, 1, 1)
    except NoCrop:
        return
    box = crop.box(width, height)
    # The shape within a pixel, however small the frame is.
    assert abs(box.width - box.height * Fraction(w, h)) <= 1 + Fraction(w, h)
    assert abs(box.height - box.width * Fraction(h, w)) <= 1 + Fraction(h, w)
    inside = (box.left >= 0, box.top >= 0, box.left + box.width <= width + 1, box.top + box.height <= height + 1)
    around = (box.left <= 0, box.top <= 0, box.left + box.width >= width - 1, box.top + box.height >= height - 1)
    assert all(inside if said == "crop" else around)
    assert crop_of(str(crop), picture) in (crop, None)


@settings(max_examples=60)
@given(
    some.text(max_size=40)
    | some.lists(some.floats(), min_size=3, max_size=5).map(lambda each: ",".join(map(str, each)))
)
def test_whatever_is_said_is_a_frame_of_the_picture_or_refused(said: str) -> None:
    picture = Facts("PNG", 800, 400)
    try:
        crop = crop_of(said, picture)
    except NoCrop:
        return
    if crop:
        left, top, width, height = crop.box(800, 400)
        assert min(crop.sent_size(800, 400)) >= MIN_SIDE
        assert left < 800
        assert top < 400
        assert left + width > 0
        assert top + height > 0


@pytest.mark.parametrize("said", ["", "0,0,1,1", "0,0,1.0000004,1", "0.0001,0,1,1", "crop", "pad"])
def test_whole_picture_is_no_crop(said: str) -> None:
    assert crop_of(said, Facts("PNG", 800, 400)) is None


# --- sending ------------------------------------------------------------------------------------------


def test_what_is_sent_is_the_frame_at_the_same_price(
    team: Team, alice: User, character: Source, motion: Source, apixo: FakeApixo, client: Client
) -> None:
    whole = character.file.read()
    plain = factories.job(team, alice, character=character, motion=motion, provider="apixo")
    job = cropped(team, alice, character, Crop(0.359375, 0, 0.28125, 1), motion=motion)
    assert (job.price, job.title, job.lineage_id) == (plain.price, plain.title, plain.pk)
    running(plain)
    running(job)
    image = sent_picture(apixo, client, 1)
    assert image.size == (225, 400)
    assert Fraction(*image.size) == Fraction(720, 1280)
    assert close(image, (220, 5), GREEN)
    assert close(image, (5, 395), BLUE)
    assert sent_picture(apixo, client, 0).size == (800, 400)
    character.refresh_from_db()
    assert character.file.read() == whole


def test_padded_picture_has_the_clips_shape(
    team: Team, alice: User, character: Source, motion: Source, apixo: FakeApixo, client: Client
) -> None:
    crop = crop_of("pad", character, motion)
    assert crop is not None
    running(cropped(team, alice, character, crop, motion=motion))
    assert sent_picture(apixo, client).size == (800, 1422)


def test_same_frame_is_made_once(
    team: Team, alice: User, character: Source, apixo: FakeApixo, monkeypatch: pytest.MonkeyPatch
) -> None:
    running(cropped(team, alice, character))
    monkeypatch.setattr(isolated, "frame_picture", lambda *_: pytest.fail("made again"))
    running(cropped(team, alice, character))
    assert len(apixo.posts) == 2


def test_killed_while_cropping_it_is_made_again_and_sent_once(
    team: Team, alice: User, character: Source, apixo: FakeApixo, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame_picture = isolated.frame_picture

    def die(*_: object) -> bytes:
        raise KeyboardInterrupt

    job = cropped(team, alice, character)
    monkeypatch.setattr(isolated, "frame_picture", die)
    with pytest.raises(KeyboardInterrupt):
        step(job)
    assert apixo.posts == []
    monkeypatch.setattr(isolated, "frame_picture", frame_picture)
    Job.objects.update(lease_until=None, lease_token=None)
    running(Job.objects.get())
    assert len(apixo.posts) == 1


def test_picture_that_cannot_be_cropped_is_not_sent(
    team: Team, alice: User, character: Source, apixo: FakeApixo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bytes:
        raise MediaError(MediaProblem.UNREADABLE)

    monkeypatch.setattr(isolated, "frame_picture", broken)
    job = step(cropped(team, alice, character))
    assert (job.state, job.money) == (State.FAILED, Money.RELEASED)
    assert "“Mira” could not be cropped. Nothing was sent" in job.failure_message
    assert apixo.posts == []


def test_busy_decoders_are_waited_for(
    team: Team, alice: User, character: Source, apixo: FakeApixo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> bytes:
        raise FetchError(FetchProblem.BUSY)

    monkeypatch.setattr(isolated, "frame_picture", busy)
    assert step(cropped(team, alice, character)).state == State.QUEUED
    assert apixo.posts == []


def test_sent_again_it_has_the_same_frame(
    team: Team, alice: User, character: Source, apixo: FakeApixo, client: Client
) -> None:
    apixo.on_post(answer(504, HTML))
    job = step(cropped(team, alice, character))
    assert job.state == State.UNCERTAIN
    verbs.send_again(job, seen=job.version)
    running(job)
    assert sent_picture(apixo, client, 1).size == sent_picture(apixo, client, 0).size == (225, 400)


# --- the page and the API -----------------------------------------------------------------------------


def post(client: Client, character: Source, motion: Source, **fields: Any) -> Any:
    chosen = {"character": character.pk, "motion": motion.pk, "behaviour": "animate", "resolution": "480p"}
    sent = {"team": character.team_id, "nonce": NONCE, "quoted": "0.40", **chosen, **fields}
    return client.post(reverse("jobs.index"), sent)


def test_order_keeps_the_frame_and_another_begins_with_it(
    as_alice: Client, character: Source, motion: Source, team: Team, alice: User
) -> None:
    assert post(as_alice, character, motion, crop=str(FRAME)).status_code == 302
    job = Job.objects.get()
    assert (job.crop, job.price) == (FRAME, Decimal("0.40"))
    html = as_alice.get("/", {"from": job.pk}).content.decode()
    assert f'value="{FRAME}" selected' in html
    assert html.count("225 × 400 of") == 1
    assert "225 × 400" in as_alice.get(reverse("jobs.show", args=[job.pk])).content.decode()
    other = factories.character(team, alice, name="finn.png")
    html = as_alice.get("/", {"from": job.pk, "character": other.pk}).content.decode()
    assert str(FRAME) not in html


@pytest.mark.parametrize(("word", "size"), [("crop", "225 × 400"), ("pad", "800 × 1422")])
def test_without_a_script_one_word_takes_the_clips_shape(
    as_alice: Client, character: Source, motion: Source, word: str, size: str
) -> None:
    asked: dict[str, Any] = {"character": character.pk, "motion": motion.pk}
    html = as_alice.get("/", asked).content.decode()
    links = re.findall(r'href="(/\?character=\d+&amp;motion=\d+&amp;crop=\w+)"', html)
    assert {link.rpartition("=")[2] for link in links} == {"crop", "pad"}
    framed = as_alice.get("/", {**asked, "crop": word}).content.decode()
    assert size in framed
    assert "have different shapes" in html
    assert "have different shapes" not in framed
    assert post(as_alice, character, motion, crop=word).status_code == 302
    crop = Job.objects.get().crop
    assert crop is not None
    assert " × ".join(map(str, crop.sent_size(800, 400))) == size


def test_price_card_warns_of_what_is_sent(as_alice: Client, character: Source, motion: Source) -> None:
    asked: dict[str, Any] = {"motion": motion.pk, "character": character.pk, "resolution": "480p"}
    card = as_alice.get(reverse("studio.price"), {**asked, "crop": "0.25,0.25,0.1,0.355556"}).content.decode()
    assert "The picture is only 80 × 142." in card
    assert 'name="quoted" value="0.40"' in card


@pytest.mark.parametrize(
    ("crop", "sentence"),
    [
        ("nan,0,1,1", "does not fit"),
        ("0,0,inf,1", "does not fit"),
        ("1e308,0,1e308,1", "does not fit"),
        ("0,0,1", "does not fit"),
        ("0,0,-1,1", "does not fit"),
        ("2,0,1,1", "does not fit"),
        ("-1,0,1,1", "does not fit"),
        ("0,0,11,1", "does not fit"),
        ("<script>", "does not fit"),
        ("9" * 5000, "does not fit"),
        ("1," * 2000, "does not fit"),
        ("0,0,0.00125,0.0025", "only 1 × 1 pixels"),
        ("0,0,9,0.00125", "does not fit"),
    ],
)
def test_numbers_that_are_no_frame_are_a_sentence(
    as_alice: Client, character: Source, motion: Source, crop: str, sentence: str
) -> None:
    response = post(as_alice, character, motion, crop=crop)
    assert response.status_code == 422
    html = response.content.decode()
    assert sentence in html
    assert "Nothing was sent" in html
    assert as_alice.get("/", {"character": str(character.pk), "crop": crop}).status_code == 200
    assert not Job.objects.exists()


def test_picture_of_a_link_is_sent_as_it_is(
    as_alice: Client, script: Script, team: Team, alice: User, motion: Source
) -> None:
    link = factories.character(team, alice, url="https://pictures.example.com/mira.png")
    html = as_alice.get("/", {"character": link.pk, "motion": motion.pk}).content.decode()
    assert "crop=crop" not in html
    assert 'name="crop"' not in html
    assert "A picture behind a link is sent as it is." in html
    crop = {"x": 0.25, "y": 0, "width": 0.5, "height": 1}
    refused = script.post("quote", {"character": link.pk, "motion": motion.pk, "crop": crop})
    assert (refused.status_code, "sent as it is" in refused.json()["detail"]) == (422, True)


@pytest.fixture
def script(team: Team, alice: User) -> Script:
    return Script(token_for(alice, team))


def test_frame_by_the_api(script: Script, character: Source, motion: Source) -> None:
    asked: dict[str, Any] = {"character": character.pk, "motion": motion.pk, "resolution": "480p"}
    plain = script.post("quote", asked).json()
    crop = {"x": 0.25, "y": 0, "width": 0.28125, "height": 1}
    framed = script.post("quote", asked | {"crop": crop}).json()
    assert framed["price"] == plain["price"]
    assert any("different shapes" in each for each in plain["warnings"])
    assert framed["warnings"] == []
    assert script.post("jobs", asked | {"price": "0.40", "crop": crop}).status_code == 201
    assert Job.objects.get().crop == FRAME


@pytest.mark.parametrize(
    "crop",
    [
        {"x": 1.5, "y": 0, "width": 1, "height": 1},
        {"x": 0, "y": 0, "width": 0.001, "height": 0.001},
        {"x": 0, "y": 0, "width": 1e300, "height": 1},
        {"x": "NaN", "y": 0, "width": 1, "height": 1},
        {"x": 0, "y": 0, "width": 1},
        "0,0,1,1",
    ],
)
def test_numbers_that_are_no_frame_are_refused_by_the_api(
    script: Script, character: Source, motion: Source, crop: object
) -> None:
    asked: dict[str, Any] = {"character": character.pk, "motion": motion.pk, "resolution": "480p", "crop": crop}
    for found in (script.post("quote", asked), script.post("jobs", asked | {"price": "0.40"})):
        assert found.status_code == 422
        assert found.json()["errors"].keys() & {"crop", "x", "width", "height", "character"}
    assert not Job.objects.exists()


def test_request_over_the_cap_keeps_the_frame(as_alice: Client, character: Source, motion: Source, alice: User) -> None:
    Membership.objects.filter(user=alice).update(monthly_cap=0)
    assert post(as_alice, character, motion, crop=str(FRAME), ask="1").status_code < 400
    asked = SpendRequest.objects.get()
    assert asked.crop == FRAME
    assert "225 × 400" in as_alice.get(reverse("requests.show", args=[asked.pk])).content.decode()
    order = factories.order(asked.team, alice, motion=motion)
    assert request_verbs.grant(asked, alice, order.quote, agreed=order.quote.price).crop == FRAME


def test_new_picture_loses_the_frame_of_the_one_before(as_alice: Client, character: Source, motion: Source) -> None:
    slot = as_alice.get(reverse("uploads.slot", args=[character.pk]), {"crop": str(FRAME)}).content.decode()
    assert f'value="{FRAME}" selected' in slot
    assert str(FRAME) not in as_alice.get(reverse("uploads.slot", args=[character.pk])).content.decode()
    data = {"kind": "character", "crop": str(FRAME), "team": character.team_id, "motion": motion.pk}
    file = ContentFile(saved(quarters((300, 300)), "PNG"), "new.png")
    html = as_alice.post(reverse("uploads.add"), data | {"character_file": file}).content.decode()
    assert "Remove New" in html
    assert str(FRAME) not in html


def drawn(html: str, css: str) -> list[tuple[str, str]]:
    """Of each still with these classes: the size of its frame, and which part of the picture it shows."""
    frames = re.findall(rf'<svg class="framed {css}"[^>]*viewBox="([^"]*)"[^>]*><svg [^>]*viewBox="([^"]*)"', html)
    return [(outer, inner) for outer, inner in frames]


def test_stills_of_a_job_show_the_frame_that_is_sent(as_alice: Client, team: Team, alice: User) -> None:
    character = factories.character(
        *(team, alice), file=ContentFile(b"x", "mira.png"), poster=ContentFile(b"x", "p.jpg"), width=800, height=400
    )
    job = cropped(team, alice, character, behaviour="animate")
    frame = ("0 0 225 400", "200 0 225 400")
    assert drawn(as_alice.get("/jobs/").content.decode(), "thumb") == [frame]
    page = as_alice.get(f"/jobs/{job.pk}/").content.decode()
    assert drawn(page, "thumb large") == [frame]
    assert drawn(page, "stage-dim") == drawn(page, "stage-lit") == [frame]
    assert drawn(as_alice.get("/").content.decode(), "thumb tall") == [frame]
    replacing = cropped(team, alice, character, behaviour="replace")
    assert not drawn(as_alice.get(f"/jobs/{replacing.pk}/").content.decode(), "stage-dim")
    outside = cropped(team, alice, character, Crop(-0.5, 0, 2, 1))
    assert "blur(" in as_alice.get(f"/jobs/{outside.pk}/").content.decode()
    assert "blur(" not in page


def test_stills_of_a_video_show_the_frame_that_was_sent(as_alice: Client, team: Team, alice: User) -> None:
    character = factories.character(
        *(team, alice), file=ContentFile(b"x", "mira.png"), poster=ContentFile(b"x", "p.jpg"), width=800, height=400
    )
    video = finished(team, alice, character=character, crop=FRAME)
    page = as_alice.get(f"/videos/{video.pk}/").content.decode()
    assert drawn(page, "thumb large") == [("0 0 225 400", "200 0 225 400")]
