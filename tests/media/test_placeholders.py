"""Placeholders of posters: what travels in a poster, and what is not taken for one."""

import base64
import io

import pytest
from PIL import Image, ImageStat

from tests.media.clips import clip
from tests.media.test_pictures import picture
from wanstudio.media.pictures.frames import clip_poster
from wanstudio.media.pictures.placeholders import placeholder_of
from wanstudio.media.pictures.stills import decode_picture

# In each page for each tile, so that a wall of sixty stays light.
MAX_CHARACTERS = 200
ENCODED = b"UklGR" + 60 * b"a"


def with_comment(comment: bytes, length: int | None = None) -> bytes:
    length = len(comment) + 2 if length is None else length
    return b"\xff\xd8\xff\xe0" + bytes(16) + b"\xff\xfe" + length.to_bytes(2) + comment + b"\xff\xdb"


@pytest.mark.parametrize("size", [(1600, 800), (90, 1440), (64, 48), (720, 1280)])
def test_a_poster_carries_its_placeholder(size: tuple[int, int]) -> None:
    poster = decode_picture(io.BytesIO(picture("JPEG", size)))[1]
    text = placeholder_of(poster)
    assert 40 < len(text) < MAX_CHARACTERS
    tiny, whole = Image.open(io.BytesIO(base64.b64decode(text))), Image.open(io.BytesIO(poster))
    assert (tiny.format, max(tiny.size)) == ("WEBP", 16)
    assert tiny.width / tiny.height == pytest.approx(whole.width / whole.height, rel=0.1)
    means = [ImageStat.Stat(each.convert("RGB")).mean for each in (tiny, whole)]
    assert means[0] == pytest.approx(means[1], abs=16)


def test_the_poster_of_a_clip_carries_one() -> None:
    assert placeholder_of(clip_poster(io.BytesIO(clip(1.0))))


@pytest.mark.parametrize(
    ("poster", "why"),
    [
        (b"", "nothing"),
        (b"poster", "no picture"),
        (with_comment(b"A walk along the quay, photographed by Jonas in the early morning"), "another comment"),
        (with_comment(b'"><script>alert(1)</script>' + 60 * b"a"), "markup"),
        (with_comment(5000 * b"a"), "too long for one"),
        (with_comment(ENCODED, length=0), "a length that is wrong"),
        (bytes(2000) + with_comment(ENCODED), "not where a poster has it"),
    ],
)
def test_nothing_else_is_taken_for_one(poster: bytes, why: str) -> None:
    assert placeholder_of(poster) == "", why


def test_what_is_written_is_read() -> None:
    assert placeholder_of(with_comment(ENCODED)) == ENCODED.decode()
