"""Still pictures by Pillow, restricted: an allow-list of formats, and never more pixels than fit in memory."""

import base64
import io
from typing import IO, cast

import pillow_heif
from PIL import AvifImagePlugin, Image, ImageCms, ImageOps

from wanstudio.media.decoder_messages import Cleaning, ImageFacts
from wanstudio.media.errors import FetchError, MediaError, MediaProblem
from wanstudio.media.movie import SeekableFile, size_of
from wanstudio.media.pictures.file_kinds import describe, not_by_link, not_taken
from wanstudio.media.pictures.metadata import without_metadata

MAX_PIXELS = 64_000_000
POSTER_SIDE = 720
MAX_SIDE = 4096
"""Of a picture that has to be written anew: beyond it the model gains nothing."""
_QUALITY = 82
_PLACEHOLDER_SIDE, _PLACEHOLDER_QUALITY = 16, 20
# Below what any provider accepts.
FITTING_BYTES = 8 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024
_FORMATS = {"JPEG": "JPEG", "MPO": "JPEG", "PNG": "PNG", "WEBP": "WEBP"}
_CONVERTED = ("HEIF", "AVIF")
_TAKEN = ("a JPEG picture", "a PNG picture", "a WebP picture")
_TAKEN_WHEN_CLEANED = ("a HEIC picture", "an AVIF picture", "a HEIF picture")
_ANIMATED = "This picture is animated. Choose a still one, or save one frame of it as PNG."
_DAMAGED = (
    "The {kind} cannot be opened: it is damaged, incomplete, or of a kind that cannot be read here. "
    "Copy it again, or save it as JPEG or PNG."
)
_ORIENTATION = 0x0112
# Encoders write about ten; each costs as much as decoding the picture once.
_MAX_SCANS = 100
_SCAN = b"\xff\xda"
_PNG_DEPTH, _WEBP_ANIMATION = slice(24, 25), 0x02
# A machine of many cores would need as many stacks and frames, and reach the limit of memory sooner.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
pillow_heif.options.DECODE_THREADS = 1
pillow_heif.options.THUMBNAILS = False
pillow_heif.register_heif_opener()


def decode_picture(file: SeekableFile) -> tuple[ImageFacts, bytes]:
    """Facts of a JPEG, PNG or WebP that was decoded as a whole, and its poster: upright, at most 720 px wide and high.

    Raises MediaError, and FetchError where the file comes from a link.
    """
    return _guarded(file, clean=False)[:2]


def clean_picture(file: SeekableFile) -> tuple[ImageFacts, bytes, Cleaning]:
    """Facts and poster as `decode_picture`, also of HEIC and AVIF, of the picture that can leave the studio.

    That is a JPEG, PNG or WebP, upright, in sRGB with 8 bits, without metadata. The cleaning has it, unless the file is
    all that already. Raises MediaError.
    """
    facts, poster, data = _guarded(file, clean=True)
    return facts, poster, Cleaning(file=data)


def _guarded(file: SeekableFile, *, clean: bool) -> tuple[ImageFacts, bytes, bytes]:
    size_bytes = size_of(file)
    if not size_bytes:
        raise MediaError(MediaProblem.EMPTY)
    file.seek(0)
    kind = describe(file.read(512))
    if kind not in (*_TAKEN, *(_TAKEN_WHEN_CLEANED if clean else ())):
        if kind in _TAKEN_WHEN_CLEANED:
            raise not_by_link(kind, "picture")
        raise not_taken(kind, "picture")
    if kind == "a JPEG picture" and _scans(file) > _MAX_SCANS:
        raise MediaError(MediaProblem.TOO_COSTLY)
    file.seek(0)
    try:
        return _decode(file, size_bytes, clean=clean)
    except (MediaError, FetchError, MemoryError):
        raise
    except Image.DecompressionBombError:
        raise MediaError(MediaProblem.TOO_BIG_PICTURE) from None
    except Exception:
        # Decoders raise nearly any exception for a hostile or damaged file, and each of them means this.
        raise MediaError(MediaProblem.UNREADABLE, _DAMAGED.format(kind=kind.split(maxsplit=1)[1])) from None


def _scans(file: SeekableFile) -> int:
    """How many scans a JPEG has, those of previews in it included: within a scan no FF is followed by DA."""
    file.seek(0)
    count, before = 0, b""
    while chunk := file.read(_CHUNK_BYTES):
        count += (before + chunk).count(_SCAN)
        before = chunk[-1:]
    return count


def _decode(file: SeekableFile, size_bytes: int, *, clean: bool) -> tuple[ImageFacts, bytes, bytes]:
    with Image.open(cast(IO[bytes], file), formats=("JPEG", "PNG", "WEBP", *(_CONVERTED if clean else ()))) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise MediaError(MediaProblem.TOO_BIG_PICTURE)
        # Phones put a preview or a depth map beside the picture; those are no frames.
        if image.format not in ("MPO", "HEIF") and getattr(image, "n_frames", 1) > 1:
            raise MediaError(MediaProblem.WRONG_FORMAT, _ANIMATED)
        kind = _FORMATS.get(image.format or "", "")
        turned = image.getexif().get(_ORIENTATION, 1)
        if clean and (not kind or turned != 1 or _has_other_colours(image) or _is_unusual(file)):
            return _written_anew(image)
        data = b""
        if clean:
            file.seek(0)
            data = without_metadata(original := file.read(size_bytes))
            data = b"" if data == original else data
            file.seek(0)
        small: Image.Image = image.convert("RGBA") if image.mode == "P" else image
        # Lets the JPEG decoder work at a fraction of the size, which spares most of the memory and the time.
        small.thumbnail((POSTER_SIDE, POSTER_SIDE))
        small.load()
        if turned in (5, 6, 7, 8):
            width, height = height, width
        poster = jpeg(flattened(in_8_bits(ImageOps.exif_transpose(small))))
        return ImageFacts(kind, width, height, len(data) or size_bytes), poster, data


def _has_other_colours(image: Image.Image) -> bool:
    """Whether the numbers of its colours are not those of sRGB."""
    return image.mode not in ("L", "LA", "P", "RGB", "RGBA", "1") or profile_of(image) is not None


def _is_unusual(file: SeekableFile) -> bool:
    """Whether it is a PNG of 16 bits, or a WebP whose one picture is in an animation."""
    file.seek(0)
    head = file.read(32)
    is_animation = head[12:16] == b"VP8X" and bool(head[20] & _WEBP_ANIMATION)
    return is_animation or (head.startswith(b"\x89PNG") and head[_PNG_DEPTH] == b"\x10")


def profile_of(image: Image.Image) -> ImageCms.ImageCmsProfile | None:
    """The colour profile, unless it is sRGB or invalid."""
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        return None if "srgb" in ImageCms.getProfileDescription(profile).lower() else profile
    except (KeyError, OSError, TypeError, ImageCms.PyCMSError):
        return None


def _written_anew(image: Image.Image) -> tuple[ImageFacts, bytes, bytes]:
    """The picture upright, in sRGB, at most 4096 px wide and high: as PNG with transparency, else as JPEG."""
    has_alpha = image.has_transparency_data
    profile = profile_of(image)
    image.draft(None, (MAX_SIDE, MAX_SIDE))
    image.load()
    small = in_8_bits(image)
    small.thumbnail((MAX_SIDE, MAX_SIDE))
    small = ImageOps.exif_transpose(small)
    small = in_srgb(small, profile, has_alpha=has_alpha)
    small.info.clear()
    kind = "PNG" if has_alpha else "JPEG"
    while len(data := saved(small, kind)) > FITTING_BYTES:
        small.thumbnail((small.width * 3 // 4, small.height * 3 // 4))
    facts = ImageFacts(kind, *small.size, len(data))
    small.thumbnail((POSTER_SIDE, POSTER_SIDE))
    return facts, jpeg(flattened(small)), data


def in_8_bits(image: Image.Image) -> Image.Image:
    """Palettes as colours, greys of 16 bits with all their tones: `convert` would make everything beyond 255 white."""
    if image.mode in ("P", "1"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode.startswith("I"):
        return image.point(lambda value: value * (1 / 257)).convert("L")
    return image


def in_srgb(image: Image.Image, profile: ImageCms.ImageCmsProfile | None, *, has_alpha: bool) -> Image.Image:
    mode = "RGBA" if has_alpha else "RGB"
    if profile is None:
        return image.convert(mode)
    alpha = image.convert("RGBA").getchannel("A") if has_alpha else None
    colours = image.convert("RGB") if image.mode == "RGBA" else image.convert("L") if image.mode == "LA" else image
    try:
        result = ImageCms.profileToProfile(colours, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except ImageCms.PyCMSError:
        # A profile for another kind of picture than it is in.
        result = colours.convert("RGB")
    result = result or colours.convert("RGB")
    if alpha:
        result.putalpha(alpha)
    return result


def flattened(image: Image.Image) -> Image.Image:
    """RGB; what is transparent becomes white."""
    if image.mode == "RGB":
        return image
    if not image.has_transparency_data:
        return image.convert("RGB")
    rgba = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")


def saved(picture: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    if kind == "PNG":
        picture.save(out, "PNG", compress_level=3)
    else:
        picture.save(out, "JPEG", quality=95, subsampling=0)
    return out.getvalue()


def jpeg(small: Image.Image) -> bytes:
    """A poster, with its placeholder as the comment. Pillow would otherwise copy a comment of the picture into it."""
    out, less = io.BytesIO(), {"exif": b"", "icc_profile": None}
    comment = _placeholder(small)
    small.save(out, "JPEG", quality=_QUALITY, optimize=True, progressive=True, comment=comment, **less)
    return out.getvalue()


def _placeholder(poster: Image.Image) -> bytes:
    """As `placeholders` reads it."""
    tiny, out = poster.convert("RGB"), io.BytesIO()
    tiny.thumbnail((_PLACEHOLDER_SIDE, _PLACEHOLDER_SIDE), Image.Resampling.BOX)
    tiny.save(out, "WEBP", quality=_PLACEHOLDER_QUALITY, method=6, exif=b"", icc_profile=None)
    return base64.b64encode(out.getvalue())
