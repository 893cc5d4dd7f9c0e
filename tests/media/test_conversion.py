"""Conversions: clips that browsers do not play become H.264 MP4, picture by picture at the same times, upright."""

import io
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import av
import pytest
from av.audio.stream import AudioStream
from av.video.reformatter import ColorTrc
from av.video.stream import VideoStream

from tests.media.test_cutting import SIZE, Kind, made, number_in, numbered, upright_again
from wanstudio.media import cutting, isolated
from wanstudio.media.cutting import clip_cut
from wanstudio.media.cutting.clip_cut import cut_clip
from wanstudio.media.errors import FetchError, FetchProblem, MediaError, MediaProblem
from wanstudio.media.probe import clip_with_poster, probe_video

FRAMES = 20


@dataclass(frozen=True)
class Made:
    codec: str
    container: str
    conversion: str
    pixels: str = "yuv420p"
    sound: str = ""
    options: str = ""


CLIPS = {
    "HEVC": Made("libx265", "mp4", "shown", sound="aac"),
    "HEVC of 10 bits": Made("libx265", "mov", "shown", "yuv420p10le"),
    "H.264 of 10 bits": Made("libx264", "mp4", "shown", "yuv420p10le"),
    "H.264 4:2:2": Made("libx264", "mov", "shown", "yuv422p"),
    "ProRes": Made("prores_ks", "mov", "shown", "yuv422p10le", sound="pcm_s16le"),
    "MPEG-4 Part 2": Made("mpeg4", "mp4", "shown"),
    "AV1": Made("libsvtav1", "mp4", "shown"),
    "VP9": Made("libvpx-vp9", "mp4", "shown"),
    "VP9 in WebM": Made("libvpx-vp9", "webm", "sent", sound="libopus"),
    "VP8 as a browser records it": Made("libvpx", "webm", "sent", options="live"),
    "AV1 in WebM": Made("libsvtav1", "webm", "sent"),
    "H.264 in Matroska": Made("libx264", "matroska", "sent", sound="aac"),
    "3GP": Made("mpeg4", "3gp", "sent"),
    "H.264": Made("libx264", "mp4", "", sound="aac"),
    "H.264 in MOV": Made("libx264", "mov", ""),
}


@cache
def clip_of(kind: Made) -> bytes:
    """Frames that say their number, at times that differ."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "clip")
        with av.open(path, "w", format=kind.container, options={kind.options: "1"} if kind.options else {}) as target:
            options = {"bf": "0"} if kind.codec == "mpeg4" else {}
            video = cast(VideoStream, target.add_stream(kind.codec, rate=25, options=options))
            video.width, video.height = SIZE
            video.pix_fmt = kind.pixels
            video.codec_context.time_base = Fraction(1, 1000)
            sound = cast(AudioStream, target.add_stream(kind.sound, rate=48000)) if kind.sound else None
            if sound:
                sound.layout = "mono"
            for number in range(FRAMES):
                frame = av.VideoFrame.from_image(numbered(number))  # type: ignore[no-untyped-call]
                frame.pts, frame.time_base = number * 40 + 13 * (number % 2), Fraction(1, 1000)
                target.mux(video.encode(frame))
            target.mux(video.encode())
            for _ in range(FRAMES * 2) if sound else ():
                tone = av.AudioFrame(format="s16", layout="mono", samples=960)
                tone.planes[0].update(bytes(tone.planes[0].buffer_size))
                tone.sample_rate = 48000
                assert sound
                target.mux(sound.encode(tone))
            if sound:
                target.mux(sound.encode())
        return path.read_bytes()


def shown(data: bytes) -> tuple[list[float], list[int], set[str]]:
    """When each picture is shown, the number in it, and the codecs."""
    with av.open(io.BytesIO(data), "r") as opened:
        zero = (opened.start_time or 0) / av.time_base
        frames = [(float(frame.time or 0) - zero, number_in(frame.to_image())) for frame in opened.decode(video=0)]  # type: ignore[no-untyped-call]
        codecs = {str(stream.codec.canonical_name) for stream in (*opened.streams.video, *opened.streams.audio)}
    return [time for time, _ in frames], [number for _, number in frames], codecs


def converted(data: bytes, seconds: float) -> bytes:
    out = io.BytesIO()
    cut_clip((io.BytesIO(data), io.BytesIO(data)), out, 0, seconds)
    return out.getvalue()


@pytest.mark.parametrize("name", CLIPS)
def test_each_picture_is_shown_when_it_was(name: str) -> None:
    kind = CLIPS[name]
    data = clip_of(kind)
    facts, poster = clip_with_poster(io.BytesIO(data))
    assert (facts.conversion, facts.has_audio) == (kind.conversion, bool(kind.sound))
    assert (facts.width, facts.height) == SIZE
    assert poster.startswith(b"\xff\xd8")
    preview = converted(data, facts.duration)
    before, after = shown(data), shown(preview)
    assert after[1] == before[1] == list(range(FRAMES))
    assert after[0] == pytest.approx(before[0], abs=0.001)
    assert after[2] == ({"h264", "aac"} if kind.sound else {"h264"})
    again = clip_with_poster(io.BytesIO(preview))[0]
    assert (again.conversion, again.container) == ("", "mp4")
    assert again.duration == pytest.approx(facts.duration, abs=0.0005)


def test_what_is_sent_as_mp4_has_the_length_of_its_pictures() -> None:
    """Until the last one ends: no second is paid for that shows nothing."""
    for name in ("VP9 in WebM", "VP8 as a browser records it", "H.264 in Matroska"):
        facts = clip_with_poster(io.BytesIO(clip_of(CLIPS[name])))[0]
        assert facts.duration == pytest.approx((FRAMES - 1) * 0.04 + 0.013 + 0.027, abs=0.03), name
        assert facts.duration == round(facts.duration, 3)


@pytest.mark.parametrize("matrix", [(-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0), (0, -1, -1, 0)])
@pytest.mark.parametrize("pixel", [Fraction(1), Fraction(4, 3)])
def test_mirrored_pictures_and_pixels_that_are_not_square(matrix: tuple[int, int, int, int], pixel: Fraction) -> None:
    data = made(Kind(matrix=matrix, pixel=pixel))
    facts, poster = clip_with_poster(io.BytesIO(data))
    wide = round(SIZE[0] * pixel)
    assert (facts.width, facts.height) == ((wide, SIZE[1]) if matrix[0] else (SIZE[1], wide))
    by_index = probe_video(io.BytesIO(data), decode=False)
    assert (by_index.width, by_index.height) == (facts.width, facts.height)
    assert facts.conversion == "sent"
    preview = converted(data, facts.duration)
    for picture in (poster, preview):
        with av.open(io.BytesIO(picture), "r") as opened:
            image = next(opened.decode(video=0)).to_image()  # type: ignore[no-untyped-call]
        assert image.width / image.height == pytest.approx(facts.width / facts.height, abs=0.03)
        assert number_in(upright_again(image, matrix)) == 0
    assert clip_with_poster(io.BytesIO(preview))[0].conversion == ""


def ramp(transfer: ColorTrc) -> bytes:
    """A still of HEVC with 10 bits, from black at its left to the brightest at its right, in the colours of HDR."""
    frame = av.VideoFrame(256, 64, "yuv420p10le")
    for number, plane in enumerate(frame.planes):
        shades = (512 if number else 64 + x * 876 // 256 for x in range(plane.line_size // 2))
        plane.update(b"".join(shade.to_bytes(2, "little") for shade in shades) * plane.height)
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as target:
        video = target.add_stream("libx265", rate=10, options={"preset": "ultrafast", "x265-params": "log-level=none"})
        video.width, video.height, video.pix_fmt = 256, 64, "yuv420p10le"
        context = video.codec_context
        context.color_primaries, context.color_trc, context.colorspace, context.color_range = 9, transfer, 9, 1
        for number in range(4):
            frame.pts, frame.time_base = number, Fraction(1, 10)
            target.mux(video.encode(frame))
        target.mux(video.encode())
    return file.getvalue()


@pytest.mark.parametrize(("transfer", "white_from"), [(ColorTrc.SMPTE2084, 0.5), (ColorTrc.ARIB_STD_B67, 0.6)])
def test_light_of_hdr_is_brought_into_what_8_bits_show(transfer: ColorTrc, white_from: float) -> None:
    """Black stays black and bright bright, each shade is lighter than the one before, and the file says so."""
    facts = clip_with_poster(io.BytesIO(ramp(transfer)))[0]
    assert (facts.codec, facts.conversion) == ("hevc", "sent")
    preview = converted(ramp(transfer), facts.duration)
    with av.open(io.BytesIO(preview), "r") as opened:
        frame = next(opened.decode(video=0))
    assert (frame.color_primaries, frame.color_trc, frame.colorspace, frame.color_range) == (1, 1, 1, 1)
    row = bytes(frame.planes[0])[: frame.width]
    shades = [row[x] for x in range(4, 256, 8)]
    assert shades[0] < 24
    assert shades[-1] > 180
    assert row[round(256 * white_from)] > 100
    assert all(after >= before - 1 for before, after in pairwise(shades))
    again = clip_with_poster(io.BytesIO(preview))[0]
    assert (again.conversion, again.codec) == ("", "h264")


def test_what_is_made_has_at_most_so_many_pixels_a_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip_cut, "MAX_SIDE", 80)
    facts = clip_with_poster(io.BytesIO(converted(clip_of(CLIPS["HEVC"]), 0.8)))[0]
    assert (facts.width, facts.height) == (80, 48)


def test_a_phones_largest_clip_has_enough_memory(tmp_path: Path) -> None:
    """4K in HEVC with 10 bits."""
    options = {"preset": "ultrafast", "x265-params": "log-level=none"}
    with av.open(tmp_path / "clip", "w", format="mp4") as target:
        video = target.add_stream("libx265", rate=30, options=options)
        video.width, video.height, video.pix_fmt = 3840, 2160, "yuv420p10le"
        for _ in range(4):
            target.mux(video.encode(av.VideoFrame(3840, 2160, "yuv420p10le")))
        target.mux(video.encode())
    cutting.cut(tmp_path / "clip", tmp_path / "made", 0, 0.1)
    with (tmp_path / "made").open("rb") as made_of_it:
        facts = probe_video(made_of_it, decode=False)
    assert (facts.width, facts.height, facts.duration) == (2048, 1152, 0.1)


def test_one_at_a_time_and_none_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clip").write_bytes(clip_of(CLIPS["VP9 in WebM"]))
    monkeypatch.setattr(isolated.slots, "folder", tmp_path)
    with isolated._slot("converting", cutting.CONVERTING), pytest.raises(FetchError) as busy:
        cutting.convert(tmp_path / "clip", tmp_path / "made", 0.8)
    assert busy.value.code == FetchProblem.BUSY
    # What is paid for is cut meanwhile.
    with isolated._slot("converting", cutting.CONVERTING):
        cutting.cut(tmp_path / "clip", tmp_path / "made", 0, 0.5)
    cutting.convert(tmp_path / "clip", tmp_path / "made", 0.8)
    assert probe_video((tmp_path / "made").open("rb"), decode=True).duration == 0.8


def test_clip_that_no_decoder_knows_is_no_empty_box() -> None:
    data = clip_of(CLIPS["H.264 in Matroska"]).replace(b"V_MPEG4/ISO/AVC", b"V_MADE/UP/CODEC")
    with pytest.raises(MediaError) as unknown:
        clip_with_poster(io.BytesIO(data))
    assert unknown.value.code == MediaProblem.CODEC
