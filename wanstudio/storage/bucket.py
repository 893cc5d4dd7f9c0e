"""The bucket as its client sees it: objects are put, fetched by a link, listed and removed; and its refusals in words.

`where` is the bucket; without one it is that of uploads on their way to a provider. botocore takes 0.2 s and 40 MB: it
is imported by the first call, and only where a bucket is set.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Protocol, TypedDict

from django.conf import settings

from wanstudio.media.errors import FetchError, FetchProblem
from wanstudio.settings_bucket import Bucket
from wanstudio.work.elsewhere import elsewhere

CONTENT_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}
CONNECT_S, SILENT_S, CALLS, CHUNK = 10, 60, 2, 1024 * 1024
# Storages refuse a request whose time differs by 15 minutes; from here on a refusal is put down to it.
CLOCKS_DIFFER = timedelta(minutes=5)
PASSING = ("RequestTimeout", "SlowDown", "TooManyRequests", "Throttling", "InternalError", "ServiceUnavailable")
WRONG_PAIR = "AWS_SECRET_ACCESS_KEY does not belong to AWS_ACCESS_KEY_ID. Copy both again."
KEY_EXPIRED = "The temporary key in AWS_SESSION_TOKEN has expired. Set a lasting one."
OTHER_REGION = "The bucket is in another region{region}. Set AWS_S3_REGION_NAME to it."
REFUSALS = {
    "NoSuchBucket": "There is no bucket {bucket} at {host}. Check {setting} and AWS_S3_ENDPOINT_URL.",
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


class BucketRefused(FetchError, OSError):
    """The sentence says what to do. `is_passing`: the same can work in a while. Of the media, their storage fails."""

    def __init__(self, sentence: str, *, is_passing: bool = False) -> None:
        super().__init__(FetchProblem.UNREACHABLE, sentence)
        self.is_passing = is_passing


class Listed(TypedDict):
    Key: str
    LastModified: datetime


class Page(TypedDict, total=False):
    Contents: list[Listed]
    NextContinuationToken: str


class Body(Protocol):
    def iter_chunks(self, chunk_size: int) -> Iterator[bytes]: ...


class Object(TypedDict):
    Body: Body
    ContentLength: int
    Metadata: dict[str, str]


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
    def get_object(self, **fields: object) -> Object: ...
    def head_object(self, **fields: object) -> Object: ...
    def copy_object(self, **fields: object) -> object: ...
    def delete_object(self, **fields: object) -> object: ...
    def list_objects_v2(self, **fields: object) -> Page: ...
    def generate_presigned_url(self, method: str, Params: dict[str, str], ExpiresIn: int) -> str: ...  # noqa: N803


def put(key: str, path: Path, like: str = "", where: Bucket | None = None, **about: str) -> None:
    """One PUT, whole or not at all: a broken one leaves no parts behind. From `like` it is copied within the bucket.

    `about`: kept with it. Raises BucketRefused, and OSError if there is no such file.
    """
    kind = CONTENT_TYPES.get(path.suffix, "video/mp4")
    if like and _copied(key, like, where, ContentType=kind, Metadata=about):
        return
    with path.open("rb") as file:
        put_bytes(key, file, kind, where, **about)


def put_bytes(key: str, body: BinaryIO | bytes, kind: str, where: Bucket | None = None, **about: str) -> None:
    with _asking("s3:PutObject", where) as (client, bucket):
        client.put_object(Bucket=bucket.name, Key=key, Body=body, ContentType=kind, Metadata=about)


def _copied(key: str, like: str, where: Bucket | None, **fields: object) -> bool:
    """Not every storage copies, and the original can be gone: then it is sent once more."""
    try:
        with _asking("s3:GetObject", where) as (client, bucket):
            source = {"Bucket": bucket.name, "Key": like}
            client.copy_object(Bucket=bucket.name, Key=key, CopySource=source, MetadataDirective="REPLACE", **fields)
    except (BucketRefused, FileNotFoundError):
        return False
    return True


def look(key: str, where: Bucket) -> Object:
    """Its length, and what was put with it. Raises FileNotFoundError, BucketRefused."""
    with _asking("s3:GetObject", where) as (client, bucket):
        return client.head_object(Bucket=bucket.name, Key=key)


def fetch(key: str, into: BinaryIO, where: Bucket) -> Object:
    """All of it, with the key. Raises FileNotFoundError, BucketRefused, and OSError of a full disk."""
    with _asking("s3:GetObject", where) as (client, bucket):
        found = client.get_object(Bucket=bucket.name, Key=key)
        for chunk in found["Body"].iter_chunks(CHUNK):
            into.write(chunk)
        return found


def link(key: str, seconds: int, where: Bucket | None = None, **answer: str) -> str:
    """A secret: the object can be fetched with it, by GET alone, until it expires. Calls no one.

    `answer`: headers of what is sent, such as ResponseContentType.
    """
    with _asking("s3:GetObject", where) as (client, bucket):
        fields = {"Bucket": bucket.name, "Key": key, **answer}
        return client.generate_presigned_url("get_object", Params=fields, ExpiresIn=seconds)


def remove(key: str, where: Bucket | None = None) -> None:
    """Gone, also if it was never there. Raises BucketRefused."""
    with _asking("s3:DeleteObject", where) as (client, bucket):
        client.delete_object(Bucket=bucket.name, Key=key)


def listed(folder: str, where: Bucket | None = None) -> Iterator[list[tuple[str, datetime]]]:
    """Names and times of all objects in a folder, a thousand at a time. Raises BucketRefused."""
    more: dict[str, str] = {}
    while True:
        with _asking("s3:ListBucket", where) as (client, bucket):
            page = client.list_objects_v2(Bucket=bucket.name, Prefix=folder, **more)
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
def _asking(right: str, where: Bucket | None) -> Iterator[tuple[S3, Bucket]]:
    from botocore import exceptions as known

    bucket = where or in_use()
    try:
        with elsewhere():
            yield _client(bucket), bucket
    except known.ClientError as refused:
        # An answer to HEAD names the status alone.
        if right == "s3:GetObject" and refused.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
            raise FileNotFoundError("not in the bucket") from None
        raise _in_words(refused.response, bucket, right) from None
    except known.NoCredentialsError:
        raise BucketRefused(NO_KEY) from None
    except (known.BotoCoreError, ValueError) as wrong:
        # Its own text can quote an address with a signature.
        passing = known.ConnectionError | known.HTTPClientError | known.IncompleteReadError
        sentence = NOT_REACHED.format(host=bucket.host, why=type(wrong).__name__)
        raise BucketRefused(sentence, is_passing=isinstance(wrong, passing)) from None


def _in_words(response: Answer, bucket: Bucket, right: str) -> BucketRefused:
    about, error = response.get("ResponseMetadata", About()), response.get("Error", {})
    code, headers = error.get("Code", ""), about.get("HTTPHeaders", {})
    if differing := clocks_differ(headers.get("date", ""), bucket):
        return BucketRefused(differing)
    facts = {"host": bucket.host, "bucket": bucket.name, "setting": bucket.setting, "right": right, "code": code[:60]}
    region = error.get("Region") or headers.get("x-amz-bucket-region") or ""
    facts["region"] = f", {region[:40]}" if region else ""
    status = about.get("HTTPStatusCode", 0)
    is_passing = code in PASSING or status >= 500 or status == 429
    # An answer to HEAD has no body, and some storages name the status alone.
    code = {"403": "AccessDenied", "404": "NoSuchBucket", "301": "PermanentRedirect"}.get(code, code)
    return BucketRefused(REFUSALS.get(code, UNKNOWN_REFUSAL).format(**facts), is_passing=is_passing)


def clocks_differ(date: str, bucket: Bucket) -> str:
    """The sentence, if this header of an answer is far from our own time."""
    try:
        theirs, ours = parsedate_to_datetime(date), datetime.now(UTC)
        is_far = abs(theirs - ours) > CLOCKS_DIFFER
    except (TypeError, ValueError):
        return ""
    return CLOCKS.format(ours=ours, theirs=theirs, host=bucket.host) if is_far else ""


@lru_cache(maxsize=4)
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
