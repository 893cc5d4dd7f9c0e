"""A flat character moved as if it had joints: its trunk leans and its legs step, as was measured in the clip."""

from statistics import median
from typing import NamedTuple

from PIL import Image

from .clip_motion import Stance
from .cutout import Cutout

HIP = 0.6
Point = tuple[float, float]


class Posture(NamedTuple):
    """At one frame, in shares of the character's height. The leg that swings is lifted: left below 0, right above."""

    lean: float
    stride: float
    lift: float


def postures(stances: list[Stance]) -> list[Posture]:
    """Legs part as the clip's figure strides; at each of its widest strides the other leg begins to swing."""
    height = max(0.1, median(stance.bottom - stance.top for stance in stances))
    strides = [stance.stride for stance in stances]
    low, high = sorted(strides)[len(strides) // 12], sorted(strides)[-1 - len(strides) // 12]
    walks, swinging = high - low > 0.02, 1
    result = []
    for index, stance in enumerate(stances):
        lean = max(-0.16, min(0.16, stance.lean / height * 0.5))
        if walks and strides[index] == max(strides[max(0, index - 5) : index + 6]) > median(strides):
            swinging = -swinging
        apart = max(0.0, min(1.0, (stance.stride - low) / (high - low))) if walks else 0.5
        result.append(Posture(lean, (apart - 0.5) * 0.16, swinging * 0.1 * (1 - apart) if walks else 0.0))
    return result


class Puppet:
    """The character with room around it to bend into. `left` and `top` are where that begins in its picture (pixels),
    `width` and `height` its size."""

    def __init__(self, character: Image.Image, cutout: Cutout) -> None:
        left, top, right, bottom = cutout.box
        room = round((bottom - top) * 0.1) if cutout.found else 0
        box = self.left, self.top, _, _ = (left - room, top - room // 4, right + room, bottom + room // 4)
        self.width, self.height = box[2] - box[0], box[3] - box[1]
        # As a fourth plain channel: mode RGBA would be multiplied by its alpha and divided again in every frame.
        self._joined = Image.merge("RGBX", (*character.crop(box).split(), cutout.mask.crop(box)))

    def bend(self, posture: Posture, subpixel: Point) -> tuple[Image.Image, Image.Image]:
        """Picture and mask in that posture, at the same size; `subpixel` moves them by parts of a pixel."""
        xs, ys = (0, self.width // 2, self.width), (0, round(self.height * HIP), self.height)
        shoulders, hips = (-posture.lean, 0.0), (-posture.lean * (1 - HIP), 0.0)
        left_foot = (posture.stride, max(0.0, -posture.lift))
        right_foot = (-posture.stride, max(0.0, posture.lift))
        moved = ((shoulders,) * 3, (hips,) * 3, (left_foot, (0.0, 0.0), right_foot))

        def source(column: int, row: int) -> Point:
            dx, dy = moved[row][column]
            return xs[column] + dx * self.height - subpixel[0], ys[row] + dy * self.height - subpixel[1]

        mesh = [
            (
                (xs[i], ys[j], xs[i + 1], ys[j + 1]),
                (*source(i, j), *source(i, j + 1), *source(i + 1, j + 1), *source(i + 1, j)),
            )
            for i, j in ((0, 0), (1, 0), (0, 1), (1, 1))
        ]
        bent = self._joined.transform((self.width, self.height), Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)
        red, green, blue, mask = bent.split()
        return Image.merge("RGB", (red, green, blue)), mask
