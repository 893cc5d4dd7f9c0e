"""A bucket of the tests, for uploads and for what the settings say of it."""

from tests.bucket_fixtures import media, s3

__all__ = ["media", "s3"]
