"""Kinds of files by their first bytes, and the sentence for one of another kind than was asked for.

The same file gets the same sentence by every way of adding it. It says what the file is, and what to do on a phone and
on a computer.
"""

import re
from typing import Literal

from wanstudio.media.errors import MediaError, MediaProblem

MATROSKA = b"\x1aE\xdf\xa3"
_SIGNS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF", "a PDF document"),
    (8, b"AVI ", "an AVI video"),
    (0, b"FLV\x01", "a Flash video"),
    (0, b"0&\xb2u\x8ef\xcf\x11", "a Windows Media video"),
    (0, b"\0\0\x01\xba", "an MPEG video"),
    (0, b"\0\0\x01\xb3", "an MPEG video"),
    (0, b".RMF", "a RealMedia video"),
    (0, b"\x06\x0e\x2b\x34", "an MXF video"),
    (0, b"OggS", "an Ogg file"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"\x89PNG", "a PNG picture"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (8, b"WEBP", "a WebP picture"),
    (0, b"BM", "a BMP picture"),
    (0, b"II*\0", "a TIFF picture"),
    (0, b"MM\0*", "a TIFF picture"),
    (0, b"8BPS", "a Photoshop picture"),
    (0, b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (0, b"\xff\x0a", "a JPEG XL picture"),
    (0, b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (8, b"WAVE", "a WAV sound"),
    (8, b"AIFF", "an AIFF sound"),
    (0, b"ID3", "an MP3 sound"),
    *((0, bytes((0xFF, second)), "an MP3 sound") for second in (0xFA, 0xFB, 0xF2, 0xF3)),
    *((0, bytes((0xFF, second)), "an AAC sound") for second in (0xF0, 0xF1, 0xF8, 0xF9)),
    (0, b"fLaC", "a FLAC sound"),
    (0, b"#!AMR", "an AMR sound"),
    (0, b"PK\x03\x04", "a ZIP archive or an Office document"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"\x1f\x8b", "a compressed file"),
)
_BRANDS = {
    **dict.fromkeys(("heic", "heix", "heim", "heis", "hevc", "hevx"), "a HEIC picture"),
    **dict.fromkeys(("avif", "avis"), "an AVIF picture"),
    **dict.fromkeys(("mif1", "mif2", "msf1", "miaf"), "a HEIF picture"),
    "mif3": "a HEIF picture of a new kind (mif3)",
    "crx ": "a raw photograph",
    **dict.fromkeys(("M4A ", "M4B "), "a sound recording"),
    "M4P ": "a copy-protected sound recording",
}
# Transport streams: a packet each 188 bytes, with its time in front in a camcorder's.
_PACKETS = ((0, 188), (4, 196))
_PAGE = re.compile(rb"<(!doctype html|html|head|!--|\?xml|body)")
_FITTING = {"picture": "JPEG, PNG, WebP, HEIC or AVIF", "video": "MP4, MOV, M4V, WebM or MKV"}
_SAVED_AS = {
    "picture": "On an iPhone, share it with Options, Most Compatible. On Android, edit it and save a copy. "
    "On a computer, export it as JPEG or PNG.",
    "video": "On a phone, open it in the gallery's editor and save a copy. "
    "On a computer, convert it to MP4 with H.264, for example with HandBrake.",
}
_FROM_THE_OTHER = {
    "picture": "Pause it where the character is seen best, take a screenshot, and add that.",
    "video": "If it is a Live Photo or Motion Photo, save its clip first: on an iPhone with Save as Video, "
    "on Android with Export, Video. Then add the clip.",
}
_HINTS = {
    "web page": "Open it in a browser, and use the file itself or its direct link.",
    "archive": "Unpack it, and choose the {thing} in it.",
    "compressed file": "Unpack it, and choose the {thing} in it.",
    "document": "Save the {thing} in it as a separate file.",
}


def describe(head: bytes) -> str:
    """ "a PDF document", "a web page"; "" if the bytes (512 are enough) say nothing known."""
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    if head.startswith(MATROSKA):
        return "a WebM video" if b"webm" in head[:64] else "a Matroska video"
    for offset, sign, words in _SIGNS:
        if head.startswith(sign, offset):
            return words
    if any(head[first : first + 1] == head[next_one : next_one + 1] == b"G" for first, next_one in _PACKETS):
        return "an MPEG transport stream video"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith(b"<svg") or (start.startswith(b"<?xml") and b"<svg" in start):
        return "an SVG picture"
    if _PAGE.match(start):
        return "a web page"
    return "a text file" if head and _is_text(head[:100]) else ""


def _is_text(head: bytes) -> bool:
    # The last character can be incomplete.
    is_utf_8 = len(head.decode(errors="ignore").encode()) >= len(head) - 3
    return is_utf_8 and all(byte >= 0x20 or byte in b"\t\n\r\f" for byte in head)


def _by_brand(head: bytes) -> str:
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))]
    major, *others = (brand.decode("latin-1") for brand in brands)
    kind = _BRANDS.get(major, "a 3GP video" if major.startswith(("3gp", "3g2", "3gr", "3gs", "3ge", "3gg")) else "")
    if kind == "a HEIF picture":
        # The container alone; what is in it is among the brands that it says it is compatible with.
        return next((_BRANDS[each] for each in others if _BRANDS.get(each, kind) != kind), kind)
    return kind or "an MP4 video"


def not_taken(kind: str, thing: Literal["picture", "video"]) -> MediaError:
    """The refusal of a file of this kind (as `describe` calls it) where a picture or video is to be chosen."""
    wrong = MediaProblem.NOT_AN_IMAGE if thing == "picture" else MediaProblem.NOT_A_VIDEO
    if not kind:
        return MediaError(wrong, f"This is not a {thing}. Choose one in {_FITTING[thing]}.")
    if kind.endswith((thing, "photograph")) or f"{thing} of" in kind:
        return MediaError(MediaProblem.WRONG_FORMAT, f"This is {kind}, which cannot be read here. {_SAVED_AS[thing]}")
    hint = next((words for ending, words in _HINTS.items() if ending in kind), "").format(thing=thing)
    if "picture" in kind or kind.endswith(("video", "photograph")):
        hint = _FROM_THE_OTHER[thing]
    return MediaError(wrong, f"This is {kind}, not a {thing}. {hint or f'Choose one in {_FITTING[thing]}.'}")


def not_by_link(kind: str, thing: Literal["picture", "video"]) -> MediaError:
    """The refusal of a link to what only a file can be."""
    only, becomes = ("JPEG, PNG or WebP", "a JPEG") if thing == "picture" else ("MP4, MOV or M4V", "an MP4")
    return MediaError(
        MediaProblem.WRONG_FORMAT,
        f"This is {kind}. A link can only lead to a {thing} in {only}. "
        f"Download it and add the file here: it is turned into {becomes}.",
    )
