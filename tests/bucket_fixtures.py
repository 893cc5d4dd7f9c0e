"""The bucket of a test: a storage that verifies each signature, and the setting that leads to it."""

from collections.abc import Iterator

import pytest
from environs import Env
from pytest_django import Settings

from tests.s3_storage import Storage, running
from wanstudio.settings_bucket import Bucket, bucket


def bucket_of(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> Bucket:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    made = bucket(Env())
    assert made
    return made


@pytest.fixture
def s3(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Storage]:
    with running() as storage:
        settings.BUCKET = bucket_of(monkeypatch, storage.settings)
        yield storage
