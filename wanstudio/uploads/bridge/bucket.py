"""The bucket as its client sees it: objects are put, fetched by a link, listed and removed; and its refusals in words.

botocore takes 0.2 s and 40 MB: it is imported by the first call, in the worker, and only where a bucket is set.
"""

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Protocol, TypedDict
from uuid import uuid4

from django.conf import settings

from wanstudio.settings_bucket import Bucket
from wanstudio.work.elsewhere import elsewhere

CONTENT_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}
CONNECT_S, SILENT_S, CALLS = 10, 60, 2
# Storages refuse a request whose time differs by 15 minutes; from here on a refusal is put down to it.
CLOCKS_DIFFER = timedelta(minutes=5)
PASSING = ("RequestTimeout", "SlowDown", "TooManyRequests", "Throttling", "InternalError", "ServiceUnavailable")
WRONG_PAIR = "AWS_SECRET_ACCESS_KEY does not belong to AWS_ACCESS_KEY_ID. Copy both again."
KEY_EXPIRED = "The temporary key in AWS_SESSION_TOKEN has expired. Set a lasting one."
OTHER_REGION = "The bucket is in another region{region}. Set AWS_S3_REGION_NAME to it."
REFUSALS = {
    "NoSuchBucket": "There is no bucket {bucket} at {host}. Check AWS_STORAGE_BUCKET_NAME and AWS_S3_ENDPOINT_URL.",
    "InvalidAccessKeyId": "{host} does not know the key in AWS_ACCESS_KEY_ID. Copy it again.",
    "SignatureDoesNotMatch": WRONG_PAIR,
    "ExpiredToken": KEY_EXPIRED,
    "InvalidToken": KEY_EXPIRED,
    "AccessDenied": "The key lacks the right {right} in the bucket {bucket}. Add it to the key’s policy.",
    "PermanentRedirect": OTHER_REGION,
    "AuthorizationHeaderMalformed": OTHER_REGION,
    "IllegalLocationConstraintException": OTHER_REGION,
}
CLOCKS = "The clocks differ: this machine says {ours:%H:%M} UTC, {host} says {theirs:%H:%M} UTC. Set the wrong one."
UNKNOWN_REFUSAL = "{host} refused {right}: {code}."
NO_BUCKET = "AWS_STORAGE_BUCKET_NAME is not set any more."
NO_KEY = "There is no key for the bucket. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
NOT_REACHED = "{host} cannot be reached ({why}). Check AWS_S3_ENDPOINT_URL and the connection."
NOT_READ = "A presigned link to the bucket {bucket} does not work ({answer}). Check the right s3:GetObject."


class BucketRefused(Exception):
    """The sentence says what to do. `is_passing`: the same can work in a while."""

    def __init__(self, sentence: str, *, is_passing: bool = False) -> None:
        super().__init__(sentence)
        self.sentence, self.is_passing = sentence, is_passing


class Listed(TypedDict):
    Key: str
    LastModified: datetime


class Page(TypedDict, total=False):
    Contents: list[Listed]
    NextContinuationToken: str


class About(TypedDict, total=False):
    HTTPStatusCode: int
    HTTPHeaders: dict[str, str]


class Answer(TypedDict, total=False):
    """Of a refused call."""

    Error: dict[str, str]
    ResponseMetadata: About


class S3(Protocol):
    """Of botocore's client what is used here."""

    def put_object(self, **fields: object) -> object: ...
    def copy_object(self, **fields: object) -> object: ...
    def delete_object(self, **fields: object) -> object: ...
    def list_objects_v2(self, **fields: object) -> Page: ...
    def generate_presigned_url(self, method: str, Params: dict[str, str], ExpiresIn: int) -> str: ...  # noqa: N803


def new_key(name: str) -> str:
    """A name in the bucket that tells nothing, in the folder of this studio; it ends as the stored file does."""
    return f"{own_folder()}{uuid4().hex}{Path(name).suffix}"


def own_folder() -> str:
    """Several studios can share a bucket: each looks for orphans in its own folder only."""
    mark = hmac.digest(settings.SECRET_KEY.encode(), b"wanstudio.bucket", "sha256").hex()[:16]
    folder = in_use().folder
    return f"{folder}/{mark}/" if folder else f"{mark}/"


def put(key: str, path: Path, like: str = "") -> None:
    """One PUT, whole or not at all: a broken one leaves no parts behind. From `like` it is copied within the bucket.

    Raises BucketRefused, and OSError if there is no such file.
    """
    kind = CONTENT_TYPES.get(path.suffix, "video/mp4")
    if like and _copied(key, like, kind):
        return
    with path.open("rb") as file:
        put_bytes(key, file, kind)


def put_bytes(key: str, body: BinaryIO | bytes, kind: str) -> None:
    with _asking("s3:PutObject") as client:
        client.put_object(Bucket=in_use().name, Key=key, Body=body, ContentType=kind)


def _copied(key: str, like: str, kind: str) -> bool:
    """Not every storage copies, and the original can be gone: then it is sent once more."""
    name = in_use().name
    try:
        with _asking("s3:GetObject") as client:
            source = {"Bucket": name, "Key": like}
            client.copy_object(Bucket=name, Key=key, CopySource=source, ContentType=kind, MetadataDirective="REPLACE")
    except BucketRefused:
        return False
    return True


def link(key: str, seconds: int) -> str:
    """A secret: the object can be fetched with it, by GET alone, until it expires. Calls no one."""
    with _asking("s3:GetObject") as client:
        fields = {"Bucket": in_use().name, "Key": key}
        return client.generate_presigned_url("get_object", Params=fields, ExpiresIn=seconds)


def remove(key: str) -> None:
    """Gone, also if it was never there. Raises BucketRefused."""
    with _asking("s3:DeleteObject") as client:
        client.delete_object(Bucket=in_use().name, Key=key)


def listed() -> Iterator[list[tuple[str, datetime]]]:
    """Names and times of all objects of this studio, a thousand at a time. Raises BucketRefused."""
    more: dict[str, str] = {}
    while True:
        with _asking("s3:ListBucket") as client:
            page = client.list_objects_v2(Bucket=in_use().name, Prefix=own_folder(), **more)
        yield [(each["Key"], each["LastModified"]) for each in page.get("Contents", [])]
        # The same again: this storage cannot go on.
        if (token := page.get("NextContinuationToken", "")) in ("", more.get("ContinuationToken")):
            return
        more = {"ContinuationToken": token}


def in_use() -> Bucket:
    if not settings.BUCKET:
        raise BucketRefused(NO_BUCKET)
    return settings.BUCKET


@contextmanager
def _asking(right: str) -> Iterator[S3]:
    from botocore import exceptions as known

    host = in_use().origin.partition("//")[2]
    try:
        with elsewhere():
            yield _client(in_use())
    except known.ClientError as refused:
        raise _in_words(refused.response, host, right) from None
    except known.NoCredentialsError:
        raise BucketRefused(NO_KEY) from None
    except (known.BotoCoreError, ValueError) as wrong:
        # Its own text can quote an address with a signature.
        sentence = NOT_REACHED.format(host=host, why=type(wrong).__name__)
        raise BucketRefused(
            sentence, is_passing=isinstance(wrong, known.ConnectionError | known.HTTPClientError)
        ) from None


def _in_words(response: Answer, host: str, right: str) -> BucketRefused:
    about, error = response.get("ResponseMetadata", About()), response.get("Error", {})
    code, headers = error.get("Code", ""), about.get("HTTPHeaders", {})
    if differing := clocks_differ(headers.get("date", "")):
        return BucketRefused(differing)
    facts = {"host": host, "bucket": in_use().name, "right": right, "code": code[:60]}
    region = error.get("Region") or headers.get("x-amz-bucket-region") or ""
    facts["region"] = f", {region[:40]}" if region else ""
    status = about.get("HTTPStatusCode", 0)
    is_passing = code in PASSING or status >= 500 or status == 429
    # An answer to HEAD has no body, and some storages name the status alone.
    code = {"403": "AccessDenied", "404": "NoSuchBucket", "301": "PermanentRedirect"}.get(code, code)
    return BucketRefused(REFUSALS.get(code, UNKNOWN_REFUSAL).format(**facts), is_passing=is_passing)


def clocks_differ(date: str) -> str:
    """The sentence, if this header of an answer is far from our own time."""
    try:
        theirs, ours = parsedate_to_datetime(date), datetime.now(UTC)
        is_far = abs(theirs - ours) > CLOCKS_DIFFER
    except (TypeError, ValueError):
        return ""
    return CLOCKS.format(ours=ours, theirs=theirs, host=in_use().origin.partition("//")[2]) if is_far else ""


@lru_cache(maxsize=1)
def _client(bucket: Bucket) -> S3:
    from botocore.config import Config
    from botocore.session import Session

    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": bucket.style},
        connect_timeout=CONNECT_S,
        read_timeout=SILENT_S,
        retries={"total_max_attempts": CALLS, "mode": "standard"},
        # Checksums in the newer manner are refused by storages that do not know them.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    keys = {"aws_access_key_id": bucket.key_id or None, "aws_secret_access_key": bucket.secret or None}
    where = {"region_name": bucket.region, "endpoint_url": bucket.endpoint or None}
    client: S3 = Session().create_client("s3", config=config, aws_session_token=bucket.token or None, **keys, **where)
    return client
