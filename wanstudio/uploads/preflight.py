"""Preflight: what is known to go wrong with a character and a motion, said before it is paid for.

Pure: facts of the probe in, findings out, the worst first. The limits are the model's. They come from guides and
reports, not from a promise of the provider, so that they warn; what the provider refuses never gets this far.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Protocol

from wanstudio.provider.base import InputLimits
from wanstudio.uploads.codecs import codec_name
from wanstudio.uploads.crops import CROP, PAD
from wanstudio.uploads.trims import Trim
from wanstudio.uploads.words import CUT_FOLLOWS, CUT_OUT_FIRST, CUT_OUT_LAST, KEEP_PART, PREFLIGHT, Level

# Beyond this the ratios of picture and clip differ so much that it shows.
_SIMILAR = Fraction(11, 10)
# Bits a pixel of a JPEG: below it blocks and fringes show, and the model draws them.
_MIN_BITS = 0.7
ANIMATE, REPLACE = "animate", "replace"
# With Replace the model itself pads a picture.
FRAMES = {"picture_ratio": (CROP,), "ratio_animate": (CROP, PAD), "ratio_replace": (CROP,)}
RANGE_KINDS = ("black", "frozen", "blurred")
# Of what is in the frames: shorter it is no finding; what is so near to an end is at it; and what has to be left.
_MIN_RANGE_S, _AT_END_S, _MIN_LEFT_S = 0.2, 0.15, 0.5


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
class Sent:
    """The part of a clip that is sent, and what is in its frames as far as they are scanned: cuts, and ranges (kind,
    start, end). All in seconds of the whole clip."""

    start: float
    end: float
    cuts: Sequence[float] = ()
    ranges: Sequence[tuple[str, float, float]] = ()


@dataclass(frozen=True)
class Finding:
    """`fix` is the other behaviour, where that helps; `frames`: `crop` and `pad`, where the picture can take the clip's
    shape.

    `trim` is the part without it, and `cut` what its button says.
    """

    code: str
    level: Level
    fact: str
    consequence: str
    fix: str = ""
    frames: tuple[str, ...] = ()
    trim: Trim | None = None
    cut: str = ""

    @property
    def part(self) -> str:
        """The part without it, as an address says it."""
        return f"trim_start={self.trim.start:.3f}&trim_end={self.trim.end:.3f}" if self.trim else ""

    @property
    def sentence(self) -> str:
        return f"{self.fact} {self.consequence}"


def findings(
    character: Measured | None, motion: Measured | None, behaviour: str, inputs: InputLimits, sent: Sent | None = None
) -> list[Finding]:
    """Every rule that the inputs break, warnings before hints; either can be absent. `sent`: of a clip at hand."""
    seconds = sent.end - sent.start if sent else (motion.duration if motion else 0) or 0
    found = [
        *(_of_picture(character, inputs) if character else ()),
        *(_of_clip(motion, inputs, seconds) if motion else ()),
        *(_of_frames(sent, behaviour) if sent else ()),
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


def _of_frames(sent: Sent, behaviour: str) -> Iterator[Finding]:
    cuts = [at for at in sent.cuts if sent.start + _AT_END_S < at < sent.end - _AT_END_S]
    follows = CUT_FOLLOWS[behaviour]
    if len(cuts) == 1:
        first_is_longer = cuts[0] - sent.start >= sent.end - cuts[0]
        keep = Trim(sent.start, cuts[0]) if first_is_longer else Trim(cuts[0], sent.end)
        yield _trimming(_finding("clip_cut", at=cuts[0], follows=follows), sent, keep)
    elif cuts:
        shots = [Trim(*shot) for shot in pairwise([sent.start, *cuts, sent.end])]
        longest = max(shots, key=lambda shot: shot.length)
        yield _trimming(_finding("clip_cuts", count=len(cuts), at=cuts[0], follows=follows), sent, longest)
    for kind in RANGE_KINDS:
        spans = [(max(start, sent.start), min(end, sent.end)) for name, start, end in sent.ranges if name == kind]
        spans = [span for span in spans if span[1] - span[0] >= _MIN_RANGE_S]
        if spans:
            # The one that can be cut out at an end; else the first one.
            at_an_end = [span for span in spans if _without(span, sent)]
            span = (at_an_end or spans)[0]
            yield _trimming(_finding(f"clip_{kind}", start=span[0], end=span[1]), sent, _without(span, sent))


def _without(span: tuple[float, float], sent: Sent) -> Trim | None:
    """The part without what is at one of its ends."""
    if span[0] <= sent.start + _AT_END_S:
        return Trim(span[1], sent.end)
    return Trim(sent.start, span[0]) if span[1] >= sent.end - _AT_END_S else None


def _trimming(finding: Finding, sent: Sent, keep: Trim | None) -> Finding:
    """The same, with the part that is without it, if enough is left."""
    if keep is None or keep.length < _MIN_LEFT_S:
        return finding
    keep = Trim(round(keep.start, 3), round(keep.end, 3))
    at_start, at_end = max(keep.start - sent.start, 0), max(sent.end - keep.end, 0)
    if at_start > _AT_END_S and at_end > _AT_END_S:
        label = KEEP_PART.format(start=keep.start, end=keep.end)
    else:
        label = (CUT_OUT_FIRST if at_start > at_end else CUT_OUT_LAST).format(seconds=max(at_start, at_end))
    return replace(finding, trim=keep, cut=label)
