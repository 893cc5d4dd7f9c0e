"""Preflight: what is known to go wrong with a character and a motion, said before it is paid for.

Pure: facts of the probe in, findings out, the worst first. The limits are the model's. They come from guides and
reports, not from a promise of the provider, so that they warn; what the provider refuses never gets this far.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from wanstudio.provider.base import InputLimits
from wanstudio.uploads.codecs import codec_name
from wanstudio.uploads.crops import CROP, PAD
from wanstudio.uploads.words import PREFLIGHT, Level

# Beyond this the ratios of picture and clip differ so much that it shows.
_SIMILAR = Fraction(11, 10)
# Bits a pixel of a JPEG: below it blocks and fringes show, and the model draws them.
_MIN_BITS = 0.7
ANIMATE, REPLACE = "animate", "replace"
# With Replace the model itself pads a picture.
FRAMES = {"picture_ratio": (CROP,), "ratio_animate": (CROP, PAD), "ratio_replace": (CROP,)}


class Measured(Protocol):
    """Facts of a file, as a probe finds them and a source has them."""

    @property
    def format(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def size_bytes(self) -> int | None: ...
    @property
    def fps(self) -> float | None: ...
    @property
    def duration(self) -> float | None: ...
    @property
    def codec(self) -> str: ...


@dataclass(frozen=True)
class Finding:
    """`fix` is the other behaviour, where that helps; `frames`: `crop` and `pad`, where the picture can take the clip's
    shape."""

    code: str
    level: Level
    fact: str
    consequence: str
    fix: str = ""
    frames: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        return f"{self.fact} {self.consequence}"


def findings(
    character: Measured | None,
    motion: Measured | None,
    behaviour: str,
    inputs: InputLimits,
    sent_s: float | None = None,
) -> list[Finding]:
    """Every rule that the inputs break, warnings before hints; either may be absent. `sent_s`: of a part."""
    found = [
        *(_of_picture(character, inputs) if character else ()),
        *(_of_clip(motion, inputs, sent_s or motion.duration or 0) if motion else ()),
        *(_of_both(character, motion, behaviour) if character and motion else ()),
    ]
    return sorted(found, key=lambda finding: list(Level).index(finding.level))


def _finding(code: str, fix: str = "", **facts: object) -> Finding:
    level, fact, consequence = PREFLIGHT[code]
    return Finding(code, level, fact.format(**facts), consequence.format(**facts), fix, FRAMES.get(code, ()))


def _of_frame(thing: str, file: Measured, sides: tuple[int, int], max_ratio: int) -> Iterator[Finding]:
    size = f"{file.width} × {file.height}"
    short, long = sorted((file.width, file.height))
    if short < sides[0]:
        yield _finding(f"{thing}_small", size=size, limit=sides[0])
    if long > sides[1]:
        yield _finding(f"{thing}_large", size=size, limit=f"{sides[1]:,}")
    if long > max_ratio * short:
        yield _finding(f"{thing}_ratio", size=size, limit=max_ratio)


def _of_picture(picture: Measured, inputs: InputLimits) -> Iterator[Finding]:
    yield from _of_frame("picture", picture, inputs.image_sides, inputs.max_ratio)
    if picture.format == "WEBP":
        yield _finding("picture_webp")
    elif picture.format == "JPEG" and (picture.size_bytes or 0) * 8 < _MIN_BITS * picture.width * picture.height:
        yield _finding("picture_compressed")


def _of_clip(clip: Measured, inputs: InputLimits, seconds: float) -> Iterator[Finding]:
    yield from _of_frame("clip", clip, inputs.motion_sides, inputs.max_ratio)
    if clip.codec and clip.codec not in inputs.motion_codecs:
        named = " or ".join(codec_name(codec) for codec in inputs.motion_codecs)
        yield _finding("clip_codec", codec=codec_name(clip.codec), named=named)
    # Phones write 30.003 where they mean 30.
    if (clip.fps or 0) > inputs.max_fps + 0.5:
        yield _finding("clip_fps", fps=f"{clip.fps:g}", limit=inputs.max_fps)
    if seconds > inputs.steady_s:
        yield _finding("clip_drift", seconds=inputs.steady_s)


def _of_both(picture: Measured, clip: Measured, behaviour: str) -> Iterator[Finding]:
    ours, theirs = Fraction(picture.width, picture.height), Fraction(clip.width, clip.height)
    if max(ours / theirs, theirs / ours) <= _SIMILAR:
        return
    code, other = ("ratio_replace", ANIMATE) if behaviour == REPLACE else ("ratio_animate", REPLACE)
    sizes = (f"{file.width} × {file.height}" for file in (picture, clip))
    yield _finding(code, other, picture=next(sizes), clip=next(sizes))
