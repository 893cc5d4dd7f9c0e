import io
from functools import cache

import pytest

from tests.media.clips import FASTSTART, FRAGMENTED, clip, part, patched, rebuilt, rotated, without
from wanstudio.media.decoder_messages import VideoFacts
from wanstudio.media.errors import MediaError, MediaProblem
from wanstudio.media.probe import probe_video

DASH = {"movflags": "dash+frag_keyframe+empty_moov"}
ONE_SIDX = {"movflags": "dash+global_sidx+frag_keyframe+empty_moov+skip_trailer"}
HYBRID = {"movflags": "frag_keyframe"}

film = cache(clip)


@cache
def fast() -> bytes:
    return clip(options=FASTSTART, audio=True)


def facts(data: bytes, *, decode: bool = True) -> VideoFacts:
    return probe_video(io.BytesIO(data), decode=decode)


def problem(data: bytes, *, decode: bool = True) -> MediaError:
    with pytest.raises(MediaError) as caught:
        facts(data, decode=decode)
    assert caught.value.sentence.endswith(".")
    return caught.value


@pytest.mark.parametrize("decode", [True, False])
class TestClips:
    def test_index_at_the_end(self, decode: bool) -> None:
        data = film()
        assert facts(data, decode=decode) == VideoFacts("mp4", 2.0, 64, 48, 10.0, "h264", False, len(data))

    def test_index_in_front_and_sound(self, decode: bool) -> None:
        found = facts(fast(), decode=decode)
        assert found.duration == pytest.approx(2.02, abs=0.01)
        assert found.has_audio

    @pytest.mark.parametrize("options", [FRAGMENTED, DASH, ONE_SIDX, HYBRID], ids=lambda o: o["movflags"])
    @pytest.mark.parametrize("seconds", [0.5, 3.7])
    def test_fragmented(self, decode: bool, options: dict[str, str], seconds: float) -> None:
        found = facts(clip(seconds, options=options), decode=decode)
        assert found.duration == pytest.approx(seconds, abs=0.01)
        assert found.fps == 10

    @pytest.mark.parametrize(("container", "name"), [("mov", "mov"), ("ipod", "m4v"), ("mp4", "mp4")])
    def test_containers(self, decode: bool, container: str, name: str) -> None:
        assert facts(clip(0.5, container=container), decode=decode).container == name

    def test_an_old_mov_without_brand(self, decode: bool) -> None:
        # Shorter by the ftyp box: offsets in the index are then wrong, so that only the boxes can be read.
        data = without(clip(0.5, container="mov"), "ftyp")
        assert facts(data, decode=False).container == "mov"

    @pytest.mark.parametrize(("degrees", "size"), [(90, (48, 64)), (180, (64, 48)), (270, (48, 64))])
    def test_rotated(self, decode: bool, degrees: int, size: tuple[int, int]) -> None:
        found = facts(rotated(film(), degrees), decode=decode)
        assert (found.width, found.height) == size

    def test_other_codecs(self, decode: bool) -> None:
        assert facts(clip(0.5, codec="mpeg4"), decode=decode).codec == "mpeg4"

    def test_audio_only(self, decode: bool) -> None:
        assert problem(clip(video=False, audio=True), decode=decode).code == MediaProblem.NO_VIDEO

    def test_truncated(self, decode: bool) -> None:
        for data in (film(), fast(), clip(options=FRAGMENTED)):
            assert problem(data[: len(data) - 320], decode=decode).code == MediaProblem.TRUNCATED

    def test_cut_where_a_box_ends(self, decode: bool) -> None:
        assert problem(part(fast(), "ftyp") + part(fast(), "moov"), decode=decode).code == MediaProblem.TRUNCATED
        assert problem(without(film(), "moov"), decode=decode).code == MediaProblem.NO_INDEX

    def test_no_length(self, decode: bool) -> None:
        header = clip(options={"movflags": "frag_keyframe+empty_moov"})
        empty = part(header, "ftyp") + part(header, "moov") + b"\0\0\0\x08mdat"
        assert problem(empty, decode=decode).code == MediaProblem.NO_DURATION

    def test_appended_notes_are_not_boxes(self, decode: bool) -> None:
        assert facts(film() + b"\0" * 100, decode=decode).duration == 2
        assert facts(film() + b"\xff" * 100, decode=decode).duration == 2


OTHER_THINGS = {
    "PDF document": b"%PDF-1.7\n%\xe2\xe3",
    "web page": b"\n\n  <!DOCTYPE html><html>",
    "text file": b"Just some words, saved under a wrong name.\n",
    "PNG picture": b"\x89PNG\r\n\x1a\n",
    "HEIC picture": b"\0\0\0\x18ftypheic\0\0\0\0",
    "AVIF picture": b"\0\0\0\x18ftypavif\0\0\0\0",
    "SVG picture": b"<svg xmlns='http://www.w3.org/2000/svg'>",
    "ZIP archive": b"PK\x03\x04\x14",
    "WAV sound": b"RIFF\x24\0\0\0WAVEfmt ",
    "This is not a video": b"\0\x01\x02\x03 noise \x80\x81",
}


@pytest.mark.parametrize(("words", "data"), OTHER_THINGS.items())
def test_things_that_are_no_videos(words: str, data: bytes) -> None:
    error = problem(data)
    assert error.code == MediaProblem.NOT_A_VIDEO
    assert words in error.sentence


def test_videos_of_other_kinds() -> None:
    webm = problem(clip(0.5, container="webm", codec="libvpx"))
    assert (webm.code, "WebM" in webm.sentence) == (MediaProblem.WRONG_FORMAT, True)
    for container, codec, words in [("avi", "mpeg4", "AVI"), ("mpegts", "libx264", "MPEG transport")]:
        error = problem(clip(0.5, container=container, codec=codec))
        assert (error.code, words in error.sentence) == (MediaProblem.WRONG_FORMAT, True)


def test_a_sound_recording_by_its_brand() -> None:
    assert problem(b"\0\0\0\x14ftypM4A \0\0\0\0M4A ").code == MediaProblem.NO_VIDEO


def test_an_old_mov_may_begin_like_something_else() -> None:
    assert problem(b"\0\0\x01\xbamoov" + bytes(434)).code == MediaProblem.TRUNCATED
    assert "a text file" in problem(b"Not free of charge").sentence


def test_empty() -> None:
    assert problem(b"").code == MediaProblem.EMPTY


def test_copy_protected() -> None:
    assert "copy-protected" in problem(film().replace(b"avc1\0", b"encv\0")).sentence


@pytest.mark.parametrize("decode", [True, False])
def test_a_codec_that_no_decoder_knows(decode: bool) -> None:
    assert problem(film().replace(b"avc1\0", b"Xyz9\0"), decode=decode).code == MediaProblem.CODEC
    assert facts(film().replace(b"avc1\0", b"Xvid\0"), decode=False).codec == "mpeg4"


def test_too_large_pictures() -> None:
    assert problem(patched(film(), "stsd", 40, b"\xff\xff\xff\xff")).code == MediaProblem.TOO_BIG_PICTURE
    assert problem(patched(film(), "stsd", 40, b"\0\0\0\0")).code == MediaProblem.UNREADABLE


def test_pictures_that_cannot_be_decoded() -> None:
    data = patched(fast(), "mdat", 0, b"\xff" * 1500)
    assert facts(data, decode=False).codec == "h264"
    assert problem(data).code == MediaProblem.UNREADABLE


def test_an_unknown_duration_falls_back_to_the_tracks() -> None:
    assert facts(patched(film(), "mvhd", 16, b"\xff\xff\xff\xff")).duration == 2
    assert facts(patched(film(), "mvhd", 12, b"\0\0\0\0")).duration == 2


def test_long_headers() -> None:
    """Version 1 of mvhd and mdhd, with times of 64 bits."""

    def long(timescale: int, ticks: int) -> bytes:
        return b"\1\0\0\0" + bytes(16) + timescale.to_bytes(4, "big") + ticks.to_bytes(8, "big") + bytes(80)

    data = rebuilt(film(), ["moov", "mvhd"], lambda _: long(1000, 7000))
    data = rebuilt(data, ["moov", "trak", "mdia", "mdhd"], lambda _: long(10240, 20480))
    assert facts(data).duration == 7
    assert facts(data).fps == 10
    unknown = rebuilt(data, ["moov", "mvhd"], lambda _: long(1000, 2**64 - 1))
    assert facts(unknown).duration == 2


def test_impossible_lengths() -> None:
    data = patched(film(), "mvhd", 12, b"\0\0\0\1\xff\xff\xff\xfe")
    assert problem(data).code == MediaProblem.NO_DURATION
