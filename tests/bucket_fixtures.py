"""The buckets of a test: a storage that verifies each signature, and the settings that lead to it."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from django.core.files.storage import default_storage
from environs import Env
from pytest_django import Settings

from tests.s3_storage import Storage, running
from wanstudio.settings_bucket import MEDIA, UPLOADS, Bucket, bucket
from wanstudio.storage.bucket_files import BucketFiles


def bucket_of(monkeypatch: pytest.MonkeyPatch, values: dict[str, str], setting: str = UPLOADS) -> Bucket:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    made = bucket(Env(), setting)
    assert made
    return made


@pytest.fixture
def s3(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Storage]:
    with running() as storage:
        settings.BUCKET = bucket_of(monkeypatch, storage.settings)
        yield storage


@pytest.fixture
def media(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Storage]:
    """The bucket of the media; this machine has an empty folder of its own."""
    with running() as storage:
        use_media(settings, monkeypatch, storage, tmp_path / "media")
        yield storage


def use_media(settings: Settings, monkeypatch: pytest.MonkeyPatch, storage: Storage, folder: Path) -> BucketFiles:
    """As on a machine whose media folder is this one."""
    values = {**storage.settings, MEDIA: storage.settings[UPLOADS]}
    monkeypatch.delenv(UPLOADS, raising=False)
    settings.MEDIA_BUCKET = bucket_of(monkeypatch, {name: values[name] for name in values if name != UPLOADS}, MEDIA)
    backend = {"BACKEND": "wanstudio.storage.bucket_files.BucketFiles", "OPTIONS": {"location": folder}}
    settings.STORAGES = {**settings.STORAGES, "default": backend}
    return cast(BucketFiles, default_storage)
