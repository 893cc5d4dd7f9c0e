import io
import struct
import zlib

import pytest
from PIL import Image

from tests.media.clips import clip
from tests.pictures import noise
from wanstudio.media.decoder_messages import ImageFacts
from wanstudio.media.errors import MediaError, MediaProblem
from wanstudio.media.pictures.stills import decode_picture


def picture(
    kind: str = "JPEG", size: tuple[int, int] = (300, 200), mode: str = "RGB", orientation: int | None = None
) -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    noise(size, 50).convert(mode).save(out, kind, exif=exif)
    return out.getvalue()


def problem(data: bytes) -> MediaError:
    with pytest.raises(MediaError) as caught:
        decode_picture(io.BytesIO(data))
    assert caught.value.sentence.endswith(".")
    return caught.value


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_formats(kind: str) -> None:
    data = picture(kind)
    assert decode_picture(io.BytesIO(data))[0] == ImageFacts(kind, 300, 200, len(data))


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "1"])
def test_modes_of_png(mode: str) -> None:
    assert decode_picture(io.BytesIO(picture("PNG", mode=mode)))[0].width == 300


def test_print_colours() -> None:
    assert decode_picture(io.BytesIO(picture("JPEG", mode="CMYK")))[0].format == "JPEG"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(("orientation", "width"), [(1, 300), (3, 300), (5, 200), (6, 200), (8, 200)])
@pytest.mark.parametrize("scale", [1, 5])
def test_sizes_are_as_displayed(kind: str, orientation: int, width: int, scale: int) -> None:
    data = picture(kind, (300 * scale, 200 * scale), orientation=orientation)
    assert decode_picture(io.BytesIO(data))[0].width == width * scale


def test_two_pictures_in_one_jpeg() -> None:
    out = io.BytesIO()
    first = Image.new("RGB", (300, 200), "red")
    first.save(out, "MPO", save_all=True, append_images=[Image.new("RGB", (300, 200))])
    assert decode_picture(io.BytesIO(out.getvalue()))[0].format == "JPEG"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_half_a_picture(kind: str) -> None:
    data = picture(kind, (600, 600))
    assert problem(data[: len(data) // 2]).code == MediaProblem.UNREADABLE


def png_header(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))


@pytest.mark.parametrize("side", [8001, 100_000])
def test_bombs_are_refused_before_they_are_unpacked(side: int) -> None:
    error = problem(png_header(side, side) + b"\0\0\0\0IDAT" + bytes(4))
    assert error.code == MediaProblem.TOO_BIG_PICTURE
    assert "million pixels" in error.sentence


def test_empty() -> None:
    assert problem(b"").code == MediaProblem.EMPTY


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"Text, saved as .png", MediaProblem.NOT_AN_IMAGE, "a text file"),
        (b"<html><body>", MediaProblem.NOT_AN_IMAGE, "a web page"),
        (b"%PDF-1.4", MediaProblem.NOT_AN_IMAGE, "a PDF document"),
        (b"\x80\x81\x82", MediaProblem.NOT_AN_IMAGE, "not a picture"),
        (clip(0.2), MediaProblem.NOT_AN_IMAGE, "an MP4 video"),
        (picture("GIF"), MediaProblem.WRONG_FORMAT, "a GIF picture"),
        (picture("BMP"), MediaProblem.WRONG_FORMAT, "a BMP picture"),
        (picture("TIFF"), MediaProblem.WRONG_FORMAT, "a TIFF picture"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", MediaProblem.WRONG_FORMAT, "a HEIC picture. A link can only lead to"),
    ],
)
def test_other_things(data: bytes, code: MediaProblem, words: str) -> None:
    error = problem(data)
    assert error.code == code
    assert words in error.sentence
