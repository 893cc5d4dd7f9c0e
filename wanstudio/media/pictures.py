"""Still pictures, decoded by Pillow: three formats and no other decoder, and never more pixels than fit in memory."""

from dataclasses import dataclass
from typing import IO, cast

from PIL import Image, ImageOps

from .boxes import SeekableFile, size_of
from .errors import FetchError, MediaError, MediaProblem
from .frames import MAX_PIXELS
from .sniff import describe

POSTER_SIDE = 720
_FORMATS = {"JPEG": "JPEG", "MPO": "JPEG", "PNG": "PNG", "WEBP": "WEBP"}
_ORIENTATION = 0x0112


@dataclass(frozen=True)
class Picture:
    """Width and height in pixels as displayed; `small` is upright RGB, at most 720 px on its longest side."""

    format: str
    width: int
    height: int
    size_bytes: int
    small: Image.Image


def decode_picture(file: SeekableFile) -> Picture:
    """Decodes a JPEG, PNG or WebP as a whole, so that a damaged one is noticed. Raises MediaError."""
    size_bytes = size_of(file)
    if not size_bytes:
        raise MediaError(MediaProblem.EMPTY, "The file is empty. Choose it again, or export it again.")
    file.seek(0)
    kind = describe(file.read(512))
    if kind not in ("a JPEG picture", "a PNG picture", "a WebP picture"):
        raise _not_taken(kind)
    file.seek(0)
    try:
        return _decode(file, size_bytes)
    except (MediaError, FetchError, MemoryError):
        raise
    except Image.DecompressionBombError:
        raise _too_big() from None
    except Exception:
        # Decoders raise nearly anything over a hostile or damaged file, and each of it means this.
        raise MediaError(
            MediaProblem.UNREADABLE, "The picture is damaged and cannot be opened. Save it again as JPEG or PNG."
        ) from None


def flattened(image: Image.Image) -> Image.Image:
    """RGB; what is transparent becomes white."""
    if image.mode == "RGB":
        return image
    if "A" not in image.getbands() and "transparency" not in image.info:
        return image.convert("RGB")
    rgba = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")


def _decode(file: SeekableFile, size_bytes: int) -> Picture:
    with Image.open(cast(IO[bytes], file), formats=("JPEG", "PNG", "WEBP")) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise _too_big()
        kind = _FORMATS[image.format or ""]
        small: Image.Image = image
        if image.mode == "P":
            small = image.convert("RGBA")
        # Lets the JPEG decoder work at a fraction of the size, which spares most of the memory and the time.
        small.thumbnail((POSTER_SIDE, POSTER_SIDE))
        small.load()
        if image.getexif().get(_ORIENTATION) in (5, 6, 7, 8):
            width, height = height, width
        return Picture(kind, width, height, size_bytes, flattened(ImageOps.exif_transpose(small)))


def _too_big() -> MediaError:
    return MediaError(
        MediaProblem.TOO_BIG_PICTURE,
        f"The picture has more than {MAX_PIXELS // 1_000_000} million pixels. Scale it down and choose it again.",
    )


def _not_taken(kind: str) -> MediaError:
    if kind.endswith("picture"):
        return MediaError(MediaProblem.WRONG_FORMAT, f"This is {kind}. Save it as JPEG, PNG or WebP.")
    if kind == "a web page":
        return MediaError(
            MediaProblem.NOT_AN_IMAGE, "This is a web page, not a picture. Use the direct link of the picture itself."
        )
    what = f"This is {kind}, not a picture." if kind else "This is not a picture."
    return MediaError(MediaProblem.NOT_AN_IMAGE, f"{what} Choose a JPEG, PNG or WebP.")
