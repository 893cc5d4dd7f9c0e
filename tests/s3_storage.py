"""An S3 for tests: a real HTTP server that believes no request whose signature, time or right is not exact.

    with running() as s3: s3.settings ... s3.objects

It signs what it is sent once more, with botocore's own signer, and compares. Buckets by path and by host. A test can
take rights away, move its clock, and let answers break.
"""

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit
from xml.sax.saxutils import escape

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEY_ID, SECRET, REGION, BUCKET = "AKIDOFTHETESTS", "secret-of-the-tests-0123456789", "eu-test-1", "wan-uploads"
MAX_SKEW, MAX_EXPIRY_S = timedelta(minutes=15), 7 * 24 * 60 * 60
RIGHTS = ("s3:PutObject", "s3:GetObject", "s3:DeleteObject", "s3:ListBucket")
TIME = "%Y%m%dT%H%M%SZ"


@dataclass
class Stored:
    body: bytes
    kind: str
    at: datetime
    about: dict[str, str] = field(default_factory=dict)


@dataclass
class Asked:
    """A request that was answered: by whom (`key`, `link`), what for, and how."""

    method: str
    key: str
    by: str
    status: int
    copied: bool = False


class Refused(Exception):
    def __init__(self, status: int, code: str, more: str = "") -> None:
        super().__init__(code)
        self.status, self.code, self.more = status, code, more


@dataclass
class Storage:
    """The server's state. `links`: the signed paths that were asked for.

    `before`: called with method and key before anything is done; it can raise Refused.
    """

    objects: dict[str, Stored] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    rights: set[str] = field(default_factory=lambda: set(RIGHTS))
    secret: str = SECRET
    clock: timedelta = timedelta(0)
    copies: bool = True
    before: Callable[[str, str], None] = lambda method, key: None
    host: str = ""

    @property
    def now(self) -> datetime:
        return datetime.now(UTC) + self.clock

    @property
    def settings(self) -> dict[str, str]:
        return {
            "AWS_STORAGE_BUCKET_NAME": BUCKET,
            "AWS_S3_ENDPOINT_URL": f"http://{self.host}",
            "AWS_S3_REGION_NAME": REGION,
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
        }

    def by(self, method: str) -> list[Asked]:
        return [each for each in self.asked if each.method == method]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    storage: Storage

    def _do(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts, by, copied = urlsplit(self.path), "nobody", "x-amz-copy-source" in self.headers
        bucket, key = self._names(unquote(parts.path))
        try:
            by = self._signer(body)
            if bucket != BUCKET:
                raise Refused(404, "NoSuchBucket")
            self.storage.before(self.command, key)
            status, kind, answer = self._answer(key, body, dict(parse_qsl(parts.query)))
        except Refused as refused:
            status, kind = refused.status, "application/xml"
            answer = f"<Error><Code>{refused.code}</Code><Message>no</Message>{refused.more}</Error>".encode()
        except ConnectionError:
            self.close_connection = True
            return
        self.storage.asked.append(Asked(self.command, key, by, status, copied))
        self._reply(status, kind, answer, key)

    do_GET = do_PUT = do_DELETE = do_HEAD = do_POST = _do  # noqa: N815

    def _reply(self, status: int, kind: str, answer: bytes, key: str) -> None:
        size = len(answer)
        headers: dict[str, str] = {}
        query = dict(parse_qsl(urlsplit(self.path).query))
        if status == 200 and self.command in ("GET", "HEAD") and key in self.storage.objects:
            headers |= {f"x-amz-meta-{name}": value for name, value in self.storage.objects[key].about.items()}
            kind = query.get("response-content-type", kind)
            if said := query.get("response-content-disposition"):
                headers["Content-Disposition"] = said
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked and status == 200 and self.command == "GET":
            first, last = int(asked[1]), min(int(asked[2] or size), size - 1)
            if first >= size:
                status, answer = 416, b""
                headers["Content-Range"] = f"bytes */{size}"
            else:
                status, answer = 206, answer[first : last + 1]
                headers["Content-Range"] = f"bytes {first}-{last}/{size}"
        self.send_response_only(status)
        self.send_header("Date", format_datetime(self.storage.now, usegmt=True))
        for name, value in {"Content-Type": kind, "Accept-Ranges": "bytes", "ETag": '"of-tests"', **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(0 if status == 204 else len(answer)))
        self.end_headers()
        if self.command != "HEAD" and status != 204:
            try:
                self.wfile.write(answer)
            except ConnectionError:
                # A player has enough of it.
                self.close_connection = True

    def _names(self, path: str) -> tuple[str, str]:
        host = self.headers.get("Host", "")
        if host != self.storage.host and host.endswith(f".{self.storage.host}"):
            return host.removesuffix(f".{self.storage.host}"), path[1:]
        bucket, _, key = path[1:].partition("/")
        return bucket, key

    def _signer(self, body: bytes) -> str:
        query = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        if "X-Amz-Signature" in query:
            self.storage.links.append(self.path)
            self._check_link(query)
            return "link"
        self._check_header(body)
        return "key"

    def _check_link(self, query: dict[str, str]) -> None:
        given = query.pop("X-Amz-Signature")
        signed_at, expires = query.get("X-Amz-Date", ""), query.get("X-Amz-Expires", "")
        try:
            began, seconds = datetime.strptime(signed_at, TIME).replace(tzinfo=UTC), int(expires)
        except ValueError:
            raise Refused(400, "AuthorizationQueryParametersError") from None
        if not 0 < seconds <= MAX_EXPIRY_S:
            raise Refused(400, "AuthorizationQueryParametersError")
        self._check(S3SigV4QueryAuth, query.get("X-Amz-Credential", ""), signed_at, given, query)
        if not began - MAX_SKEW < self.storage.now < began + timedelta(seconds=seconds):
            raise Refused(403, "AccessDenied", "<Expires>past</Expires>")

    def _check_header(self, body: bytes) -> None:
        found = re.fullmatch(
            r"AWS4-HMAC-SHA256 Credential=(\S+), SignedHeaders=(\S+), Signature=(\w+)",
            self.headers.get("Authorization", ""),
        )
        if not found:
            raise Refused(403, "AccessDenied")
        signed_at, hashed = self.headers.get("X-Amz-Date", ""), self.headers.get("X-Amz-Content-SHA256", "")
        if abs(datetime.strptime(signed_at, TIME).replace(tzinfo=UTC) - self.storage.now) > MAX_SKEW:
            raise Refused(403, "RequestTimeTooSkewed")
        query = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        self._check(S3SigV4Auth, found[1], signed_at, found[3], query, found[2].split(";"))
        if hashed not in ("UNSIGNED-PAYLOAD", hashlib.sha256(body).hexdigest()):
            raise Refused(400, "XAmzContentSHA256Mismatch")

    def _check(
        self,
        signer: type[S3SigV4Auth] | type[S3SigV4QueryAuth],
        credential: str,
        signed_at: str,
        given: str,
        query: dict[str, str],
        names: tuple[str, ...] | list[str] = ("host",),
    ) -> None:
        """Raises Refused unless the same signature comes of signing the request that arrived."""
        key_id, day, region, *_ = [*credential.split("/"), "", "", ""]
        if key_id != KEY_ID:
            raise Refused(403, "InvalidAccessKeyId")
        if region != REGION:
            raise Refused(400, "AuthorizationHeaderMalformed", f"<Region>{REGION}</Region>")
        auth = signer(Credentials(KEY_ID, self.storage.secret), "s3", REGION)
        address = f"http://{self.headers['Host']}{urlsplit(self.path).path}"
        if query:
            address += f"?{urlencode(query, quote_via=quote, safe='~')}"
        headers = {name: self.headers.get(name, "") for name in names}
        request = AWSRequest(self.command, address, headers)
        request.context["timestamp"] = signed_at
        text = auth.string_to_sign(request, auth.canonical_request(request))
        if day != signed_at[:8] or auth.signature(text, request) != given:
            raise Refused(403, "SignatureDoesNotMatch")

    def _allow(self, right: str) -> None:
        if right not in self.storage.rights:
            raise Refused(403, "AccessDenied")

    def _answer(self, key: str, body: bytes, query: dict[str, str]) -> tuple[int, str, bytes]:
        objects, now = self.storage.objects, self.storage.now
        match self.command:
            case "PUT" if source := self.headers.get("x-amz-copy-source"):
                self._allow("s3:GetObject")
                self._allow("s3:PutObject")
                if not self.storage.copies:
                    raise Refused(501, "NotImplemented")
                _, _, name = unquote(source).lstrip("/").partition("/")
                if name not in objects:
                    raise Refused(404, "NoSuchKey")
                objects[key] = Stored(objects[name].body, objects[name].kind, now, self._about())
                return 200, "application/xml", b'<CopyObjectResult><ETag>"x"</ETag></CopyObjectResult>'
            case "PUT":
                self._allow("s3:PutObject")
                objects[key] = Stored(body, self.headers.get("Content-Type", ""), now, self._about())
                return 200, "", b""
            case "DELETE":
                self._allow("s3:DeleteObject")
                objects.pop(key, None)
                return 204, "", b""
            case "GET" | "HEAD" if key:
                self._allow("s3:GetObject")
                if key not in objects:
                    raise Refused(404, "NoSuchKey")
                return 200, objects[key].kind, objects[key].body
            case _:
                self._allow("s3:ListBucket")
                return 200, "application/xml", self._list(query)

    def _about(self) -> dict[str, str]:
        mark = "x-amz-meta-"
        return {name[len(mark) :]: value for name, value in self.headers.items() if name.lower().startswith(mark)}

    def _list(self, query: dict[str, str]) -> bytes:
        """Two names a page, so that every listing is longer than one."""
        names = sorted(name for name in self.storage.objects if name.startswith(query.get("prefix", "")))
        after = query.get("continuation-token", "")
        left = [name for name in names if name > after]
        rows = "".join(
            f"<Contents><Key>{escape(name)}</Key><LastModified>{self.storage.objects[name].at:%Y-%m-%dT%H:%M:%S.000Z}"
            f"</LastModified></Contents>"
            for name in left[:2]
        )
        more = f"<NextContinuationToken>{left[1]}</NextContinuationToken>" if len(left) > 2 else ""
        flag = str(len(left) > 2).lower()
        return f"<ListBucketResult><IsTruncated>{flag}</IsTruncated>{more}{rows}</ListBucketResult>".encode()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def running(host: str = "127.0.0.1", port: int = 0) -> Iterator[Storage]:
    storage = Storage()

    class Bound(Handler):
        pass

    Bound.storage = storage
    server = ThreadingHTTPServer((host, port), Bound)
    storage.host = f"{host}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield storage
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
