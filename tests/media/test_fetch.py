import gzip
import hashlib
import io
import ssl
from pathlib import Path

import pytest

from tests.media.conftest import Talk
from tests.media.servers import FileServer, Talker, answer, saying
from tests.servers import free_port
from wanstudio.media.errors import FetchError, FetchProblem
from wanstudio.media.fetch import Fetcher, Limits

PEM = Path(__file__).with_name("media.example.pem")


def download(fetcher: Fetcher, url: str, max_bytes: int = 1000, deadline_s: float = 60) -> tuple[bytes, str]:
    out = io.BytesIO()
    sha256 = fetcher.download(url, out, Limits(max_bytes, deadline_s))
    return out.getvalue(), sha256


def problem(fetcher: Fetcher, url: str, max_bytes: int = 1000, deadline_s: float = 60) -> FetchError:
    with pytest.raises(FetchError) as caught:
        download(fetcher, url, max_bytes, deadline_s)
    return caught.value


def test_download(files: FileServer, fetcher: Fetcher) -> None:
    content = bytes(range(256)) * 3000
    (files.folder / "a.mp4").write_bytes(content)
    body, sha256 = download(fetcher, files.url("a.mp4"), len(content))
    assert body == content
    assert sha256 == hashlib.sha256(content).hexdigest()
    assert files.requests[0]["Accept-Encoding"] == "identity"
    assert "Range" not in files.requests[0]
    assert not {"Authorization", "Cookie", "Referer"} & set(files.requests[0])


def test_nothing_comes_from_the_environment(
    files: FileServer, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    (files.folder / "a").write_bytes(b"here")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert download(fetcher, files.url("a"))[0] == b"here"


def test_loopback_is_refused_without_exception(files: FileServer) -> None:
    assert problem(Fetcher(), files.url("a")).code == FetchProblem.PRIVATE_ADDRESS
    assert files.requests == []


def test_the_checked_address_is_dialled_and_the_name_is_resolved_once(files: FileServer) -> None:
    (files.folder / "a").write_bytes(b"here")
    port = files.host.split(":")[1]
    answers = iter([["127.0.0.1"]])
    fetcher = Fetcher({f"rebind.example:{port}"}, resolver=lambda _host, _port: next(answers))
    assert download(fetcher, f"http://rebind.example:{port}/a")[0] == b"here"
    assert files.requests[0]["Host"] == f"rebind.example:{port}"


def test_the_next_address_is_tried(files: FileServer) -> None:
    (files.folder / "a").write_bytes(b"here")
    port = files.host.split(":")[1]
    fetcher = Fetcher({f"two.example:{port}"}, resolver=lambda _host, _port: ["127.0.0.9", "127.0.0.1"])
    assert download(fetcher, f"http://two.example:{port}/a")[0] == b"here"


def test_redirects_are_followed(files: FileServer, fetcher: Fetcher) -> None:
    (files.folder / "a").write_bytes(b"here")
    url = files.url(f"to/{files.url('to//a')}")
    assert download(fetcher, url)[0] == b"here"
    with fetcher.open(url) as opened:
        assert opened.final_url == files.url("a")


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:1/",
        "http://localhost/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://inside.example/",
    ],
)
def test_redirects_to_private_addresses_are_refused(files: FileServer, location: str) -> None:
    fetcher = Fetcher({files.host}, resolver=lambda _host, _port: ["10.0.0.1"])
    assert problem(fetcher, files.url(f"to/{location}")).code == FetchProblem.PRIVATE_ADDRESS


@pytest.mark.parametrize("location", ["file:///etc/passwd", "http://a@127.0.0.1/", "ftp://example.com/"])
def test_redirects_to_other_things_are_refused(files: FileServer, fetcher: Fetcher, location: str) -> None:
    assert problem(fetcher, files.url(f"to/{location}")).code == FetchProblem.INVALID_URL


def test_redirects_end(talk: Talk) -> None:
    server = talk(saying(answer(b"", "Location: /again", status="302 Found")))
    assert problem(Fetcher({server.host}), server.url()).code == FetchProblem.TOO_MANY_REDIRECTS
    assert len(server.heads) == 4


def test_service_ports_are_not_dialled_at_the_first_hop_nor_a_later_one(files: FileServer) -> None:
    fetcher = Fetcher({files.host}, resolver=lambda _host, _port: ["8.8.8.8"])
    for port in (22, 25, 6000, 10080):
        assert problem(fetcher, f"https://files.example:{port}/a").code == FetchProblem.SERVICE_PORT
        assert problem(fetcher, files.url(f"to/http://files.example:{port}/a")).code == FetchProblem.SERVICE_PORT
        with pytest.raises(FetchError) as caught:
            fetcher.post(f"https://hooks.example:{port}/", b"{}", {}, deadline_s=5, max_bytes=10)
        assert caught.value.code == FetchProblem.SERVICE_PORT


def test_service_port_that_is_listed_is_dialled() -> None:
    # Nobody serves there: that the connection is refused shows that it was tried.
    assert problem(Fetcher({"127.0.0.1:1"}), "http://127.0.0.1:1/").code == FetchProblem.UNREACHABLE


@pytest.mark.parametrize(("listed", "given"), [("{}.", "{}"), ("{}", "{}."), ("{}.", "{}."), ("Media.Example", "{}")])
def test_dot_at_the_end_of_a_name_makes_no_other_host(files: FileServer, listed: str, given: str) -> None:
    (files.folder / "a").write_bytes(b"here")
    port = files.host.split(":")[1]
    fetcher = Fetcher({f"{listed.format('media.example')}:{port}"}, resolver=lambda _host, _port: ["127.0.0.1"])
    assert download(fetcher, f"http://{given.format('media.example')}:{port}/a")[0] == b"here"
    assert files.requests[0]["Host"] == f"media.example:{port}"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "without signing in"),
        (403, "without signing in"),
        (404, "no file at this link"),
        (410, "no file at this link"),
        (418, "status 418"),
        (429, "too many"),
        (204, "status 204"),
        (206, "status 206"),
        (304, "status 304"),
        (302, "status 302"),
        (500, "has a problem"),
        (503, "has a problem"),
    ],
)
def test_statuses(talk: Talk, status: int, words: str) -> None:
    server = talk(saying(answer(b"", status=f"{status} Whatever")))
    error = problem(Fetcher({server.host}), server.url())
    assert (error.code, error.http_status) == (FetchProblem.HTTP_STATUS, status)
    assert words in error.sentence
    assert str(status) in error.sentence


def test_too_large_as_announced(talk: Talk) -> None:
    server = talk(saying(answer(b"", length=10**12)))
    error = problem(Fetcher({server.host}), server.url(), max_bytes=10 * 1024 * 1024)
    assert error.code == FetchProblem.TOO_LARGE
    assert "10 MB" in error.sentence


def test_too_large_without_announcement(talk: Talk) -> None:
    server = talk(saying(answer(b"x" * 1001, length=None)))
    error = problem(Fetcher({server.host}), server.url())
    assert error.code == FetchProblem.TOO_LARGE
    assert "1,000 bytes" in error.sentence


def test_exactly_the_limit(talk: Talk) -> None:
    server = talk(saying(answer(b"x" * 1000, length=None)))
    assert download(Fetcher({server.host}), server.url())[0] == b"x" * 1000


@pytest.mark.parametrize(
    "said",
    [
        answer(b"half", length=8),
        answer(b"5\r\nhalf", "Transfer-Encoding: chunked", length=None),
        answer(b"zz\r\nhalf", "Transfer-Encoding: chunked", length=None),
        answer(b"4\r\nhalf\r\n", "Transfer-Encoding: chunked", length=None),
    ],
)
def test_cut_short(talk: Talk, said: bytes) -> None:
    server = talk(saying(said))
    assert problem(Fetcher({server.host}), server.url()).code == FetchProblem.CUT_SHORT


def test_more_than_announced_is_ignored(talk: Talk) -> None:
    server = talk(saying(answer(b"four and more", "Connection: keep-alive", length=4)))
    assert download(Fetcher({server.host}), server.url())[0] == b"four"


@pytest.mark.parametrize("length", ["-1", "abc"])
def test_nonsense_lengths_are_no_lengths(talk: Talk, length: str) -> None:
    server = talk(saying(answer(b"here", f"Content-Length: {length}", length=None)))
    assert download(Fetcher({server.host}), server.url())[0] == b"here"


def test_chunked(talk: Talk) -> None:
    server = talk(saying(answer(b"4\r\nhere\r\n0\r\n\r\n", "Transfer-Encoding: chunked", length=None)))
    assert download(Fetcher({server.host}), server.url())[0] == b"here"


def test_compressed_bodies_are_never_unpacked(talk: Talk) -> None:
    bomb = gzip.compress(bytes(10_000_000))
    server = talk(saying(answer(bomb, "Content-Encoding: gzip", "Content-Type: video/mp4; a=b")))
    assert download(Fetcher({server.host}), server.url(), max_bytes=len(bomb))[0] == bomb


@pytest.mark.parametrize("said", [b"", b"SSH-2.0-OpenSSH\r\n", b"\x15\x03\x01\0\x02\x02", b"HTTP/1.1 200 OK\r\n" * 300])
def test_no_http(talk: Talk, said: bytes) -> None:
    server = talk(saying(said))
    assert problem(Fetcher({server.host}), server.url()).code == FetchProblem.UNREACHABLE


def test_nobody_listens() -> None:
    host = f"127.0.0.1:{free_port()}"
    assert problem(Fetcher({host}), f"http://{host}/").code == FetchProblem.UNREACHABLE


def test_ranges(files: FileServer, fetcher: Fetcher) -> None:
    (files.folder / "a").write_bytes(b"0123456789")
    with fetcher.open(files.url("a"), byte_range=(2, 4)) as opened:
        assert (opened.response.status, opened.total_size) == (206, 10)
        assert b"".join(opened.chunks(100)) == b"234"
    with fetcher.open(files.url("a"), byte_range=(7, None)) as opened:
        assert b"".join(opened.chunks(2)) == b"78"


def test_ranges_without_total(talk: Talk) -> None:
    server = talk(saying(answer(b"234", "Content-Range: bytes 2-4/*", status="206 Partial Content")))
    with Fetcher({server.host}).open(server.url(), byte_range=(2, 4)) as opened:
        assert opened.total_size is None


@pytest.mark.parametrize("said", ["bytes 0-2/10", "bytes 2-/10", "pages 2-4/10", ""])
def test_another_range_than_asked_for(talk: Talk, said: str) -> None:
    server = talk(saying(answer(b"234", f"Content-Range: {said}", status="206 Partial Content")))
    with pytest.raises(FetchError, match="wrong part"), Fetcher({server.host}).open(server.url(), byte_range=(2, 4)):
        pass


class TestTls:
    def serve(self, host: str, tls: ssl.SSLContext | None) -> bytes:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(PEM)
        with Talker(saying(answer(b"secret")), context) as server:
            fetcher = Fetcher({f"{host}:{server.port}"}, resolver=lambda _host, _port: ["127.0.0.1"], tls=tls)
            return download(fetcher, f"https://{host}:{server.port}/")[0]

    def test_the_certificate_is_checked_for_the_name(self) -> None:
        trusting = ssl.create_default_context(cafile=str(PEM))
        assert self.serve("media.example", trusting) == b"secret"
        assert self.serve("media.example.", trusting) == b"secret"
        with pytest.raises(FetchError, match="certificate"):
            self.serve("other.example", trusting)

    def test_unknown_authorities_are_refused(self) -> None:
        with pytest.raises(FetchError, match="certificate") as caught:
            self.serve("media.example", None)
        assert caught.value.code == FetchProblem.UNREACHABLE

    def test_redirect_from_https_to_http_is_refused(self, files: FileServer) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(PEM)
        down = saying(answer(b"", f"Location: {files.url('a')}", status="302 Found"))
        with Talker(down, context) as server:
            listed = {f"media.example:{server.port}", files.host}
            trusting = ssl.create_default_context(cafile=str(PEM))
            fetcher = Fetcher(listed, resolver=lambda _host, _port: ["127.0.0.1"], tls=trusting)
            error = problem(fetcher, f"https://media.example:{server.port}/")
        assert (error.code, "from https to http" in error.sentence) == (FetchProblem.INVALID_URL, True)
        assert files.requests == []

    def test_no_tls_behind_https(self, talk: Talk) -> None:
        server = talk(saying(answer(b"plain")))
        assert problem(Fetcher({server.host}), f"https://{server.host}/").code == FetchProblem.UNREACHABLE
