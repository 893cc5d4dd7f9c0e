"""The check of the bucket: what the worker finds, what the settings and `status` say of it, and who can ask."""

import socket
from datetime import timedelta
from itertools import islice
from typing import Any
from unittest.mock import ANY

import pytest
from django.core.files.base import ContentFile
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from environs import Env, EnvError
from pytest_django import Settings

from tests import factories
from tests.bucket_fixtures import bucket_of
from tests.s3_storage import BUCKET, KEY_ID, REGION, SECRET, Handler, Refused, Storage
from wanstudio.accounts.models import User
from wanstudio.operations.studio_status import look
from wanstudio.settings_bucket import MEDIA, bucket
from wanstudio.storage import bucket as client
from wanstudio.studio.queries import Choice, price_card
from wanstudio.teams.models import Team
from wanstudio.uploads.bridge import bucket_check
from wanstudio.uploads.bridge.bucket_check import BucketCheck
from wanstudio.work.advance import advance

WHOLE = {
    "AWS_STORAGE_BUCKET_NAME": BUCKET,
    "AWS_S3_REGION_NAME": REGION,
    "AWS_ACCESS_KEY_ID": KEY_ID,
    "AWS_SECRET_ACCESS_KEY": SECRET,
}
pytestmark = pytest.mark.usefixtures("transactional_db")


def looked() -> str:
    """What is wrong, as the worker finds it."""
    bucket_check.ask()
    BucketCheck.objects.update(due_at=Now())
    assert advance(BucketCheck, 1)
    return BucketCheck.objects.get().problem


def test_bucket_that_works_is_left_as_it_was(s3: Storage) -> None:
    assert looked() == ""
    assert s3.objects == {}
    assert [(asked.method, asked.by) for asked in s3.asked] == [
        ("PUT", "key"),
        ("GET", "link"),
        ("DELETE", "key"),
        ("GET", "key"),
    ]


@pytest.mark.parametrize("right", ["s3:PutObject", "s3:ListBucket", "s3:DeleteObject"])
def test_missing_right_is_named(s3: Storage, right: str) -> None:
    s3.rights.discard(right)
    assert looked() == f"The key lacks the right {right} in the bucket {BUCKET}. Add it to the key’s policy."
    assert BucketCheck.objects.get().is_passing == (right == "s3:ListBucket")


def test_link_that_nobody_can_read_names_the_right(s3: Storage) -> None:
    s3.rights.discard("s3:GetObject")
    assert looked() == (f"A presigned link to the bucket {BUCKET} does not work (403). Check the right s3:GetObject.")
    assert s3.objects == {}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("AWS_STORAGE_BUCKET_NAME", "another", "There is no bucket another at 127.0.0.1"),
        ("AWS_ACCESS_KEY_ID", "AKIAOTHER", "does not know the key in AWS_ACCESS_KEY_ID"),
        ("AWS_SECRET_ACCESS_KEY", "other", "AWS_SECRET_ACCESS_KEY does not belong to AWS_ACCESS_KEY_ID"),
        ("AWS_S3_REGION_NAME", "eu-other-9", "The bucket is in another region. Set AWS_S3_REGION_NAME to it."),
    ],
)
def test_wrong_setting_is_named(
    s3: Storage, settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    settings.BUCKET = bucket_of(monkeypatch, s3.settings | {name: value})
    assert said in looked()
    assert SECRET not in BucketCheck.objects.get().problem


def test_answer_that_is_rubbish_is_said(s3: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    rubbish = b"<ListBucketResult><Contents><Key>k</Key><LastModified>soon</LastModified></Contents></ListBucketResult>"
    monkeypatch.setattr(Handler, "_list", lambda handler, query: rubbish)
    assert looked() == client.NOT_REACHED.format(host=s3.host, why="ValueError")


def test_listing_that_never_goes_on_ends(s3: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    again = b"<ListBucketResult><NextContinuationToken>same</NextContinuationToken></ListBucketResult>"
    monkeypatch.setattr(Handler, "_list", lambda handler, query: again)
    assert len(list(islice(client.listed(""), 9))) == 2


@pytest.mark.parametrize("minutes", [-20, 20])
def test_clocks_that_differ_are_both_named(s3: Storage, minutes: int) -> None:
    s3.clock = timedelta(minutes=minutes)
    problem = looked()
    assert problem.startswith("The clocks differ: this machine says ")
    assert problem.count(" UTC") == 2


def test_storage_that_is_away_can_come_back(s3: Storage, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        away = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        settings.BUCKET = bucket_of(monkeypatch, s3.settings | {"AWS_S3_ENDPOINT_URL": away})
        assert "cannot be reached" in looked()
    assert BucketCheck.objects.get().is_passing
    assert bucket_check.fetch_problem("apixo") != bucket_check.BROKEN_BUCKET


def test_bucket_by_host(s3: Storage, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name is a part of the host, which is looked up."""
    real = socket.getaddrinfo

    def here(host: str, *more: Any, **named: Any) -> Any:
        return real("127.0.0.1" if host == f"{BUCKET}.localhost" else host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", here)
    s3.host = s3.host.replace("127.0.0.1", "localhost")
    settings.BUCKET = bucket_of(monkeypatch, s3.settings | {"AWS_S3_ADDRESSING_STYLE": "virtual"})
    assert client.link("a/b.mp4", 60).startswith(f"http://{BUCKET}.{s3.host}/a/b.mp4?")
    assert looked() == ""


@pytest.mark.parametrize(
    ("more", "start"),
    [
        ({}, f"https://{BUCKET}.s3.{REGION}.amazonaws.com/k?X-Amz-"),
        ({"AWS_STORAGE_BUCKET_NAME": "wan.uploads"}, f"https://s3.{REGION}.amazonaws.com/wan.uploads/k?X-Amz-"),
        ({"AWS_S3_ENDPOINT_URL": "https://s3.example.com/"}, f"https://s3.example.com/{BUCKET}/k?X-Amz-"),
        ({"AWS_S3_ADDRESSING_STYLE": "path"}, f"https://s3.{REGION}.amazonaws.com/{BUCKET}/k?X-Amz-"),
    ],
)
def test_link_begins_with_the_origin(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, more: dict[str, str], start: str
) -> None:
    settings.BUCKET = made = bucket_of(monkeypatch, WHOLE | more)
    link = client.link("k", 60)
    assert link.startswith(start)
    assert link.startswith(f"{made.origin}/")


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"AWS_STORAGE_BUCKET_NAME": "a bucket"}, "AWS_STORAGE_BUCKET_NAME"),
        ({"AWS_S3_ENDPOINT_URL": "s3.example.com"}, "AWS_S3_ENDPOINT_URL"),
        ({"AWS_S3_ENDPOINT_URL": "https://s3.example.com/bucket"}, "AWS_S3_ENDPOINT_URL"),
        ({"AWS_S3_REGION_NAME": ""}, "AWS_S3_REGION_NAME"),
        ({"AWS_SECRET_ACCESS_KEY": ""}, "AWS_SECRET_ACCESS_KEY"),
        ({"AWS_ACCESS_KEY_ID": ""}, "AWS_ACCESS_KEY_ID"),
        ({"AWS_S3_ADDRESSING_STYLE": "host"}, "AWS_S3_ADDRESSING_STYLE"),
        ({"AWS_LOCATION": "../up"}, "AWS_LOCATION"),
    ],
)
def test_wrong_value_is_refused_with_its_name(
    monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str], named: str
) -> None:
    for name, value in (WHOLE | wrong).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(EnvError, match=f'"{named}" invalid') as refused:
        bucket(Env())
    assert SECRET not in str(refused.value)


def test_without_a_name_other_settings_of_amazon_are_nothing_to_us(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in WHOLE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of another program")
    assert bucket(Env()) is None


def test_button_asks_the_worker_once_in_ten_seconds(as_alice: Client, s3: Storage) -> None:
    assert as_alice.post(reverse("bucket.check")).status_code == 302
    assert "Checking wan-uploads" in as_alice.get(reverse("settings.show")).content.decode()
    assert advance(BucketCheck, 1)
    page = as_alice.get(reverse("settings.show")).content.decode()
    assert "Files can be put, fetched by link, listed and removed in wan-uploads" in page
    assert 'hx-select=".checks-section"' not in page
    # As if the pages had taken no time.
    BucketCheck.objects.update(checked_at=Now() + timedelta(minutes=10))
    before = BucketCheck.objects.get().due_at
    as_alice.post(reverse("bucket.check"))
    assert BucketCheck.objects.get().due_at == before
    BucketCheck.objects.update(checked_at=Now() - timedelta(seconds=11))
    as_alice.post(reverse("bucket.check"))
    assert BucketCheck.objects.filter(due_at__lte=Now()).exists()


def test_pages_call_nobody(as_alice: Client, s3: Storage) -> None:
    as_alice.get(reverse("settings.show"))
    look()
    assert s3.asked == []


def test_status_says_what_the_worker_found(s3: Storage, team: Team) -> None:
    assert "not checked yet" in dict(look().lines)["Bucket"]
    s3.rights.discard("s3:PutObject")
    problem = looked()
    status = look()
    assert f"Uploads cannot be sent. {problem}" in status.attention
    assert status.facts["bucket"] == {"checked_s_ago": ANY, "problem": problem, "objects": 0}
    assert 0 <= status.facts["bucket"]["checked_s_ago"] < 60
    s3.rights.add("s3:PutObject")
    looked()
    assert ", works, 0 files there" in dict(look().lines)["Bucket"]


def refused_card(team: Team, alice: User) -> tuple[str, str] | None:
    character = factories.character(team, alice, file=ContentFile(b"x", "mira.png"))
    motion = factories.motion(team, alice, file=ContentFile(b"x", "walk.mp4"))
    return price_card(Choice(character=character, motion=motion)).unreachable


def test_studio_refuses_uploads_before_any_money_while_the_bucket_is_broken(
    s3: Storage, team: Team, alice: User, settings: Settings
) -> None:
    assert refused_card(team, alice) is None
    s3.secret = "another"
    looked()
    fact, consequence = refused_card(team, alice) or ("", "")
    assert "AWS_SECRET_ACCESS_KEY does not belong" in fact
    assert "Nothing was sent or charged." in consequence
    s3.secret = SECRET

    def busy(method: str, key: str) -> None:
        raise Refused(503, "SlowDown")

    s3.before = busy
    assert looked()
    assert refused_card(team, alice) is None, "a passing fault lets jobs wait"


def test_private_bucket_is_no_way_to_a_public_provider(
    s3: Storage, team: Team, alice: User, settings: Settings
) -> None:
    settings.PROVIDER = "apixo"
    settings.PROVIDERS = settings.PROVIDERS | {"apixo": ("https://api.apixo.ai/api/v1", "sk-0123456789abcdef")}
    fact, _ = refused_card(team, alice) or ("", "")
    assert fact == f"APIXO cannot fetch uploaded files from http://{s3.host}, because that is no public address."
    settings.BUCKET = None
    fact, consequence = refused_card(team, alice) or ("", "")
    assert "because it has no public address" in fact
    assert "WANSTUDIO_URL" in consequence
    assert "AWS_STORAGE_BUCKET_NAME" in consequence


# --- the bucket of the media --------------------------------------------------------------------------


def looked_at_media() -> str:
    bucket_check.ask()
    BucketCheck.objects.update(due_at=Now())
    assert advance(BucketCheck, bucket_check.MEDIA)
    return BucketCheck.objects.get(pk=bucket_check.MEDIA).problem


def test_bucket_of_the_media_is_checked_for_itself(media: Storage, as_alice: Client, settings: Settings) -> None:
    assert looked_at_media() == ""
    assert media.objects == {}
    assert list(BucketCheck.objects.values_list("pk", flat=True)) == [bucket_check.MEDIA]
    works = f"Files can be put, fetched by link, listed and removed in {BUCKET} at {media.host}. Checked "
    page = as_alice.get(reverse("settings.show")).content.decode()
    assert "Bucket for videos and files" in page
    assert works in page
    assert "Browsers get its files through the studio." in page
    settings.MEDIA_LINKS = settings.MEDIA_BUCKET.origin
    assert (
        "Browsers get links to it that expire after five minutes."
        in as_alice.get(reverse("settings.show")).content.decode()
    )


@pytest.mark.parametrize("right", ["s3:PutObject", "s3:ListBucket", "s3:DeleteObject"])
def test_right_that_is_missing_for_the_media_pauses_sending(media: Storage, as_alice: Client, right: str) -> None:
    media.rights.discard(right)
    problem = f"The key lacks the right {right} in the bucket {BUCKET}. Add it to the key’s policy."
    assert looked_at_media() == problem
    assert problem in as_alice.get(reverse("settings.show")).content.decode()
    paused = "Sending is paused, so that no paid result is lost: the bucket for videos and files fails. "
    assert bucket_check.media_problem() == paused + problem
    assert paused + problem in look().attention
    media.rights.add(right)
    assert looked_at_media() == bucket_check.media_problem() == ""


def test_wrong_name_of_the_media_bucket_names_its_setting(
    media: Storage, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MEDIA_BUCKET = bucket_of(monkeypatch, {MEDIA: "another"}, MEDIA)
    assert f"There is no bucket another at {media.host}. Check WANSTUDIO_MEDIA_BUCKET" in looked_at_media()


def test_media_are_in_a_bucket_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**WHOLE, MEDIA: BUCKET}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(EnvError, match='"WANSTUDIO_MEDIA_BUCKET" invalid: it must be another bucket than AWS_STORAGE'):
        bucket(Env(), MEDIA)
