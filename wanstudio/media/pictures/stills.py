"""Still pictures by Pillow, kept at arm's length: formats by allow-list, and never more pixels than fit in memory."""

import io
from typing import IO, cast

from PIL import Image, ImageOps

from wanstudio.media.decoder_messages import ImageFacts
from wanstudio.media.errors import FetchError, MediaError, MediaProblem
from wanstudio.media.movie import SeekableFile, size_of
from wanstudio.media.pictures.file_kinds import describe, not_taken

MAX_PIXELS = 64_000_000
POSTER_SIDE = 720
_QUALITY = 82
_CHUNK_BYTES = 64 * 1024
_FORMATS = {"JPEG": "JPEG", "MPO": "JPEG", "PNG": "PNG", "WEBP": "WEBP"}
_ORIENTATION = 0x0112
# Encoders write about ten; each costs as much as decoding the picture once.
_MAX_SCANS = 100
_SCAN = b"\xff\xda"


def decode_picture(file: SeekableFile) -> tuple[ImageFacts, bytes]:
    """Facts of a JPEG, PNG or WebP that was decoded as a whole, and its poster: upright, at most 720 px wide and high.

    Raises MediaError, and FetchError where the file comes from a link.
    """
    size_bytes = size_of(file)
    if not size_bytes:
        raise MediaError(MediaProblem.EMPTY)
    file.seek(0)
    kind = describe(file.read(512))
    if kind not in ("a JPEG picture", "a PNG picture", "a WebP picture"):
        raise not_taken(kind, "picture", "JPEG, PNG or WebP")
    if kind == "a JPEG picture" and _scans(file) > _MAX_SCANS:
        raise MediaError(MediaProblem.TOO_COSTLY)
    file.seek(0)
    try:
        return _decode(file, size_bytes)
    except (MediaError, FetchError, MemoryError):
        raise
    except Image.DecompressionBombError:
        raise MediaError(MediaProblem.TOO_BIG_PICTURE) from None
    except Exception:
        # Decoders raise nearly anything over a hostile or damaged file, and each of it means this.
        raise MediaError(
            MediaProblem.UNREADABLE, "The picture is damaged and cannot be opened. Save it again as JPEG or PNG."
        ) from None


def _scans(file: SeekableFile) -> int:
    """How many scans a JPEG has, those of previews in it included: within a scan no FF is followed by DA."""
    file.seek(0)
    count, before = 0, b""
    while chunk := file.read(_CHUNK_BYTES):
        count += (before + chunk).count(_SCAN)
        before = chunk[-1:]
    return count


def flattened(image: Image.Image) -> Image.Image:
    """RGB; what is transparent becomes white."""
    if image.mode == "RGB":
        return image
    if "A" not in image.getbands() and "transparency" not in image.info:
        return image.convert("RGB")
    rgba = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")


def _decode(file: SeekableFile, size_bytes: int) -> tuple[ImageFacts, bytes]:
    with Image.open(cast(IO[bytes], file), formats=("JPEG", "PNG", "WEBP")) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise MediaError(MediaProblem.TOO_BIG_PICTURE)
        kind = _FORMATS[image.format or ""]
        small: Image.Image = image
        if image.mode == "P":
            small = image.convert("RGBA")
        # Lets the JPEG decoder work at a fraction of the size, which spares most of the memory and the time.
        small.thumbnail((POSTER_SIDE, POSTER_SIDE))
        small.load()
        if image.getexif().get(_ORIENTATION) in (5, 6, 7, 8):
            width, height = height, width
        return ImageFacts(kind, width, height, size_bytes), jpeg(flattened(ImageOps.exif_transpose(small)))


def jpeg(small: Image.Image) -> bytes:
    out = io.BytesIO()
    small.save(out, "JPEG", quality=_QUALITY, optimize=True, progressive=True)
    return out.getvalue()
