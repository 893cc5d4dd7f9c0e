"""Clips with a place and a device in each of the places where phones, cameras and editing programs write them."""

import io
import struct
from collections.abc import Callable
from fractions import Fraction
from typing import cast

import av
from av.video.stream import VideoStream
from PIL import Image

from tests.media.clips import box, boxes, clip, rebuilt
from tests.media.test_cutting import Kind, made

MARK = b"+48.8583+002.2944/Phone-Maker-9"
WHOLE = clip(1, audio=True)
_MEDIA = ["moov", "trak", "mdia"]
_TABLES = [*_MEDIA, "minf", "stbl"]
_ID = bytes(range(0x41, 0x51))


def _xyz() -> bytes:
    return box(
        "udta", box("\xa9xyz", struct.pack(">HH", len(MARK), 0x15C7) + MARK) + box("loci", bytes(6) + MARK + bytes(16))
    )


def _keys() -> bytes:
    """Apple's: keys, and their values."""
    name = b"com.apple.quicktime.location.ISO6709"
    keys = box("keys", struct.pack(">II", 0, 1) + box("mdta", name))
    value = box("ilst", struct.pack(">II", 8 + 16 + len(MARK), 1) + box("data", struct.pack(">II", 1, 0) + MARK))
    return box("meta", box("hdlr", bytes(8) + b"mdta" + bytes(12)) + keys + value)


def _added(path: list[str], more: bytes) -> bytes:
    return rebuilt(WHOLE, path, lambda inner: inner + more)


def _referred(kind: str) -> bytes:
    entry = box(kind, b"\0\0\0\1" + MARK)
    return rebuilt(WHOLE, [*_MEDIA, "minf", "dinf", "dref"], lambda inner: struct.pack(">II", 0, 1) + entry)


def _described(kind: str) -> bytes:
    def change(inner: bytes) -> bytes:
        (size,) = struct.unpack_from(">I", inner, 8)
        note = box(kind, _ID + MARK)
        entry = struct.pack(">I", size + len(note)) + inner[12 : 8 + size] + note
        return inner[:8] + entry + inner[8 + size :]

    return rebuilt(WHOLE, [*_TABLES, "stsd"], change)


def _named() -> bytes:
    """The component's maker and name, as QuickTime has them."""
    return rebuilt(WHOLE, [*_MEDIA, "hdlr"], lambda inner: inner[:12] + MARK[:12] + MARK + b"\0")


def _coded() -> bytes:
    def change(inner: bytes) -> bytes:
        return inner[:8] + inner[8:28] + MARK[:4] + inner[32:58] + bytes([31]) + MARK[:31] + inner[90:]

    return rebuilt(WHOLE, [*_TABLES, "stsd"], change)


def _between_samples() -> bytes:
    """As dash cameras do: in what holds the samples, where no table leads to."""
    return rebuilt(WHOLE, ["mdat"], lambda inner: inner + b"freeGPS " + MARK)


def _another_mdat() -> bytes:
    return WHOLE + box("mdat", MARK * 3)


def _track(handler: bytes) -> bytes:
    """The sound, as if it were a track of measurements or a timecode: with its samples and a name of its reel."""
    data = made(Kind(sound=1.0))
    with av.open(io.BytesIO(data), "r") as source:
        packet = next(packet for packet in source.demux(audio=0) if packet.size > len(MARK))
    at = data.index(bytes(packet))
    data = data[:at] + MARK + data[at + len(MARK) :]
    return data.replace(b"\0\0\0\0soun", b"\0\0\0\0" + handler).replace(b"SoundHandler", MARK[:12])


def noted(codec: str, unit: bytes) -> bytes:
    """A clip with user data before each picture; `unit` is the head of what it is in."""
    text = _ID + MARK + b"\0\0\3\0" + MARK
    # What keeps zeros apart does not count.
    note = unit + bytes([5, len(text) - 1]) + text + b"\x80"
    file = io.BytesIO()
    options = {"x265-params": "log-level=none:keyint=5", "preset": "ultrafast"} if codec == "libx265" else {"g": "5"}
    with av.open(file, "w", format="mp4") as target:
        stream = cast(VideoStream, target.add_stream(codec, 10, options))
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        frames = [av.VideoFrame.from_image(Image.new("RGB", (64, 48), (at * 20, 0, 90))) for at in range(12)]  # type: ignore[no-untyped-call]
        for number, frame in enumerate((*frames, None)):
            if frame:
                frame.pts, frame.time_base = number, Fraction(1, 10)
            for packet in stream.encode(frame):
                # Encoders begin each unit with a start code, which the muxer turns into lengths.
                packed = av.Packet(b"\0\0\0\1" + note + bytes(packet))
                packed.pts, packed.dts, packed.time_base, packed.stream = (
                    packet.pts,
                    packet.dts,
                    packet.time_base,
                    stream,
                )
                packed.duration, packed.is_keyframe = packet.duration or 1, packet.is_keyframe
                target.mux(packed)
    return file.getvalue()


def _motion_jpeg() -> bytes:
    """As cameras write it: each picture is a file of its own, with EXIF, a comment, and something behind its end."""
    file = io.BytesIO()
    with av.open(file, "w", format="mov") as target:
        stream = target.add_stream("mjpeg", 10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for number in range(12):
            picture, exif = io.BytesIO(), Image.Exif()
            exif[0x010F] = MARK.decode()
            Image.new("RGB", (64, 48), (number * 20, 0, 90)).save(picture, "JPEG", exif=exif, comment=MARK)
            packet = av.Packet(picture.getvalue() + bytes(3) + MARK)
            packet.pts, packet.dts, packet.duration, packet.is_keyframe = number, number, 1, True
            packet.time_base, packet.stream = Fraction(1, 10), stream
            target.mux(packet)
    return file.getvalue()


PLACES: dict[str, Callable[[], bytes]] = {
    "user data of the movie": lambda: _added(["moov"], _xyz()),
    "user data of a track": lambda: _added(["moov", "trak"], _xyz()),
    "user data of a medium": lambda: _added(_MEDIA, _xyz()),
    "keys of the movie": lambda: _added(["moov"], _keys()),
    "keys of a track": lambda: _added(["moov", "trak"], _keys()),
    "keys of the file": lambda: WHOLE + _keys(),
    "XMP of the file": lambda: WHOLE + box("uuid", _ID + MARK),
    "XMP of the movie": lambda: _added(["moov"], box("uuid", _ID + MARK)),
    "PROF of a track": lambda: _added(["moov", "trak"], box("uuid", b"PROF" + bytes(12) + MARK)),
    "XMP of a description": lambda: _described("uuid"),
    "user data of a description": lambda: _described("udta"),
    "a path, by an address": lambda: _referred("url "),
    "a path, by an alias": lambda: _referred("alis"),
    "name of a handler": _named,
    "name of a coder": _coded,
    "between samples": _between_samples,
    "samples of no track": _another_mdat,
    "measurements of a GoPro or an iPhone": lambda: _track(b"meta"),
    "measurements of a camera": lambda: _track(b"camm"),
    "timecode": lambda: _track(b"tmcd"),
    "subtitles of a drone": lambda: _track(b"sbtl"),
    "pictures of H.264": lambda: noted("libx264", b"\x06"),
    "pictures of HEVC": lambda: noted("libx265", b"\x4e\x01"),
    "pictures of Motion JPEG": _motion_jpeg,
    "behind the end": lambda: WHOLE + bytes(20) + MARK,
}
assert [kind for kind, *_ in boxes(WHOLE)][-1] == "moov"
