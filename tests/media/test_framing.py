"""Framed pictures: the pixels of the frame where they belong, upright, in sRGB; edges go on outside of the picture."""

import io
from random import Random

import pytest
from PIL import Image, ImageCms, ImageDraw

from tests.pictures import noise
from wanstudio.media import isolated
from wanstudio.media.errors import MediaError

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
TURNS = {1: None, 3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}


def quarters(size: tuple[int, int] = (400, 200)) -> Image.Image:
    """Red and green above, blue and white below."""
    image, (width, height) = Image.new("RGB", size, RED), (size[0] // 2, size[1] // 2)
    draw = ImageDraw.Draw(image)
    draw.rectangle((width, 0, size[0], height - 1), fill=GREEN)
    draw.rectangle((0, height, width - 1, size[1]), fill=BLUE)
    draw.rectangle((width, height, size[0], size[1]), fill=WHITE)
    return image


def saved(image: Image.Image, kind: str, **more: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


def framed(data: bytes, *frame: int) -> Image.Image:
    image = Image.open(io.BytesIO(isolated.frame_picture(io.BytesIO(data), frame)))
    image.load()
    return image


def close(image: Image.Image, at: tuple[int, int], colour: tuple[int, ...]) -> bool:
    found = image.getpixel(at)
    assert isinstance(found, tuple)
    return max(abs(one - other) for one, other in zip(found, colour, strict=True)) <= 6


def test_part_has_the_very_pixels_of_the_picture() -> None:
    whole = noise((400, 200), 80).convert("RGB")
    part = framed(saved(whole, "PNG"), 37, 11, 201, 99)
    assert part.format == "PNG"
    assert part.tobytes() == whole.crop((37, 11, 238, 110)).tobytes()


@pytest.mark.parametrize("orientation", TURNS)
def test_turned_picture_is_framed_as_it_is_shown(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    turn = TURNS[orientation]
    stored = quarters().transpose(turn) if turn else quarters()
    part = framed(saved(stored, "JPEG", exif=exif, quality=95), 180, 80, 40, 60)
    assert (part.format, part.size, dict(part.getexif())) == ("JPEG", (40, 60), {})
    assert [close(part, at, colour) for at, colour in (((4, 4), RED), ((35, 4), GREEN), ((4, 50), BLUE))] == [True] * 3


def test_edges_go_on_outside_of_the_picture() -> None:
    part = framed(saved(quarters(), "PNG"), -100, -300, 600, 700)
    assert part.size == (600, 700)
    places = {(2, 2): RED, (2, 350): RED, (597, 2): GREEN, (2, 697): BLUE, (597, 697): WHITE, (120, 310): RED}
    assert all(close(part, at, colour) for at, colour in places.items())


def test_what_is_transparent_stays_so() -> None:
    image = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((30, 30, 69, 69), fill=(*RED, 255))
    part = framed(saved(image, "PNG"), -50, 20, 200, 60)
    assert (part.mode, part.size) == ("RGBA", (200, 60))
    assert part.getpixel((100, 30)) == (*RED, 255)
    corner = part.getpixel((2, 30))
    assert isinstance(corner, tuple)
    assert corner[3] == 0


def test_print_colours_16_bits_and_palettes_keep_their_tones() -> None:
    cmyk = framed(saved(quarters().convert("CMYK"), "JPEG", quality=95), 0, 0, 300, 150)
    assert cmyk.mode == "RGB"
    assert close(cmyk, (10, 10), RED)
    deep = Image.new("I;16", (100, 100), 32896)
    assert close(framed(saved(deep, "PNG"), 0, 0, 50, 50), (10, 10), (128, 128, 128))
    assert close(framed(saved(quarters().convert("P"), "PNG"), 210, 0, 50, 50), (10, 10), GREEN)


def test_other_colour_profile_becomes_srgb() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    part = framed(saved(quarters(), "PNG", icc_profile=lab.tobytes()), 0, 0, 50, 50)
    assert "icc_profile" not in part.info


def test_large_frame_is_scaled_down_and_keeps_its_shape() -> None:
    part = framed(saved(quarters((9000, 3000)), "JPEG"), -1000, 0, 9000, 3000)
    assert part.size == (4096, 1365)
    assert close(part, (100, 100), RED)
    assert close(part, (4000, 1300), WHITE)


def test_file_is_small_enough_for_the_provider() -> None:
    # What no encoder makes smaller.
    grain = Image.frombytes("RGB", (1700, 1800), Random(7).randbytes(1700 * 1800 * 3))
    data = isolated.frame_picture(io.BytesIO(saved(grain, "PNG", compress_level=0)), (0, 0, 1700, 1750))
    width, height = Image.open(io.BytesIO(data)).size
    assert len(data) < 10 * 1024 * 1024
    assert abs(width / height - 1700 / 1750) < 0.001


@pytest.mark.parametrize("data", [b"", b"not a picture", saved(quarters(), "PNG")[:500], saved(quarters(), "GIF")])
def test_damaged_picture_is_a_sentence(data: bytes) -> None:
    with pytest.raises(MediaError, match="damaged"):
        isolated.frame_picture(io.BytesIO(data), (0, 0, 10, 10))
