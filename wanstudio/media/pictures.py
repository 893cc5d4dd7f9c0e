"""Pictures: kinds of files by their first bytes, still pictures by Pillow, frames of clips by FFmpeg, posters of both.

The decoders are kept at arm's length: three formats of pictures and one demuxer, no other file, no endless search,
and never more pixels than fit in memory.
"""

import io
from itertools import chain, islice
from time import process_time
from typing import IO, Literal, cast

import av
from PIL import Image, ImageOps

from .decoder_messages import ImageFacts
from .errors import FetchError, MediaError, MediaProblem
from .movie import SeekableFile, size_of

MAX_PIXELS = 64_000_000
POSTER_SIDE = 720
_QUALITY = 82
_CHUNK_BYTES = 64 * 1024
_FORMATS = {"JPEG": "JPEG", "MPO": "JPEG", "PNG": "PNG", "WEBP": "WEBP"}
_ORIENTATION = 0x0112
_MAX_PACKETS = 2_000
# Of the 10 s that a decoder process has: keyframes can be far apart in a sound clip.
_ENOUGH_CPU_S = 6.0
# Encoders write about ten; each costs as much as decoding the picture once.
_MAX_SCANS = 100
_SCAN = b"\xff\xda"
_OPTIONS = {
    # With its choice of demuxers FFmpeg takes playlists and session descriptions for clips and opens what they name.
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2",
    "protocol_whitelist": "",
}
_SIGNS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF", "a PDF document"),
    (0, b"\x1aE\xdf\xa3", "a WebM or Matroska video"),
    (8, b"AVI ", "an AVI video"),
    (0, b"FLV\x01", "a Flash video"),
    (0, b"0&\xb2u\x8ef\xcf\x11", "a Windows Media video"),
    (0, b"\0\0\x01\xba", "an MPEG video"),
    (0, b"\0\0\x01\xb3", "an MPEG video"),
    (0, b"OggS", "an Ogg file"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"\x89PNG", "a PNG picture"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (8, b"WEBP", "a WebP picture"),
    (0, b"BM", "a BMP picture"),
    (0, b"II*\0", "a TIFF picture"),
    (0, b"MM\0*", "a TIFF picture"),
    (8, b"WAVE", "a WAV sound"),
    (0, b"ID3", "an MP3 sound"),
    (0, b"fLaC", "a FLAC sound"),
    (0, b"PK\x03\x04", "a ZIP archive or an Office document"),
    (0, b"\x1f\x8b", "a compressed file"),
)
_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"hevc", b"mif1", b"msf1"), "a HEIC picture"),
    **dict.fromkeys((b"avif", b"avis"), "an AVIF picture"),
    b"crx ": "a raw photograph",
    b"M4A ": "a sound recording",
    b"M4B ": "a sound recording",
}


def describe(head: bytes) -> str:
    """ "a PDF document", "a web page"; "" if the bytes (the first hundred are enough) say nothing known."""
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "an MP4 video")
    for offset, sign, words in _SIGNS:
        if head.startswith(sign, offset):
            return words
    if head[:1] == b"G" and head[188:189] == b"G":
        return "an MPEG transport stream video"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith(b"<svg"):
        return "an SVG picture"
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<!--", b"<?xml", b"<body")):
        return "a web page"
    if head and all(byte >= 0x20 or byte in b"\t\n\r\f" for byte in head[:100]):
        return "a text file"
    return ""


def clip_poster(file: SeekableFile) -> bytes:
    """A JPEG of a clip's first frame, upright and at most 720 px on its longest side. Raises MediaError, FetchError."""
    frame = frame_at(file)
    try:
        small = frame.to_image(threads=1)  # type: ignore[no-untyped-call]
    except av.FFmpegError:
        raise MediaError(MediaProblem.UNREADABLE) from None
    small.thumbnail((POSTER_SIDE, POSTER_SIDE))
    return _jpeg(small.rotate(frame.rotation, expand=True) if frame.rotation else small)


def _jpeg(small: Image.Image) -> bytes:
    out = io.BytesIO()
    small.save(out, "JPEG", quality=_QUALITY, optimize=True, progressive=True)
    return out.getvalue()


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
        return ImageFacts(kind, width, height, size_bytes), _jpeg(flattened(ImageOps.exif_transpose(small)))


def not_taken(kind: str, thing: Literal["picture", "video"], formats: str) -> MediaError:
    """The refusal of a file of this kind (as `describe` calls it) where a picture or video is to be chosen."""
    if kind.endswith(thing):
        return MediaError(MediaProblem.WRONG_FORMAT, f"This is {kind}. Save it as {formats}.")
    this = f"This is {kind}, not a {thing}." if kind else f"This is not a {thing}."
    hint = f"Use the direct link of the {thing} itself." if kind == "a web page" else f"Choose one in {formats}."
    return MediaError(MediaProblem.NOT_AN_IMAGE if thing == "picture" else MediaProblem.NOT_A_VIDEO, f"{this} {hint}")


def frame_at(file: SeekableFile, after_s: float = 0.0) -> av.VideoFrame:
    """The first picture of a clip, or one shown `after_s` or later, or the last before. MediaError UNREADABLE: none."""
    file.seek(0)
    frame = None
    try:
        with av.open(file, mode="r", format="mov", options=_OPTIONS, metadata_errors="replace") as container:
            stream = next(iter(container.streams.video), None)
            # PyAV gives a stream no codec context where FFmpeg has no decoder for it.
            if stream is None or getattr(stream, "codec_context", None) is None:
                raise MediaError(MediaProblem.UNREADABLE)
            stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
            # A machine of many cores would need as many stacks and frames, and reach the limit of memory sooner.
            stream.codec_context.thread_count = 1
            if after_s:
                container.seek(int(after_s * av.time_base))
            packets = islice(container.demux(stream), _MAX_PACKETS)
            for frame in chain.from_iterable(packet.decode() for packet in packets):
                is_late = not after_s or (frame.time is not None and frame.time >= after_s)
                if is_late or process_time() > _ENOUGH_CPU_S:
                    break
    except MemoryError:
        # One packet can claim to be as large as the memory.
        raise MediaError(MediaProblem.TOO_COSTLY) from None
    except av.FFmpegError:
        raise MediaError(MediaProblem.UNREADABLE) from None
    if frame is None:
        raise MediaError(MediaProblem.UNREADABLE)
    return frame
