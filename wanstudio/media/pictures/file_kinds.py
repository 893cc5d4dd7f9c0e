"""Kinds of files by their first bytes, and the sentence for one of another kind than was asked for."""

from typing import Literal

from wanstudio.media.errors import MediaError, MediaProblem

MATROSKA = b"\x1aE\xdf\xa3"
_SIGNS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF", "a PDF document"),
    (0, MATROSKA, "a WebM or Matroska video"),
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


def not_taken(kind: str, thing: Literal["picture", "video"], formats: str) -> MediaError:
    """The refusal of a file of this kind (as `describe` calls it) where a picture or video is to be chosen."""
    if kind.endswith(thing):
        return MediaError(MediaProblem.WRONG_FORMAT, f"This is {kind}. Save it as {formats}.")
    this = f"This is {kind}, not a {thing}." if kind else f"This is not a {thing}."
    hint = f"Use the direct link of the {thing} itself." if kind == "a web page" else f"Choose one in {formats}."
    return MediaError(MediaProblem.NOT_AN_IMAGE if thing == "picture" else MediaProblem.NOT_A_VIDEO, f"{this} {hint}")
