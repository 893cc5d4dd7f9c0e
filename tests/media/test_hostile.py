"""Files made to hurt a parser: all of them end soon, as a MediaError."""

import io
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.media.clips import FASTSTART, FRAGMENTED, box, clip, part, patched
from wanstudio.media.errors import MediaError, MediaProblem
from wanstudio.media.movie import content, size_of, top_boxes, unpack
from wanstudio.media.pictures.frames import clip_poster
from wanstudio.media.probe import probe_video

PLAIN = clip(0.5, options=FASTSTART)
PIECES = clip(1.5, options=FRAGMENTED)
FTYP = part(PLAIN, "ftyp")


class Counted(io.BytesIO):
    """Counts what is read from it: a file that leads in circles would be read without end."""

    seen = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.seen += len(got := super().read(size))
        return got


def problem(data: bytes) -> MediaProblem:
    with pytest.raises(MediaError) as caught:
        probe_video(file := Counted(data), decode=True)
    assert file.seen <= 4 * len(data) + 65536
    return caught.value.code


@pytest.mark.parametrize(
    "data",
    [
        FTYP + b"\0\0\0\x07moov" + bytes(100),
        FTYP + b"\0\0\0\x01moov" + struct.pack(">Q", 8) + bytes(100),
        FTYP + b"\0\0\0\x01moov" + struct.pack(">Q", 0) + bytes(100),
        FTYP + b"\0\0\0\x08free" * 200_000,
        FTYP + box("moov", b""),
        FTYP + box("moov", b"\0\0\0\xffmvhd" + bytes(20)) + box("mdat", b""),
        FTYP + box("moov", box("mvhd", b"")) + box("mdat", b""),
        FTYP + box("moov", box("trak", box("tkhd", b""))) + box("mdat", b""),
        FTYP + box("moov", box("trak", box("mdia", box("mdhd", b"\1")))) + box("mdat", b""),
        FTYP + box("moov", box("trak", b"") * 1000) + box("mdat", b""),
        FTYP + bytes(1000),
    ],
)
def test_sizes_that_lie(data: bytes) -> None:
    assert problem(data) in (
        *(MediaProblem.UNREADABLE, MediaProblem.NO_DURATION, MediaProblem.TRUNCATED, MediaProblem.NO_INDEX),
    )


@pytest.mark.parametrize("size", [(1, 2**63), (1, 2**64 - 1)])
def test_sizes_beyond_every_file(size: tuple[int, int]) -> None:
    assert problem(FTYP + struct.pack(">I4sQ", size[0], b"mdat", size[1]) + bytes(64)) == MediaProblem.TRUNCATED


def test_deep_nesting_is_not_followed() -> None:
    nested = b""
    for _ in range(20_000):
        nested = struct.pack(">I4s", 8 + len(nested), b"trak") + nested[:1000]
    assert problem(FTYP + box("moov", nested[:2000]) + box("mdat", b"")) == MediaProblem.UNREADABLE


def test_a_box_without_size_reaches_to_the_end() -> None:
    at = PLAIN.index(b"mdat") - 4
    open_ended = PLAIN[:at] + b"\0\0\0\0" + PLAIN[at + 4 :]
    assert probe_video(io.BytesIO(open_ended), decode=True).duration == 0.5


def test_a_box_with_a_long_size() -> None:
    at = PLAIN.index(b"free") - 4
    long = PLAIN[:at] + struct.pack(">I4sQ", 1, b"free", 16 + 24) + bytes(24) + PLAIN[at + 8 :]
    assert [found.kind for found in top_boxes(io.BytesIO(long), 0, len(long))] == ["ftyp", "moov", "free", "mdat"]


@pytest.mark.parametrize(
    ("kind", "offset", "value"),
    [
        ("trun", 4, b"\x7f\xff\xff\xff"),
        ("trun", 0, b"\0\0\x0f\xff"),
    ],
)
def test_fragments_that_lie(kind: str, offset: int, value: bytes) -> None:
    data = PIECES
    if kind == "trun" and offset == 4:
        data = patched(data, "trun", 0, b"\0\0\x0f\x05")
    with pytest.raises(MediaError):
        probe_video(io.BytesIO(patched(data, kind, offset, value)), decode=True)


def test_a_fragment_without_head() -> None:
    assert problem(PIECES.replace(b"tfhd", b"free", 1)) == MediaProblem.UNREADABLE


def test_a_fragment_of_a_track_that_is_not_there() -> None:
    data = patched(PIECES, "tfhd", 4, b"\0\0\0\x63")
    assert probe_video(io.BytesIO(data), decode=False).duration == pytest.approx(0.6)


def test_a_track_that_ticks_never() -> None:
    assert problem(patched(PLAIN, "mdhd", 12, bytes(4)).replace(b"mvhd", b"free")) == MediaProblem.NO_DURATION


@given(st.binary(max_size=300), st.integers(0, len(PLAIN) - 1))
@settings(max_examples=100, deadline=None)
def test_noise_anywhere_is_either_a_clip_or_an_error(noise: bytes, at: int) -> None:
    for data in (PLAIN, PIECES):
        try:
            spoilt = io.BytesIO(data[:at] + noise + data[at + len(noise) :])
            assert probe_video(spoilt, decode=True).duration > 0
            assert clip_poster(spoilt)
        except MediaError:
            continue


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_noise_is_no_clip(noise: bytes) -> None:
    with pytest.raises(MediaError):
        probe_video(io.BytesIO(FTYP + noise), decode=True)


def test_helpers() -> None:
    file = io.BytesIO(box("free", b"1234"))
    (only,) = top_boxes(file, 0, size_of(file))
    assert content(file, only, 100, 2) == b"34"
    assert content(file, only, 100, 9) == b""
    with pytest.raises(MediaError):
        unpack("I", b"123")


def test_a_timescale_that_players_disagree_on_has_no_price() -> None:
    assert problem(patched(PLAIN, "mvhd", 12, b"\xff\xff\xff\xff")) == MediaProblem.UNREADABLE
