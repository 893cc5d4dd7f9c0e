"""Moves a flat character as if it had joints: a mesh over the picture, bent by what was measured in the clip."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from PIL import Image

from wanstudio.provider.sandbox.clip_motion import Beat, Motion

COLUMNS, ROWS = 8, 14
HIP, SHOULDER = 0.6, 0.24
BREATH_S = 3.4


@dataclass(frozen=True)
class Posture:
    """At one frame; lengths in shares of the character's height, `lean` as a slope."""

    lean: float
    lag: float
    stride: float
    lifts: tuple[float, float]
    arms: float
    breath: float


def postures(motion: Motion) -> list[Posture]:
    """One for each beat. Legs part as the clip's figure strides; the one that swings is lifted."""
    beats = motion.beats
    height = max(0.1, middle([b.bottom - b.top for b in beats]))
    strides = [b.stride for b in beats]
    low, high = _spread(strides)
    result, swinging = [], 0
    for index, beat in enumerate(beats):
        speed = _speed(beats, index) * float(motion.fps)
        stride = (min(high, max(low, beat.stride)) - low) / (high - low) if high - low > 0.02 else 0.5
        if _peak(strides, index) and high - low > 0.02:
            swinging = 1 - swinging
        lift = 0.075 * (1 - stride) * min(1.0, abs(speed) * 6) if high - low > 0.02 else 0.0
        result.append(
            Posture(
                lean=_within((beat.upper_x - beat.lower_x) / height * 0.5, 0.16),
                lag=_within(speed / height * 0.11, 0.07),
                stride=(stride - 0.5) * (0.11 if high - low > 0.02 else 0.0),
                lifts=(lift, 0.0) if swinging == 0 else (0.0, lift),
                arms=_within((beat.middle_x - beat.x) / height * 1.6, 0.07) or 0.0,
                breath=0.004 * math.sin(2 * math.pi * index / float(motion.fps) / BREATH_S),
            )
        )
    return result


@dataclass(frozen=True)
class Puppet:
    """`picture` (RGB) and `mask` (L) of one size. Edges of the picture stay where they are if `pinned`."""

    picture: Image.Image
    mask: Image.Image
    pinned: bool

    def bend(self, posture: Posture, subpixel: tuple[float, float] = (0.0, 0.0)) -> tuple[Image.Image, Image.Image]:
        """Picture and mask in that posture, at the same size; `subpixel` moves them by parts of a pixel."""
        width, height = self.picture.size
        xs = [round(width * i / COLUMNS) for i in range(COLUMNS + 1)]
        ys = [round(height * j / ROWS) for j in range(ROWS + 1)]
        source = [[self._source(x, y, posture, subpixel) for x in xs] for y in ys]
        mesh = [
            (
                (xs[i], ys[j], xs[i + 1], ys[j + 1]),
                (*source[j][i], *source[j + 1][i], *source[j + 1][i + 1], *source[j][i + 1]),
            )
            for j in range(ROWS)
            for i in range(COLUMNS)
            if self._touches((source[j][i], source[j + 1][i], source[j + 1][i + 1], source[j][i + 1]))
        ]
        # As a fourth plain channel: mode RGBA would be multiplied by its alpha and divided again in every frame.
        joined = Image.merge("RGBX", (*self.picture.split(), self.mask))
        red, green, blue, mask = joined.transform(
            joined.size, Image.Transform.MESH, mesh, resample=Image.Resampling.BILINEAR
        ).split()
        return Image.merge("RGB", (red, green, blue)), mask

    @cached_property
    def _rough(self) -> Image.Image:
        return self.mask.reduce(8)

    def _touches(self, corners: Sequence[tuple[float, float]]) -> bool:
        """Whether there is any of the character in this cell: most of the time goes into pixels, and half are empty."""
        xs, ys = [x / 8 for x, _ in corners], [y / 8 for _, y in corners]
        cell = (int(min(xs)) - 1, int(min(ys)) - 1, int(max(xs)) + 2, int(max(ys)) + 2)
        return self._rough.crop(cell).getbbox() is not None

    def _source(self, x: float, y: float, posture: Posture, subpixel: tuple[float, float]) -> tuple[float, float]:
        width, height = self.picture.size
        if self.pinned:
            # The figure is somewhere in the middle of the frame; nothing moves at its border.
            u, v = 3.2 * (x / width - 0.5), (y / height - 0.08) / 0.84
            hold = _soft(min(x, width - x) / width / 0.28) * _soft(min(y, height - y) / height / 0.14)
        else:
            u, v = 2 * (x / width - 0.5), y / height
            hold = 1.0
        v = min(1.0, max(0.0, v))
        dx, dy = displacement(u, v, posture)
        return x - dx * height * hold - subpixel[0], y - dy * height * hold - subpixel[1]


def displacement(u: float, v: float, posture: Posture) -> tuple[float, float]:
    """Where the point (u: -1 left … 1 right, v: 0 head … 1 feet) goes, in shares of the height."""
    up = 1 - v
    dx = posture.lean * up - posture.lag * up * up
    dy = -posture.breath * up
    side = _within(u * 2.6, 1.0)
    leg = _soft((v - HIP) / (1 - HIP)) if v > HIP else 0.0
    dx += side * posture.stride * leg
    # The knee of the lifted leg goes up first, its foot most.
    dy -= leg * (posture.lifts[0] * max(0.0, -side) + posture.lifts[1] * max(0.0, side))
    # The hips give way over the standing leg.
    dx += (posture.lifts[0] - posture.lifts[1]) * 0.25 * math.sin(math.pi * min(1.0, v / 0.9))
    arm = math.sin(math.pi * _within((v - SHOULDER) / (HIP - SHOULDER), 1.0)) if SHOULDER < v < HIP else 0.0
    dx += posture.arms * arm * 0.5
    dy += posture.arms * arm * _soft((abs(u) - 0.35) / 0.5) * (1 if u > 0 else -1)
    return dx, dy


def middle(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def _spread(values: Sequence[float]) -> tuple[float, float]:
    ordered = sorted(values)
    return ordered[len(ordered) // 12], ordered[-1 - len(ordered) // 12]


def _speed(beats: Sequence[Beat], index: int) -> float:
    before, after = max(0, index - 2), min(len(beats) - 1, index + 2)
    return (beats[after].x - beats[before].x) / max(1, after - before)


def _peak(values: Sequence[float], index: int, reach: int = 5) -> bool:
    around = values[max(0, index - reach) : index + reach + 1]
    return values[index] == max(around) and values[index] > middle(values) and values[index - 1] != values[index]


def _within(value: float, limit: float) -> float:
    return max(-limit, min(limit, value))


def _soft(share: float) -> float:
    share = min(1.0, max(0.0, share))
    return share * share * (3 - 2 * share)
