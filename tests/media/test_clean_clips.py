"""Clips as they leave the studio: place, device and other tracks overwritten, pictures and sound as they were."""

import io
import struct
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import pytest

from tests.media.clips import FASTSTART, FRAGMENTED, clip, rebuilt
from tests.media.planted import MARK, PLACES
from wanstudio.media import isolated
from wanstudio.media.clip_metadata import clip_cleaning
from wanstudio.media.decoder_messages import Cleaning

PLACE = b"+48.8583+002.2944/"
DEVICE = b"Phone-Maker-9"


def box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data) + 8) + kind + data


def tagged(container: str, options: dict[str, str]) -> bytes:
    """A copy with what a muxer writes of place and device, and with the boxes that phones and cameras add."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "tagged")
        with (
            av.open(io.BytesIO(clip(1, audio=True)), "r") as source,
            av.open(path, "w", format=container, options=options) as target,
        ):
            target.metadata.update(
                {
                    "location": PLACE.decode(),
                    "make": DEVICE.decode(),
                    "com.apple.quicktime.location.ISO6709": PLACE.decode(),
                    "com.apple.quicktime.model": DEVICE.decode(),
                    "comment": PLACE.decode(),
                }
            )
            streams = {stream: target.add_stream_from_template(stream) for stream in source.streams}
            for packet in source.demux():
                if packet.dts is not None:
                    packet.stream = streams[packet.stream]
                    target.mux(packet)
        data = path.read_bytes()
    return data + box(b"uuid", b"\xbe\x7a\xcf\xcb" * 4 + PLACE) + box(b"free", DEVICE) + box(b"meta", bytes(4) + PLACE)


def shown(data: bytes) -> list[bytes]:
    """Every packet of picture and sound."""
    with av.open(io.BytesIO(data), "r", format="mov") as container:
        return [bytes(packet) for packet in container.demux(container.streams.video[0], *container.streams.audio)]


def cleaned(data: bytes) -> bytes:
    file = io.BytesIO(data)
    clip_cleaning(file).apply(file, len(data))
    assert len(file.getvalue()) == len(data)
    return file.getvalue()


@pytest.mark.parametrize("container", ["mp4", "mov"])
@pytest.mark.parametrize("options", [{}, FASTSTART, FRAGMENTED, {"movflags": "use_metadata_tags"}], ids=str)
def test_place_and_device_are_gone(container: str, options: dict[str, str]) -> None:
    data = tagged(container, options)
    kept = cleaned(data)
    assert PLACE in data
    for mark in (PLACE, DEVICE, b"location", b"udta"):
        assert mark not in kept
    assert shown(kept) == shown(data)


@pytest.mark.parametrize("appended", [bytes(3), b"\0\0\0\x10\xff\xfe\xfd\xfc" + PLACE, bytes(20) + PLACE * 100])
def test_what_a_camera_appends_behind_the_last_box_is_gone(appended: bytes) -> None:
    kept = cleaned(clip(1) + appended)
    assert PLACE not in kept
    assert shown(kept) == shown(clip(1))


def test_track_of_another_kind_is_gone_with_its_samples() -> None:
    """The sound, declared to be a track of measurements, is such a track for every player."""
    whole = clip(1, audio=True)
    with av.open(io.BytesIO(whole), "r") as container:
        sound = [bytes(packet) for packet in container.demux(audio=0) if packet.size > 4]
    assert sound
    data = whole.replace(b"\0\0\0\0soun", b"\0\0\0\0meta")
    assert data != whole
    kept = cleaned(data)
    for sample in sound:
        assert sample in data
        assert sample not in kept
    with av.open(io.BytesIO(kept), "r") as container:
        assert [stream.type for stream in container.streams] == ["video"]
    assert shown(kept) == shown(clip(1))


def decoded(data: bytes) -> list[bytes]:
    with av.open(io.BytesIO(data), "r", format="mov") as container:
        return [bytes(frame.planes[0]) for frame in container.decode(video=0)]


@pytest.mark.parametrize("place", PLACES)
def test_nothing_of_place_and_device_is_left_anywhere(place: str) -> None:
    data = PLACES[place]()
    kept = cleaned(data)
    for mark in (MARK, MARK[:12], MARK[8:20], MARK[-12:]):
        assert mark in data
        assert mark not in kept
    assert decoded(kept) == decoded(data)
    assert len(decoded(data)) >= 10
    if b"soun" in data and "pictures" not in place:
        assert shown(kept) == shown(data)
    assert cleaned(kept) == kept


def test_notes_of_an_encoder_about_its_errors_stay() -> None:
    data = clip(1)
    assert b"x264 - core" in data
    assert b"x264 - core" in cleaned(data)


def test_uncompressed_sound_keeps_every_sample() -> None:
    """Its table says one size, which is none in files of QuickTime: the samples of a chunk are a byte each to it."""
    file = io.BytesIO()
    with av.open(file, "w", format="mov") as target:
        sound, picture = target.add_stream("pcm_s16le", 48000), target.add_stream("libx264", 10)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        for _ in range(10):
            target.mux(picture.encode(av.VideoFrame(64, 48, "yuv420p")))
            frame = av.AudioFrame(format="s16", layout="stereo", samples=4800)
            frame.planes[0].update(b"\x11\x22\x33\x44" * 4800)
            frame.sample_rate = 48000
            target.mux(sound.encode(frame))
        target.mux(picture.encode())
        target.mux(sound.encode())
    data = file.getvalue()
    at = data.index(b"stsz", data.index(b"sowt")) + 8
    for wrong in (data, data[:at] + struct.pack(">I", 1) + data[at + 4 :]):
        assert b"".join(shown(cleaned(wrong))) == b"".join(shown(wrong))
        assert cleaned(wrong).count(b"\x11\x22\x33\x44") == 48000


def test_a_clean_clip_is_kept_byte_for_byte() -> None:
    kept = cleaned(clip(1, audio=True))
    assert cleaned(kept) == kept


def test_cleaning_of_a_decoder_that_was_taken_over_stays_inside_the_file() -> None:
    file = io.BytesIO(b"x" * 100)
    Cleaning(free=[-1, 97, 1 << 70], zero=[(-5, 2), (98, 1 << 70), (50, 40)], blank=[(97, 98)]).apply(file, 100)
    assert file.getvalue() == b"\0\0" + b"x" * 95 + b" \0\0"


def test_isolated_process_says_the_same() -> None:
    data = tagged("mov", {})
    facts, poster, cleaning = isolated.take_clip(io.BytesIO(data))
    assert (facts.container, facts.width, poster[:2]) == ("mov", 64, b"\xff\xd8")
    assert cleaning == clip_cleaning(io.BytesIO(data))


@pytest.mark.parametrize("path", [["moov", "trak", "mdia", "minf"], ["moov", "trak", "mdia", "minf", "stbl"]])
@pytest.mark.parametrize("kind", [b"udta", b"uuid", b"meta", b"\xa9xyz", b"ID32"])
def test_tags_deep_inside_of_a_track_are_gone(path: list[str], kind: bytes) -> None:
    # Behind the index the samples stay where they are.
    whole = clip(1, audio=True)
    data = rebuilt(whole, path, lambda inner: inner + box(kind, bytes(4) + PLACE + DEVICE))
    kept = cleaned(data)
    for mark in (PLACE, DEVICE):
        assert mark in data
        assert mark not in kept
    assert shown(kept) == shown(whole)


def test_names_that_cameras_give_themselves_are_gone() -> None:
    whole = clip(1, audio=True)
    data = whole.replace(b"VideoHandler", DEVICE[:12]).replace(b"SoundHandler", DEVICE[:12])
    entry = data.index(b"avc1", data.index(b"stsd")) - 4
    data = data[: entry + 50] + bytes([13]) + DEVICE.ljust(31, b"\0") + data[entry + 82 :]
    kept = cleaned(data)
    assert data.count(DEVICE[:12]) == 3
    assert DEVICE[:12] not in kept
    assert shown(kept) == shown(whole)
