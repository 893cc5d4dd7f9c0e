"""A bucket of the tests, for uploads and for what the settings say of it."""

from tests.bucket_fixtures import s3

__all__ = ["s3"]
