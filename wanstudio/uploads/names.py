"""Names of characters and motions: what people call them, and what each is called after its file until then."""

import re
import unicodedata

MAX_NAME = 200
# Joiners of emoji and of Persian words, which cannot be printed alone.
_JOINERS = "\u200c\u200d"
_ENDING = re.compile(r"\.(png|jpe?g|webp|hei[cf]|avif|jxl|gif|bmp|tiff?|mp4|m4v|mov|webm|mkv|avi|mpe?g|3gp)$", re.I)
_CAMERA = re.compile(
    r"(IMG|DSC[NF]?|PXL|VID|MVI|MOV|GOPR|G[HX]|P|SAM|CIMG|image|photo|video)[ _-]?E?(\d[\d _-]*)", re.I
)
_DAY = re.compile(r"(20\d\d)(\d\d)(\d\d)(?:[ _-](\d\d)(\d\d))?")
_RANDOM = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}[0-9a-f-]*", re.I)
_SEPARATOR = re.compile(r"_+|(?<!\d)-+|-+(?!\d)")


def clean(name: str) -> str:
    """Composed letters, single blanks, nothing that cannot be printed. Empty if nothing is left."""
    composed = unicodedata.normalize("NFC", name)
    kept = "".join(sign if sign.isprintable() or sign in _JOINERS else " " for sign in composed)
    return " ".join(kept.split())[:MAX_NAME].strip()


def readable(file_name: str, *, is_motion: bool) -> str:
    """`mira_lake.png` as `Mira lake`, `walk-2.mp4` as `walk 2`, and a phone's `IMG_1234.HEIC` as `Picture 1234`."""
    stem, thing = _ENDING.sub("", clean(file_name)), "Clip" if is_motion else "Picture"
    if _RANDOM.fullmatch(stem):
        return f"{thing} {stem[:4].lower()}"
    if camera := _CAMERA.fullmatch(stem):
        return f"{thing} {_numbered(camera[2])}"
    words = " ".join(_SEPARATOR.sub(" ", stem).split()) or thing
    # Who moves has a name; what they do is a word in a title: “Mira · walk”.
    return words if is_motion else words[0].upper() + words[1:]


def _numbered(digits: str) -> str:
    day = _DAY.match(digits)
    if not day:
        return " ".join(re.split(r"[ _-]+", digits)).strip()
    at = f" {day[4]}:{day[5]}" if day[4] else ""
    return f"{day[1]}-{day[2]}-{day[3]}{at}"
