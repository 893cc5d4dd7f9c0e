import io

import pytest

from tests.media.conftest import Talk
from tests.media.servers import FileServer, answer
from wanstudio.media.decoder_messages import UNKNOWN_SIZE
from wanstudio.media.errors import FetchError, FetchProblem
from wanstudio.media.fetch import Fetcher
from wanstudio.media.remote_file import RemoteFile

CONTENT = bytes(range(251)) * 40


@pytest.fixture
def url(files: FileServer) -> str:
    (files.folder / "a").write_bytes(CONTENT)
    return files.url("a")


def test_reads_like_a_file(files: FileServer, fetcher: Fetcher, url: str) -> None:
    remote = RemoteFile(fetcher, url, max_bytes=30_000, max_requests=3)
    assert remote.readable()
    assert remote.seekable()
    assert remote.size == len(CONTENT)
    assert remote.read(10) == CONTENT[:10]
    assert remote.tell() == 10
    assert remote.seek(-5, io.SEEK_END) == len(CONTENT) - 5
    assert remote.read(10) == CONTENT[-5:]
    assert remote.read(10) == b""
    assert remote.seek(5) == 5
    assert remote.seek(5, io.SEEK_CUR) == 10
    assert remote.read() == CONTENT[10:]
    assert remote.seek(-1) == 0
    assert remote.seek(len(CONTENT) + 5) > 0
    assert remote.read() == b""
    assert files.bytes_sent == len(CONTENT)


def test_pieces_that_were_read_are_kept(files: FileServer, fetcher: Fetcher, url: str) -> None:
    remote = RemoteFile(fetcher, url, max_bytes=600, max_requests=6)
    for _ in range(5):
        remote.seek(5000)
        assert remote.read(80) == CONTENT[5000:5080]
    assert len(files.requests) == 2


def test_near_the_end_the_tail_comes_at_once(files: FileServer, fetcher: Fetcher, url: str) -> None:
    remote = RemoteFile(fetcher, url, max_bytes=600, max_requests=6)
    for back in (8, 40, 99):
        remote.seek(-back, io.SEEK_END)
        assert remote.read(8) == CONTENT[-back:][:8]
    assert len(files.requests) == 2


def test_budget_of_requests(files: FileServer, fetcher: Fetcher, url: str) -> None:
    remote = RemoteFile(fetcher, url, max_bytes=300, max_requests=3)
    for position in (0, 1000, 2000):
        remote.seek(position)
        remote.read(1)
    remote.seek(3000)
    with pytest.raises(FetchError, match="Upload it") as caught:
        remote.read(1)
    assert caught.value.code == FetchProblem.OVER_BUDGET
    assert (len(files.requests), files.bytes_sent) == (3, 300)


def test_budget_of_bytes(files: FileServer, fetcher: Fetcher, url: str) -> None:
    remote = RemoteFile(fetcher, url, max_bytes=600, max_requests=3)
    remote.seek(1000)
    with pytest.raises(FetchError, match="Too much"):
        remote.read(500)
    assert files.bytes_sent == 600


def test_redirects_cost_requests_only_once(files: FileServer, fetcher: Fetcher, url: str) -> None:
    remote = RemoteFile(fetcher, files.url(f"to/{url}"), max_bytes=600, max_requests=4)
    for position in (0, 1000, 2000):
        remote.seek(position)
        assert remote.read(3) == CONTENT[position:][:3]
    assert len(files.requests) == 4


def test_deadline_for_all_requests_together(fetcher: Fetcher, url: str) -> None:
    remote = RemoteFile(fetcher, url, max_bytes=600, deadline_s=0.0001)
    with pytest.raises(FetchError) as caught:
        remote.read(1)
    assert caught.value.code == FetchProblem.TIMED_OUT


def test_empty(files: FileServer, fetcher: Fetcher) -> None:
    (files.folder / "empty").write_bytes(b"")
    assert RemoteFile(fetcher, files.url("empty")).read() == b""
    files.ranges = False
    assert RemoteFile(fetcher, files.url("empty")).read() == b""


def test_missing(files: FileServer, fetcher: Fetcher) -> None:
    with pytest.raises(FetchError, match="no file at this link"):
        RemoteFile(fetcher, files.url("missing")).read(1)


class TestWithoutRanges:
    @pytest.fixture(autouse=True)
    def no_ranges(self, files: FileServer) -> None:
        files.ranges = False

    @pytest.mark.parametrize("announce", [True, False])
    def test_the_head_is_read_once(self, files: FileServer, fetcher: Fetcher, url: str, announce: bool) -> None:
        files.announce = announce
        remote = RemoteFile(fetcher, url, max_bytes=500)
        assert remote.size == (len(CONTENT) if announce else UNKNOWN_SIZE)
        assert remote.read(400) == CONTENT[:400]
        with pytest.raises(FetchError, match="only from its beginning") as caught:
            remote.read(200)
        assert caught.value.code == FetchProblem.NO_RANGES
        assert len(files.requests) == 1

    def test_a_small_file_is_read_whole(self, files: FileServer, fetcher: Fetcher, url: str) -> None:
        files.announce = False
        remote = RemoteFile(fetcher, url, max_bytes=20_000)
        assert remote.size == len(CONTENT)
        assert remote.read() == CONTENT


def part(start: int, total: str, body: bytes = b"x" * 100) -> bytes:
    return answer(body, f"Content-Range: bytes {start}-{start + 99}/{total}", status="206 Partial Content")


def read_twice(talk: Talk, first: bytes, second: bytes) -> bytes:
    said = iter([first, second])
    server = talk(lambda wire, _: wire.sendall(next(said)))
    remote = RemoteFile(Fetcher({server.host}), server.url(), max_bytes=600, max_requests=6)
    remote.read(1)
    remote.seek(500)
    return remote.read(1)


def test_a_file_that_changes_meanwhile(talk: Talk) -> None:
    with pytest.raises(FetchError, match="changed"):
        read_twice(talk, part(0, "1000"), part(500, "1001"))
    with pytest.raises(FetchError, match="changed"):
        read_twice(talk, part(0, "1000"), part(500, "1000", body=b""))
    with pytest.raises(FetchError, match="changed"):
        read_twice(talk, part(0, "1000"), answer(b"x" * 200))


def test_a_total_that_is_told_only_once(talk: Talk) -> None:
    assert read_twice(talk, part(0, "1000"), part(500, "*")) == b"x"


def test_a_server_that_forgets_ranges(talk: Talk) -> None:
    with pytest.raises(FetchError, match="only from its beginning"):
        read_twice(talk, part(0, "1000"), answer(b"x" * 1000))


def test_a_range_beyond_the_end_of_a_file_that_was_cut(talk: Talk) -> None:
    with pytest.raises(FetchError) as caught:
        read_twice(talk, part(0, "1000"), answer(b"", status="416 Range Not Satisfiable"))
    assert caught.value.http_status == 416
