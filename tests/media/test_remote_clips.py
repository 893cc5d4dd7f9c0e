"""A clip of 100 MB on a server is measured from at most 1 MB and 6 requests, wherever its index stands."""

import struct
from functools import cache
from pathlib import Path

import pytest

from tests.media.clips import FASTSTART, FRAGMENTED, box, boxes, clip, part, rebuilt, shifted, without
from tests.media.servers import FileServer
from wanstudio.media.decoder_messages import VideoFacts
from wanstudio.media.errors import FetchError, FetchProblem, MediaError, MediaProblem
from wanstudio.media.fetch import Fetcher
from wanstudio.media.pictures.frames import clip_poster
from wanstudio.media.probe import probe_video
from wanstudio.media.remote_file import RemoteFile

LARGE = 100_000_000
MEBIBYTE = 1 << 20

film = cache(clip)


@cache
def pieces(seconds: float = 12.3) -> bytes:
    return clip(seconds, fps=30, gop=30, options=FRAGMENTED, audio=True)


@cache
def pieces_in_one_sidx() -> bytes:
    """Its only sidx speaks of a last piece that is 100 MB larger than it is."""
    data = clip(12.3, options={"movflags": "dash+global_sidx+frag_keyframe+empty_moov+skip_trailer"})
    sidx = bytearray(part(data, "sidx"))
    (size,) = struct.unpack_from(">I", sidx, len(sidx) - 12)
    struct.pack_into(">I", sidx, len(sidx) - 12, size + LARGE)
    return data.replace(part(data, "sidx"), bytes(sidx))


def stretch(path: Path, data: bytes, at: int, by: int = LARGE) -> None:
    """Writes a clip with a hole of zeros at an offset: sparse, so that it costs no disk."""
    with path.open("wb") as file:
        file.write(data[:at])
        file.seek(at + by)
        file.write(data[at:])
        file.truncate(len(data) + by)


def with_wide_mdat(path: Path, data: bytes, which: int = 0) -> None:
    """The mdat with that number becomes 100 MB larger, at its end."""
    _, start, end = [found for found in boxes(data) if found[0] == "mdat"][which]
    stretch(path, data[:start] + struct.pack(">I", end - start + LARGE) + data[start + 4 :], end)


def with_hole(path: Path, data: bytes, at: int) -> None:
    """A box of 100 MB between two others."""
    stretch(path, data[:at] + struct.pack(">I4s", LARGE + 8, b"free") + data[at:], at + 8)


def measure(files: FileServer, fetcher: Fetcher, name: str = "clip.mp4") -> VideoFacts:
    found = probe_video(RemoteFile(fetcher, files.url(name)), decode=False)
    assert len(files.requests) <= 6
    assert files.bytes_sent <= 1_000_000
    return found


@pytest.mark.parametrize("options", [FASTSTART, {}], ids=["front", "end"])
def test_index_at_either_end(files: FileServer, fetcher: Fetcher, options: dict[str, str]) -> None:
    with_wide_mdat(files.folder / "clip.mp4", clip(14.2, options=options, audio=True))
    found = measure(files, fetcher)
    assert found.duration == pytest.approx(14.2, abs=0.05)
    assert found.has_audio
    assert found.size_bytes > LARGE
    assert len(files.requests) <= 2


@pytest.mark.parametrize("options", [FASTSTART, {}], ids=["front", "end"])
def test_an_index_of_many_megabytes(files: FileServer, fetcher: Fetcher, options: dict[str, str]) -> None:
    data = clip(14.2, options=options, audio=True)
    for path in (["trak", "mdia", "minf", "stbl"], ["udta"]):
        data = rebuilt(data, ["moov", *path], lambda inner: inner + box("free", bytes(2 * MEBIBYTE)))
    with_wide_mdat(files.folder / "clip.mp4", data)
    found = measure(files, fetcher)
    assert found.duration == pytest.approx(14.2, abs=0.05)
    assert found.has_audio


def test_fragmented_with_an_index_at_the_end(files: FileServer, fetcher: Fetcher) -> None:
    data = pieces()
    last = [start for kind, start, _ in boxes(data) if kind == "moof"][-1]
    data = without(data, "mfra") + shifted(part(data, "mfra"), last - 1, LARGE + 8)
    with_hole(files.folder / "clip.mp4", data, last)
    assert measure(files, fetcher).duration == pytest.approx(12.3, abs=0.1)


def test_fragmented_with_the_hole_behind_the_last_fragment(files: FileServer, fetcher: Fetcher) -> None:
    with_wide_mdat(files.folder / "clip.mp4", pieces(), -1)
    assert measure(files, fetcher).duration == pytest.approx(12.3, abs=0.1)


def test_fragmented_with_a_sidx_for_all(files: FileServer, fetcher: Fetcher) -> None:
    with_wide_mdat(files.folder / "clip.mp4", pieces_in_one_sidx(), -1)
    assert measure(files, fetcher).duration == pytest.approx(12.3, abs=0.1)
    assert len(files.requests) == 1


def test_a_sidx_that_reaches_past_the_end(files: FileServer, fetcher: Fetcher) -> None:
    path = files.folder / "clip.mp4"
    with_wide_mdat(path, pieces_in_one_sidx(), -1)
    with path.open("r+b") as file:
        file.truncate(2_000_000)
    with pytest.raises(MediaError) as caught:
        measure(files, fetcher)
    assert caught.value.code == MediaProblem.TRUNCATED


def test_fragmented_with_a_sidx_for_each_piece(files: FileServer, fetcher: Fetcher) -> None:
    data = clip(12.3, options={"movflags": "dash+frag_keyframe+empty_moov+skip_trailer"})
    first = next(end for kind, _, end in boxes(data) if kind == "mdat")
    with_hole(files.folder / "clip.mp4", data, first)
    assert measure(files, fetcher).duration == pytest.approx(12.3, abs=0.1)


@pytest.mark.parametrize("mehd", [struct.pack(">II", 0, 12300), struct.pack(">IQ", 1 << 24, 12300)])
def test_fragmented_with_its_length_in_the_header(files: FileServer, fetcher: Fetcher, mehd: bytes) -> None:
    data = rebuilt(without(pieces(), "mfra"), ["moov", "mvex"], lambda inner: box("mehd", mehd) + inner)
    with_wide_mdat(files.folder / "clip.mp4", data, 3)
    assert measure(files, fetcher).duration == 12.3
    assert len(files.requests) == 1


def test_fragmented_without_any_index(files: FileServer, fetcher: Fetcher) -> None:
    data = without(pieces(), "mfra")
    with_wide_mdat(files.folder / "clip.mp4", data, 2)
    assert measure(files, fetcher).duration == pytest.approx(12.3, abs=0.1)


def test_fragmented_without_any_index_and_a_large_last_piece(files: FileServer, fetcher: Fetcher) -> None:
    with_wide_mdat(files.folder / "clip.mp4", without(pieces(2.0), "mfra"), -1)
    assert measure(files, fetcher).duration == pytest.approx(2, abs=0.1)


def test_a_length_that_would_take_the_whole_file_is_not_guessed(files: FileServer, fetcher: Fetcher) -> None:
    data = without(pieces(), "mfra")
    large = b""
    for kind, start, end in boxes(data):
        inner = data[start + 8 : end]
        large += box(kind, inner + bytes(MEBIBYTE) if kind == "mdat" else inner)
    (files.folder / "clip.mp4").write_bytes(large)
    with pytest.raises(FetchError, match="Upload it") as caught:
        measure(files, fetcher)
    assert caught.value.code == FetchProblem.OVER_BUDGET


def test_late_fragments_that_do_not_tell_their_time(files: FileServer, fetcher: Fetcher) -> None:
    data = without(pieces(), "mfra").replace(b"tfdt", b"free")
    with_wide_mdat(files.folder / "clip.mp4", data, 2)
    with pytest.raises(MediaError) as caught:
        measure(files, fetcher)
    assert caught.value.code == MediaProblem.NO_DURATION


def test_an_index_that_points_nowhere_is_not_believed(files: FileServer, fetcher: Fetcher) -> None:
    data = pieces()
    data = without(data, "mfra") + shifted(part(data, "mfra"), 0, 7)
    with_wide_mdat(files.folder / "clip.mp4", data, 2)
    assert measure(files, fetcher).duration == pytest.approx(12.3, abs=0.1)


def test_small_fragmented_clips_are_read_whole(files: FileServer, fetcher: Fetcher) -> None:
    (files.folder / "clip.mp4").write_bytes(pieces())
    assert measure(files, fetcher).duration == pytest.approx(12.3, abs=0.1)


@pytest.mark.parametrize("options", [FASTSTART, {}], ids=["front", "end"])
def test_truncated_on_the_server(files: FileServer, fetcher: Fetcher, options: dict[str, str]) -> None:
    path = files.folder / "clip.mp4"
    with_wide_mdat(path, clip(3, options=options))
    with path.open("r+b") as file:
        file.truncate(60_000_000)
    with pytest.raises(MediaError) as caught:
        measure(files, fetcher)
    assert caught.value.code == MediaProblem.TRUNCATED


@pytest.mark.parametrize("announce", [True, False])
def test_without_ranges_an_index_in_front_is_enough(files: FileServer, fetcher: Fetcher, announce: bool) -> None:
    files.ranges, files.announce = False, announce
    with_wide_mdat(files.folder / "clip.mp4", clip(14.2, options=FASTSTART))
    found = probe_video(RemoteFile(fetcher, files.url("clip.mp4")), decode=False)
    assert found.duration == pytest.approx(14.2)
    assert (found.size_bytes > LARGE) if announce else (found.size_bytes == 0)
    assert len(files.requests) == 1


def test_without_ranges_an_index_at_the_end_is_out_of_reach(files: FileServer, fetcher: Fetcher) -> None:
    files.ranges = False
    with_wide_mdat(files.folder / "clip.mp4", film())
    with pytest.raises(FetchError) as caught:
        probe_video(RemoteFile(fetcher, files.url("clip.mp4")), decode=False)
    assert caught.value.code == FetchProblem.NO_RANGES


def test_a_web_page_behind_the_link(files: FileServer, fetcher: Fetcher) -> None:
    (files.folder / "watch").write_bytes(b"<!DOCTYPE html><html>" + bytes(50_000))
    with pytest.raises(MediaError, match="This is a web page"):
        measure(files, fetcher, "watch")


@pytest.mark.parametrize("options", [FASTSTART, {}, FRAGMENTED], ids=["front", "end", "fragmented"])
def test_a_poster_needs_little_of_the_file(files: FileServer, fetcher: Fetcher, options: dict[str, str]) -> None:
    with_wide_mdat(files.folder / "clip.mp4", clip(3, options=options), -1)
    remote = RemoteFile(fetcher, files.url("clip.mp4"), max_bytes=8_000_000, max_requests=24)
    assert clip_poster(remote).startswith(b"\xff\xd8")
    assert files.bytes_sent < 3_000_000


def test_a_poster_over_budget_is_the_links_fault(files: FileServer, fetcher: Fetcher) -> None:
    with_wide_mdat(files.folder / "clip.mp4", clip(3))
    with pytest.raises(FetchError):
        clip_poster(RemoteFile(fetcher, files.url("clip.mp4"), max_bytes=100, max_requests=2))
