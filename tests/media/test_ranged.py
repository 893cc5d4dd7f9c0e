import io
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from django.http import HttpResponseBase, StreamingHttpResponse
from django.test import RequestFactory

from wanstudio.media.ranged import ServedFile, ranged_response

CONTENT = bytes(range(256)) * 4
SIZE = len(CONTENT)
ETAG = '"abc"'
MODIFIED = datetime(2026, 3, 4, 5, 6, 7, 890_000, tzinfo=UTC)


class Opener:
    """Opens the file, and remembers what became of it."""

    def __init__(self, content: bytes = CONTENT) -> None:
        self.content = content
        self.files: list[io.BytesIO] = []

    def __call__(self) -> io.BytesIO:
        self.files.append(io.BytesIO(self.content))
        return self.files[-1]


def ask(
    method: str = "GET",
    *,
    opener: Opener | None = None,
    size: int = SIZE,
    filename: str = "a.mp4",
    attachment: bool = False,
    etag: str = ETAG,
    **headers: str,
) -> HttpResponseBase:
    request = RequestFactory().generic(method, "/", headers={k.replace("_", "-"): v for k, v in headers.items()})
    return ranged_response(
        request,
        ServedFile(
            opener or Opener(CONTENT[:size]),
            size,
            etag,
            MODIFIED,
            "video/mp4",
            filename=filename,
            attachment=attachment,
        ),
    )


def body(response: HttpResponseBase) -> bytes:
    return response.getvalue() if isinstance(response, StreamingHttpResponse) else response.content  # type: ignore[attr-defined]


def date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


def test_whole() -> None:
    response = ask()
    assert (response.status_code, body(response)) == (200, CONTENT)
    assert response.headers["Content-Length"] == str(SIZE)
    assert response.headers["Content-Type"] == "video/mp4"
    assert response.headers["Accept-Ranges"] == "bytes"
    assert response.headers["ETag"] == ETAG
    assert response.headers["Last-Modified"] == "Wed, 04 Mar 2026 05:06:07 GMT"
    assert response.headers["Cache-Control"].startswith("private")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Range" not in response.headers


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-99", 0, 99),
        ("bytes=100-199", 100, 199),
        ("bytes=1000-", 1000, SIZE - 1),
        ("bytes=0-", 0, SIZE - 1),
        ("bytes=0-1023", 0, SIZE - 1),
        ("bytes=1023-1023", SIZE - 1, SIZE - 1),
        ("bytes=1000-999999999999", 1000, SIZE - 1),
        ("bytes=-1", SIZE - 1, SIZE - 1),
        ("bytes=-100", SIZE - 100, SIZE - 1),
        ("bytes=-1024", 0, SIZE - 1),
        ("bytes=-99999", 0, SIZE - 1),
        ("BYTES=5-6", 5, 6),
        ("bytes= 5-6 ", 5, 6),
        ("bytes=007-8", 7, 8),
    ],
)
def test_one_range(asked: str, first: int, last: int) -> None:
    response = ask(range=asked)
    assert response.status_code == 206
    assert response.headers["Content-Range"] == f"bytes {first}-{last}/{SIZE}"
    assert response.headers["Content-Length"] == str(last - first + 1)
    assert body(response) == CONTENT[first : last + 1]


@pytest.mark.parametrize("asked", ["bytes=1024-", "bytes=1024-2000", "bytes=99999-", "bytes=-0"])
def test_unsatisfiable(asked: str) -> None:
    opener = Opener()
    response = ask(range=asked, opener=opener)
    assert response.status_code == 416
    assert response.headers["Content-Range"] == f"bytes */{SIZE}"
    assert body(response) == b""
    assert opener.files == []


@pytest.mark.parametrize("asked", ["bytes=0-", "bytes=0-0", "bytes=-5"])
def test_no_range_of_an_empty_file_can_be_satisfied(asked: str) -> None:
    assert ask(range=asked, size=0).status_code == 416
    assert body(ask(size=0)) == b""


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=5-2",
        "bytes=a-b",
        "bytes=1.5-2",
        "bytes=--5",
        "bytes=+1-2",
        "bytes=٣-٤",
        "bytes 0-5",
        "pages=0-5",
        f"bytes={'9' * 5000}-",
        "bytes=0-1,5-6",
        "bytes=0-1, 5-6",
        "bytes=0-0,-1",
    ],
)
def test_nonsense_and_several_ranges_get_the_whole_file(asked: str) -> None:
    response = ask(range=asked)
    assert (response.status_code, len(body(response))) == (200, SIZE)


def test_head() -> None:
    opener = Opener()
    for asked in ("", "bytes=0-9", "bytes=9999-"):
        response = ask("HEAD", opener=opener, range=asked)
        assert (response.status_code, body(response)) == (200, b"")
        assert response.headers["Content-Length"] == str(SIZE)
        assert response.headers["Accept-Ranges"] == "bytes"
    assert opener.files == []


@pytest.mark.parametrize("tags", [ETAG, 'W/"abc"', '"x", "abc"', "*"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_not_modified_by_tag(method: str, tags: str) -> None:
    opener = Opener()
    response = ask(method, opener=opener, if_none_match=tags, range="bytes=0-5")
    assert (response.status_code, body(response)) == (304, b"")
    assert response.headers["ETag"] == ETAG
    assert "Cache-Control" in response.headers
    assert "Content-Length" not in response.headers
    assert opener.files == []


def test_modified_by_tag() -> None:
    assert ask(if_none_match='"x"').status_code == 200
    # The tag decides, however new the date.
    assert ask(if_none_match='"x"', if_modified_since=date(MODIFIED)).status_code == 200


def test_modified_by_date() -> None:
    assert ask(if_modified_since=date(MODIFIED)).status_code == 304
    assert ask(if_modified_since=date(MODIFIED + timedelta(days=1))).status_code == 304
    assert ask(if_modified_since=date(MODIFIED - timedelta(seconds=1))).status_code == 200
    assert ask(if_modified_since="yesterday").status_code == 200


def test_preconditions_that_fail() -> None:
    assert ask(if_match='"x"').status_code == 412
    assert ask(if_match=ETAG).status_code == 200
    assert ask(if_unmodified_since=date(MODIFIED - timedelta(days=1))).status_code == 412


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        (ETAG, 206),
        ('"x"', 200),
        ('W/"abc"', 200),
        ("abc", 200),
        (date(MODIFIED), 206),
        (date(MODIFIED - timedelta(seconds=1)), 200),
        (date(MODIFIED + timedelta(seconds=1)), 200),
        ("nonsense", 200),
        ("", 200),
    ],
)
def test_if_range(condition: str, status: int) -> None:
    assert ask(range="bytes=0-5", if_range=condition).status_code == status


def test_an_outdated_condition_saves_an_unsatisfiable_range() -> None:
    assert ask(range="bytes=5000-", if_range='"x"').status_code == 200


def test_tags_get_their_quotes() -> None:
    assert ask(etag="abc").headers["ETag"] == ETAG
    assert ask(etag="abc", range="bytes=0-5", if_range=ETAG).status_code == 206


@pytest.mark.parametrize(
    ("name", "attachment", "header"),
    [
        ("a.mp4", False, 'inline; filename="a.mp4"'),
        ("Robot dance.mp4", True, 'attachment; filename="Robot dance.mp4"'),
        ('say "hi".mp4', True, 'attachment; filename="say \\"hi\\".mp4"'),
        ("Tänzer.mp4", True, "attachment; filename*=utf-8''T%C3%A4nzer.mp4"),
        ("a\r\nSet-Cookie: b.mp4", True, "attachment; filename*=utf-8''a%0D%0ASet-Cookie%3A%20b.mp4"),
        ("", True, "attachment"),
        ("", False, "inline"),
    ],
)
def test_names(name: str, attachment: bool, header: str) -> None:
    assert ask(filename=name, attachment=attachment).headers["Content-Disposition"] == header


# A response that is closed has Django look after its connections.
@pytest.mark.django_db
def test_the_file_is_closed_whether_it_was_read_or_not() -> None:
    opener = Opener()
    body(response := ask(opener=opener))
    response.close()
    ask(opener=opener).close()
    assert [file.closed for file in opener.files] == [True, True]


def test_large_files_come_in_pieces() -> None:
    opener = Opener(bytes(1_000_000))
    response = ask(opener=opener, size=1_000_000, range="bytes=1-")
    assert isinstance(response, StreamingHttpResponse)
    assert [len(chunk) for chunk in response] == [262144, 262144, 262144, 213567]


def test_a_file_that_shrank_ends() -> None:
    assert body(ask(opener=Opener(CONTENT[:10]))) == CONTENT[:10]


def test_a_missing_file_is_noticed_before_the_answer() -> None:
    def missing() -> io.BytesIO:
        raise FileNotFoundError

    with pytest.raises(FileNotFoundError):
        ask(opener=missing)  # type: ignore[arg-type]
