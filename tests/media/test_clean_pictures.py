"""Pictures as they leave the studio: upright, in sRGB, without a trace of place and device; HEIC and AVIF as JPEG."""

import io
import struct
import zlib
from collections.abc import Callable

import pillow_heif
import pytest
from PIL import Image, ImageCms, ImageDraw, ImageFilter, PngImagePlugin

from wanstudio.media import isolated
from wanstudio.media.errors import MediaError
from wanstudio.media.pictures.stills import clean_picture

PLACE = b"48.8583N-GPS-PLACE"
DEVICE = b"Phone-Maker-9"
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">' + PLACE + b"</x:xmpmeta>"


def scene(size: tuple[int, int] = (300, 200), mode: str = "RGB") -> Image.Image:
    """Red on its left half, blue on its right."""
    image = Image.new("RGB", size, "red")
    ImageDraw.Draw(image).rectangle((size[0] // 2, 0, size[0], size[1]), fill="blue")
    return image.filter(ImageFilter.GaussianBlur(1)).convert(mode)


def exif(orientation: int = 1) -> Image.Exif:
    made = Image.Exif()
    made[0x0112], made[0x010F] = orientation, DEVICE.decode()
    made.get_ifd(0x8825)[29] = PLACE.decode()
    made.get_ifd(0x8769)[0x9286] = PLACE.decode()
    return made


def saved(kind: str, orientation: int = 1, **more: object) -> bytes:
    out = io.BytesIO()
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", XMP.decode())
    fields: dict[str, dict[str, object]] = {
        "JPEG": {"comment": PLACE, "xmp": XMP},
        "PNG": {"pnginfo": text},
        "WEBP": {"xmp": XMP},
        "AVIF": {"xmp": XMP},
        "HEIF": {"xmp": XMP},
    }
    scene().save(out, kind, exif=exif(orientation).tobytes(), **fields[kind], **more)
    return out.getvalue()


def cleaned(data: bytes) -> tuple[Image.Image, bytes]:
    facts, poster, cleaning = clean_picture(io.BytesIO(data))
    kept = cleaning.file or data
    image = Image.open(io.BytesIO(kept))
    assert (facts.format, facts.width, facts.height, facts.size_bytes) == (image.format, *image.size, len(kept))
    for each in (kept, poster):
        assert PLACE not in each
        assert DEVICE not in each
    assert not image.getexif()
    return image, kept


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_place_and_device_are_gone(kind: str, orientation: int) -> None:
    data = saved(kind, orientation)
    assert PLACE in data
    image, _ = cleaned(data)
    assert image.size == ((300, 200) if orientation == 1 else (200, 300))
    # Turned by 90° clockwise the red half is above.
    red, blue = ((10, 100), (290, 100)) if orientation == 1 else ((100, 10), (100, 290))
    assert image.convert("RGB").getpixel(red)[0] > 200  # type: ignore[index]
    assert image.convert("RGB").getpixel(blue)[2] > 200  # type: ignore[index]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_an_upright_picture_keeps_every_pixel(kind: str) -> None:
    data = saved(kind)
    image, kept = cleaned(data)
    assert kept != data
    assert image.tobytes() == Image.open(io.BytesIO(data)).tobytes()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_clean_picture_is_kept_as_it_is(kind: str) -> None:
    out = io.BytesIO()
    scene().save(out, kind)
    assert clean_picture(io.BytesIO(out.getvalue()))[2].file == b""


def test_what_a_phone_appends_is_gone() -> None:
    """A second picture for depth, a moving one behind the end: each has a place of its own."""
    second = saved("JPEG")
    image, kept = cleaned(saved("JPEG") + second + b"MotionPhoto_Data" + PLACE)
    assert kept.endswith(b"\xff\xd9")
    assert image.size == (300, 200)


def jpeg_with(marker: int, body: bytes) -> bytes:
    """A JPEG whose first part, which says its version, is this one."""
    out = io.BytesIO()
    scene().save(out, "JPEG")
    return b"\xff\xd8\xff" + bytes([marker]) + (len(body) + 2).to_bytes(2, "big") + body + out.getvalue()[20:]


def png_with(kind: bytes, body: bytes) -> bytes:
    out = io.BytesIO()
    scene().save(out, "PNG")
    data, chunk = out.getvalue(), kind + body
    chunk = len(body).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    return data[:33] + chunk + data[33:]


@pytest.mark.parametrize(
    "data",
    [
        jpeg_with(0xE0, b"JFIF\0\1\1\0\0\1\0\1\2\2" + bytes(12) + PLACE),
        jpeg_with(0xEE, b"Adobe\0d\0\0\0\0\1" + PLACE),
        png_with(b"bKGD", PLACE),
        png_with(b"pHYs", bytes(9) + PLACE),
    ],
    ids=["preview in JFIF", "behind Adobe's note", "background", "density"],
)
def test_what_is_behind_a_kept_note_is_gone(data: bytes) -> None:
    assert PLACE in data
    image, kept = cleaned(data)
    assert PLACE not in kept
    assert image.size == (300, 200)


def two_in_heif() -> bytes:
    """Two pictures with EXIF and XMP each, and behind them the clip of a motion photo."""
    file, out = pillow_heif.from_pillow(scene()), io.BytesIO()
    file.add_from_pillow(scene())
    for picture in file:
        picture.info |= {"exif": exif().tobytes(), "xmp": XMP}
    file.save(out)
    return out.getvalue() + (len(PLACE) + 8).to_bytes(4, "big") + b"mpvd" + PLACE


def one_in_an_animation() -> bytes:
    """A WebP whose only picture is in an animation, with a note beside it there, and EXIF and XMP behind it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)

    out = io.BytesIO()
    scene().save(out, "WEBP")
    size = b"".join((side - 1).to_bytes(3, "little") for side in (300, 200))
    frame = bytes(6) + size + bytes(4) + out.getvalue()[12:] + chunk(b"NOTE", PLACE)
    chunks = chunk(b"VP8X", b"\x0e\0\0\0" + size) + chunk(b"ANIM", bytes(6)) + chunk(b"ANMF", frame)
    chunks += chunk(b"EXIF", exif().tobytes()) + chunk(b"XMP ", XMP)
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


def noted_behind_its_pixels() -> bytes:
    """A PNG with EXIF, XMP, comments and a manifest behind its pixels, and something behind its end."""
    data = png_with(b"tEXt", b"Comment\0" + PLACE)
    notes = {b"eXIf": exif().tobytes()[6:], b"tEXt": b"Comment\0" + PLACE}
    notes |= {b"zTXt": b"Comment\0\0" + zlib.compress(PLACE, 0), b"iTXt": b"XML:com.adobe.xmp\0\0\0\0\0" + XMP}
    notes[b"caBX"] = PLACE
    chunks = (kind + body for kind, body in notes.items())
    behind = b"".join(struct.pack(">I", len(each) - 4) + each + struct.pack(">I", zlib.crc32(each)) for each in chunks)
    end = data.index(b"IEND") - 4
    return data[:end] + behind + data[end:] + PLACE


def two_in_mpf() -> bytes:
    """What phones write with a map of depth: an index of two JPEGs, with EXIF each, and a clip behind them."""
    out = io.BytesIO()
    scene().save(out, "MPO", save_all=True, append_images=[scene()], exif=exif().tobytes(), comment=PLACE)
    return out.getvalue() + b"\0\0\0\x18ftypmp42" + bytes(12) + PLACE


def noted_between_scans() -> bytes:
    out = io.BytesIO()
    scene().save(out, "JPEG", progressive=True)
    data = out.getvalue()
    at, notes = data.rindex(b"\xff\xda"), (len(PLACE) + 2).to_bytes(2, "big") + PLACE
    return data[:at] + b"\xff\xe1" + notes + b"\xff\xfe" + notes + data[at:]


RARE: dict[str, Callable[[], bytes]] = {
    "two pictures.heic": two_in_heif,
    "one in an animation.webp": one_in_an_animation,
    "behind its pixels.png": noted_behind_its_pixels,
    "two pictures.jpg": two_in_mpf,
    "between scans.jpg": noted_between_scans,
}


@pytest.mark.parametrize("name", RARE)
def test_nothing_is_left_in_the_rarer_places(name: str) -> None:
    data = RARE[name]()
    assert PLACE in data
    image, _ = cleaned(data)
    assert image.size == (300, 200)
    assert image.convert("RGB").getpixel((10, 100))[0] > 200  # type: ignore[index]


def test_transparent_picture_stays_transparent() -> None:
    out = io.BytesIO()
    image = scene().convert("RGBA")
    image.putalpha(Image.new("L", image.size, 99))
    image.save(out, "AVIF")
    assert cleaned(out.getvalue())[0].mode == "RGBA"


def test_greys_of_16_bits_keep_their_tones() -> None:
    ramp = Image.new("I;16", (256, 64))
    ramp.putdata([x * 257 for _ in range(64) for x in range(256)])
    out = io.BytesIO()
    ramp.save(out, "PNG")
    image, _ = cleaned(out.getvalue())
    assert all(abs(image.convert("L").getpixel((x, 30)) - x) <= 3 for x in range(0, 256, 5))  # type: ignore[operator]


def png_of_16_bits(colour_type: int, channels: int, transparent: bytes = b"") -> bytes:
    """Sixteen steps from black to white, side by side; `colour_type` as in PNG's header."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row = b"\0" + b"".join((step * 0x1111).to_bytes(2, "big") * channels for step in range(16))
    head = struct.pack(">IIBBBBB", 16, 8, 16, colour_type, 0, 0, 0)
    marks = chunk(b"tRNS", transparent) if transparent else b""
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + marks
        + chunk(b"IDAT", zlib.compress(row * 8))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("colour_type", "channels", "transparent"),
    [(0, 1, b""), (2, 3, b""), (4, 2, b""), (6, 4, b""), (0, 1, b"\x88\x88"), (2, 3, b"\x88\x88" * 3)],
)
def test_every_kind_of_16_bits_keeps_its_tones(colour_type: int, channels: int, transparent: bytes) -> None:
    image, _ = cleaned(png_of_16_bits(colour_type, channels, transparent))
    steps = [image.convert("RGBA").getpixel((x, 4)) for x in (0, 4, 8, 15)]
    assert [step[0] for step in steps] == pytest.approx([0, 68, 136, 255], abs=2)  # type: ignore[index]
    opacity = [0, 68, 136, 255] if channels in (2, 4) else [255, 255, 0 if transparent else 255, 255]
    assert [step[3] for step in steps] == opacity  # type: ignore[index]


@pytest.mark.parametrize("profile", [False, True])
def test_palette_with_a_transparent_colour_stays_that(profile: bool) -> None:
    image = Image.new("P", (20, 20), 0)
    image.putpalette([255, 0, 0, 0, 255, 0] + [0] * 762)
    image.paste(1, (10, 0, 20, 20))
    out = io.BytesIO()
    image.save(out, "PNG", transparency=0, **({"icc_profile": matrix_profile(1.0)} if profile else {}))
    shown = cleaned(out.getvalue())[0].convert("RGBA")
    assert (shown.getpixel((1, 1))[3], shown.getpixel((15, 1))) == (0, (0, 255, 0, 255))  # type: ignore[index]


def test_print_colours_keep_their_tones() -> None:
    out = io.BytesIO()
    scene(mode="CMYK").save(out, "JPEG", quality=95)
    image, _ = cleaned(out.getvalue())
    red, blue = image.getpixel((20, 100)), image.getpixel((280, 100))
    assert isinstance(red, tuple)
    assert isinstance(blue, tuple)
    assert image.mode == "RGB"
    assert red[0] > 200 > 60 > red[2]
    assert blue[2] > 200 > 60 > blue[0]


def matrix_profile(gamma: float) -> bytes:
    """A profile for displays, with sRGB's colours and another gamma (ICC.1:2010, 8.3.3)."""

    def fixed(*numbers: float) -> bytes:
        return b"".join(round(number * 65536).to_bytes(4, "big", signed=True) for number in numbers)

    def xyz(*numbers: float) -> bytes:
        return b"XYZ \0\0\0\0" + fixed(*numbers)

    curve = b"curv\0\0\0\0\0\0\0\1" + round(gamma * 256).to_bytes(2, "big") + b"\0\0"
    name = b"Panel of a phone"
    tags = {
        b"desc": b"desc\0\0\0\0" + (len(name) + 1).to_bytes(4, "big") + name + bytes(80),
        b"wtpt": xyz(0.9642, 1, 0.8249),
        b"rXYZ": xyz(0.4361, 0.2225, 0.0139),
        b"gXYZ": xyz(0.3851, 0.7169, 0.0971),
        b"bXYZ": xyz(0.1431, 0.0606, 0.7141),
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }
    table, body, start = b"", b"", 132 + 12 * len(tags)
    for sign, data in tags.items():
        data += bytes(-len(data) % 4)
        table += sign + (start + len(body)).to_bytes(4, "big") + len(data).to_bytes(4, "big")
        body += data
    size = start + len(body)
    head = size.to_bytes(4, "big") + bytes(4) + b"\2\x10\0\0mntrRGB XYZ " + bytes(12) + b"acsp" + bytes(28)
    return head + fixed(0.9642, 1, 0.8249) + bytes(48) + len(tags).to_bytes(4, "big") + table + body


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_another_profile_becomes_srgb(kind: str) -> None:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), (128, 128, 128)).save(out, kind, icc_profile=matrix_profile(1.0))
    image, _ = cleaned(out.getvalue())
    # Half the light is 188 in sRGB.
    assert abs(image.getpixel((30, 20))[0] - 188) <= 3  # type: ignore[index]
    assert "icc_profile" not in image.info


@pytest.mark.parametrize("profile", [b"rubbish", ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()])
def test_profile_that_does_not_fit_changes_no_colour(profile: bytes) -> None:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), (128, 128, 128)).save(out, "PNG", icc_profile=profile)
    image, _ = cleaned(out.getvalue())
    assert image.getpixel((30, 20))[0] == 128  # type: ignore[index]


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF"])
def test_animated_picture_is_refused(kind: str) -> None:
    out = io.BytesIO()
    scene().save(out, kind, save_all=True, append_images=[scene().rotate(180)])
    with pytest.raises(MediaError, match=r"animated\. Choose a still one"):
        clean_picture(io.BytesIO(out.getvalue()))


def test_a_phones_largest_picture_has_enough_memory() -> None:
    out = io.BytesIO()
    gradient = Image.radial_gradient("L").convert("RGB").resize((8064, 6048))
    gradient.save(out, "HEIF", quality=30, exif=exif(6).tobytes(), enc_params={"preset": "ultrafast"})
    facts, _, cleaning = isolated.take_picture(io.BytesIO(out.getvalue()))
    assert (facts.format, facts.width, facts.height) == ("JPEG", 3072, 4096)
    assert cleaning.file.startswith(b"\xff\xd8")
