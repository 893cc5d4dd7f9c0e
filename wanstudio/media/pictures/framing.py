"""Framing: the part of a still picture in a frame as a separate file, upright, in sRGB, by a restricted Pillow.

Where the frame reaches outside of the picture, the colours of its edges are extended, without their detail.
"""

from math import ceil
from typing import IO, cast

from PIL import Image, ImageOps

from wanstudio.media.decoder_messages import Cleaning, ImageFacts
from wanstudio.media.errors import MediaError, MediaProblem
from wanstudio.media.movie import SeekableFile
from wanstudio.media.pictures.stills import FITTING_BYTES, MAX_PIXELS, MAX_SIDE, in_8_bits, in_srgb, profile_of, saved

_ORIENTATION = 0x0112
# So many colours of an edge are extended: more would stretch a figure that the edge cuts into stripes.
_COLOURS = 6

Frame = tuple[int, int, int, int]


def framed_picture(file: SeekableFile, frame: object) -> tuple[ImageFacts, bytes, Cleaning]:
    """Facts of the file that is in the cleaning; no poster. Raises MediaError.

    `frame`: left, top, width, height in pixels of the upright picture. The file is at most 4096 px wide and high; of a
    JPEG it is a JPEG, of any other picture a PNG.
    """
    left, top, width, height = cast(Frame, frame)
    try:
        with Image.open(cast(IO[bytes], file), formats=("JPEG", "PNG", "WEBP")) as image:
            if image.width * image.height > MAX_PIXELS:
                raise MediaError(MediaProblem.TOO_BIG_PICTURE)
            kind = "JPEG" if image.format == "JPEG" else "PNG"
            picture = _framed(image, (left, top, width, height))
        while len(data := saved(picture, kind)) > FITTING_BYTES:
            picture.thumbnail((picture.width * 3 // 4, picture.height * 3 // 4))
    except (MediaError, MemoryError):
        raise
    except Exception:
        # Decoders raise nearly any exception for a damaged file.
        raise MediaError(MediaProblem.UNREADABLE, "The picture is damaged and cannot be opened.") from None
    return ImageFacts(kind, *picture.size, len(data)), b"", Cleaning(file=data)


def _framed(image: Image.Image, frame: Frame) -> Image.Image:
    left, top, width, height = frame
    has_alpha, profile = image.has_transparency_data, profile_of(image)
    turned = image.getexif().get(_ORIENTATION, 1)
    across, down = reversed(image.size) if turned in (5, 6, 7, 8) else image.size
    scale = min(1, MAX_SIDE / max(width, height))
    # A JPEG is decoded at a fraction of its size where that is enough.
    image.draft(None, (ceil(image.width * scale), ceil(image.height * scale)))
    image.load()
    picture = in_8_bits(image)
    picture = ImageOps.exif_transpose(picture) if turned != 1 else picture
    inside = max(left, 0), max(top, 0), min(left + width, across), min(top + height, down)
    at = tuple(round((edge - start) * scale) for edge, start in zip(inside, (left, top, left, top), strict=True))
    size = max(at[2] - at[0], 1), max(at[3] - at[1], 1)
    smaller = picture.width / across, picture.height / down
    if scale == 1:
        part = picture.crop(inside)
    else:
        box = tuple(edge * share for edge, share in zip(inside, smaller * 2, strict=True))
        part = picture.resize(size, Image.Resampling.LANCZOS, box=cast(tuple[float, float, float, float], box))
    part = in_srgb(part, profile, has_alpha=has_alpha)
    part.info.clear()
    return _extended(part, (round(width * scale), round(height * scale)), (at[0], at[1]))


def _extended(part: Image.Image, size: tuple[int, int], at: tuple[int, int]) -> Image.Image:
    """A picture of this size with the part at this place, whose edges are extended to all sides."""
    if part.size == size:
        return part
    (width, height), (left, top) = size, at
    made = Image.new(part.mode, size)
    made.paste(part, at)
    right, bottom = left + part.width, top + part.height
    for start, end, edge in ((0, left, 0), (right, width, part.width - 1)):
        if end > start:
            column = part.crop((edge, 0, edge + 1, part.height))
            soft = column.resize((1, _COLOURS), Image.Resampling.BOX)
            made.paste(soft.resize((end - start, part.height), Image.Resampling.BICUBIC), (start, top))
    for start, end, edge in ((0, top, top), (bottom, height, bottom - 1)):
        if end > start:
            row = made.crop((0, edge, width, edge + 1))
            soft = row.resize((_COLOURS, 1), Image.Resampling.BOX)
            made.paste(soft.resize((width, end - start), Image.Resampling.BICUBIC), (0, start))
    return made
