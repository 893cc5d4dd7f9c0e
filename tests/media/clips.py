"""Small real clips, made with PyAV, and the same clips spoilt in every way that people manage."""

import struct
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream
from PIL import Image

FASTSTART = {"movflags": "faststart"}
FRAGMENTED = {"movflags": "frag_keyframe+empty_moov"}


def clip(
    seconds: float = 2.0,
    *,
    fps: int = 10,
    size: tuple[int, int] = (64, 48),
    container: str = "mp4",
    options: dict[str, str] | None = None,
    codec: str = "libx264",
    video: bool = True,
    audio: bool = False,
    gop: int = 10,
) -> bytes:
    """A clip that turns from red to blue; index at the end unless the muxer's options say otherwise."""
    # A file with a name: the muxer reopens it to bring the index to the front.
    with TemporaryDirectory() as folder:
        path = Path(folder, "clip")
        with av.open(path, "w", format=container, options=options or {}) as target:
            # Both before the first packet: with it the header is written.
            picture = cast(VideoStream, target.add_stream(codec, fps, {"g": str(gop)})) if video else None
            sound = target.add_stream("aac", 48000) if audio else None
            if picture is not None:
                _film(target, picture, round(seconds * fps), size)
            if sound is not None:
                _record_silence(target, sound, seconds)
        return path.read_bytes()


def black_start(seconds: float, *, black_s: float, fps: int = 10, size: tuple[int, int] = (160, 120)) -> bytes:
    """A clip that is black at first, and then a bar that moves over a bright ground."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "clip.mp4")
        with av.open(path, "w") as target:
            stream = target.add_stream("libx264", fps)
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
            for number in range(round(seconds * fps)):
                image = Image.new("RGB", size)
                if number >= black_s * fps:
                    image.paste((90, 160, 210), (0, 0, *size))
                    image.paste((240, 60, 40), (number * 3 % size[0], 20, number * 3 % size[0] + 30, 100))
                target.mux(stream.encode(av.VideoFrame.from_image(image)))  # type: ignore[no-untyped-call]
            target.mux(stream.encode())
        return path.read_bytes()


def _film(target: OutputContainer, stream: VideoStream, frames: int, size: tuple[int, int]) -> None:
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    for number in range(frames):
        shade = number * 255 // max(1, frames - 1)
        image = Image.new("RGB", size, (255 - shade, 0, shade))
        target.mux(stream.encode(av.VideoFrame.from_image(image)))  # type: ignore[no-untyped-call]
    target.mux(stream.encode())


def _record_silence(target: OutputContainer, stream: AudioStream, seconds: float) -> None:
    for _ in range(round(seconds * 50)):
        frame = av.AudioFrame(format="s16", layout="stereo", samples=960)
        frame.planes[0].update(bytes(frame.planes[0].buffer_size))
        frame.sample_rate = 48000
        target.mux(stream.encode(frame))
    target.mux(stream.encode())


def box(kind: str, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind.encode("latin-1")) + content


def boxes(data: bytes) -> list[tuple[str, int, int]]:
    """Kind, start and end of the outermost boxes."""
    found, position = [], 0
    while position + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, position)
        found.append((kind.decode("latin-1"), position, position + size))
        position += size
    return found


def part(data: bytes, wanted: str) -> bytes:
    return next(data[start:end] for kind, start, end in boxes(data) if kind == wanted)


def without(data: bytes, unwanted: str) -> bytes:
    return b"".join(data[start:end] for kind, start, end in boxes(data) if kind != unwanted)


def patched(data: bytes, kind: str, offset: int, value: bytes) -> bytes:
    """With `value` written over the content of the first box of that kind, wherever it is nested."""
    at = data.index(kind.encode("latin-1")) + 4 + offset
    return data[:at] + value + data[at + len(value) :]


def rotated(data: bytes, degrees: int = 90) -> bytes:
    """With a turn written into the matrix of the first track."""
    one = 0x10000
    a, b, c, d = {90: (0, one, -one, 0), 180: (-one, 0, 0, -one), 270: (0, -one, one, 0)}[degrees]
    matrix = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 0x40000000)
    return patched(data, "tkhd", 40, matrix)


def rebuilt(data: bytes, path: list[str], change: Callable[[bytes], bytes]) -> bytes:
    """With the content changed of the first box that `path` leads to, and the sizes of those around it."""
    out = b""
    for kind, start, end in boxes(data):
        inner = data[start + 8 : end]
        if path and kind == path[0]:
            inner = rebuilt(inner, path[1:], change) if path[1:] else change(inner)
            path = []
        out += box(kind, inner)
    return out


def shifted(mfra: bytes, after: int, by: int) -> bytes:
    """An mfra whose entries point `by` bytes further wherever they pointed behind `after`."""
    out = bytearray(mfra)
    for kind, start, _ in boxes(mfra[8:]):
        if kind == "tfra":
            at = 8 + start + 8
            (count,) = struct.unpack_from(">I", mfra, at + 12)
            # Version 1, and one byte each for traf, trun and sample numbers: as PyAV writes it.
            for entry in range(count):
                place = at + 16 + entry * 19 + 8
                (offset,) = struct.unpack_from(">Q", mfra, place)
                struct.pack_into(">Q", out, place, offset + by if offset > after else offset)
    return bytes(out)
