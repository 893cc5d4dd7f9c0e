"""A posed figure. One unit is about a head's half: a figure is 8.9 units tall; the hips are at (0, 0), y grows down."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from PIL import Image

from tools.samples.paint import Brush, Colour, Light, Point, mix

SUPERSAMPLE = 3
SHOULDER = (0.74, -3.3)
HIP = (0.42, -0.1)
UPPER_ARM, FOREARM = 1.45, 1.3
THIGH, SHIN = 1.4, 1.5
# A limb is two angles in degrees from straight down, growing towards the picture's right: upper half, lower half.
Limb = tuple[float, float]


@dataclass(frozen=True)
class Look:
    """Who it is. `garment`: coat, shirt, hoodie, suit, space or robot. `head`: a name in `heads.HEADS`."""

    skin: Colour
    hair: Colour
    top: Colour
    legs: Colour
    garment: str
    head: str
    shoes: Colour = (232, 228, 220)
    accent: Colour = (242, 196, 104)


@dataclass(frozen=True)
class Pose:
    """Angles in degrees. `turn`: -1 looks left, 0 at us, 1 right. `arms` and `legs`: the one at picture-left first."""

    lean: float = 0.0
    tilt: float = 0.0
    turn: float = 0.0
    arms: tuple[Limb, Limb] = ((-12, -6), (12, 6))
    legs: tuple[Limb, Limb] = ((-8, -8), (8, 8))
    front_arms: frozenset[int] = field(default=frozenset({1}))


def swing(origin: Point, angle: float, length: float) -> Point:
    """The end of a bone of `length` that hangs at `angle` from `origin`."""
    return origin[0] + math.sin(math.radians(angle)) * length, origin[1] + math.cos(math.radians(angle)) * length


def rotate(point: Point, angle: float, centre: Point = (0.0, 0.0)) -> Point:
    """`point` turned clockwise around `centre`: a positive lean goes to the picture's right."""
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    x, y = point[0] - centre[0], point[1] - centre[1]
    return centre[0] + x * cos - y * sin, centre[1] + x * sin + y * cos


def narrowing(turn: float) -> float:
    """How much of the body's width is left when it turns from us."""
    return math.cos(math.radians(52 * turn))


def leg_joints(pose: Pose) -> list[tuple[Point, Point, Point]]:
    """Hip, knee and ankle of both legs."""
    joints = []
    for side, (thigh, shin) in zip((-1, 1), pose.legs, strict=True):
        hip = (side * HIP[0] * narrowing(pose.turn), HIP[1])
        knee = swing(hip, thigh, THIGH)
        joints.append((hip, knee, swing(knee, shin, SHIN)))
    return joints


def draw_figure(look: Look, pose: Pose, unit: float, light: Light | None = None) -> tuple[Image.Image, Point]:
    """The figure on transparent ground, and where its hips are in that picture (pixels). `unit`: pixels a unit."""
    from tools.samples.heads import draw_head

    scale = unit * SUPERSAMPLE
    size = (round(9 * scale), round(11.4 * scale))
    brush = Brush(size, (size[0] / 2, 7.2 * scale), scale, light or Light())
    legs = leg_joints(pose)
    near = 0 if pose.turn >= 0 else 1
    for index in (1 - near, near):
        _draw_leg(brush, look, pose, legs[index], index, far=index != near and abs(pose.turn) > 0.2)
    for index in {0, 1} - pose.front_arms:
        _draw_arm(brush, look, pose, index, far=True)
    if look.garment == "robot":
        brush.capsule([rotate((0, -3.3), pose.lean), rotate((0, -4), pose.lean)], 0.3, mix(look.top, (0, 0, 0), 0.3))
    _draw_top(brush, look, pose)
    if look.head not in ("robot", "helmet", "fox"):
        neck = [rotate((0, -3.75), pose.lean), rotate((0, -3.35), pose.lean)]
        brush.capsule(neck, 0.5, mix(look.skin, (60, 10, 20), 0.22), rim=0)
    if look.garment == "coat" and look.accent != look.top:
        _draw_scarf(brush, look, pose)
    draw_head(brush, look, pose)
    for index in sorted(pose.front_arms):
        _draw_arm(brush, look, pose, index, far=False)
    small = brush.canvas.resize((round(9 * unit), round(11.4 * unit)), Image.Resampling.LANCZOS)
    return small, (small.width / 2, 7.2 * unit)


def _draw_leg(brush: Brush, look: Look, pose: Pose, joints: Sequence[Point], index: int, *, far: bool) -> None:
    outward = -1 if index == 0 else 1
    toe = outward * (1 - abs(pose.turn)) + pose.turn
    lift = pose.legs[index][1] - pose.legs[index][0]
    x, y = joints[2]
    # A trailing foot tips: its toes stay near the ground while the heel is up.
    sole = rotate((x + 0.26 * toe, y + 0.09), lift * 0.35, (x, y))
    brush.ellipse(sole, (0.54, 0.29), mix(look.shoes, (70, 60, 80), 0.25 if far else 0), rim=0.6)
    colour = mix(look.legs, (10, 6, 24), 0.28 if far else 0.0)
    brush.capsule(joints, 0.76, colour, rim=0.7)
    if look.garment == "space":
        brush.ellipse(joints[1], (0.34, 0.34), look.accent, rim=0.4)


def _draw_arm(brush: Brush, look: Look, pose: Pose, index: int, *, far: bool) -> None:
    side = -1 if index == 0 else 1
    shoulder = rotate((side * SHOULDER[0] * narrowing(pose.turn), SHOULDER[1]), pose.lean)
    upper, lower = pose.arms[index]
    elbow = swing(shoulder, upper, UPPER_ARM)
    wrist = swing(elbow, lower, FOREARM)
    dark = 0.26 if far else 0.0
    skin, sleeve = mix(look.skin, (50, 10, 30), dark * 0.5), mix(look.top, (40, 0, 30), dark)
    hand = skin if look.garment != "space" else look.accent
    brush.ellipse(swing(wrist, lower, 0.12), (0.36, 0.36), hand, rim=0.6)
    if look.garment == "shirt":
        brush.capsule([shoulder, elbow, wrist], 0.58, skin, rim=0.6)
        brush.capsule([shoulder, swing(shoulder, upper, 0.8)], 0.72, sleeve, rim=0.8)
    else:
        brush.capsule([shoulder, elbow, wrist], 0.7, mix(sleeve, (255, 90, 70), 0.0 if far else 0.12), rim=0.8)


def _draw_top(brush: Brush, look: Look, pose: Pose) -> None:
    wide = 0.62 + 0.38 * narrowing(pose.turn)

    def at(x: float, y: float) -> Point:
        return rotate((x * wide, y), pose.lean * min(1.0, max(0.0, (0.9 - y) / 4)))

    if look.garment == "coat":
        hem = [at(x / 10, 0.32 + 0.16 * math.cos(x / 10 * 1.1)) for x in range(13, -14, -2)]
        brush.polygon([at(-0.72, -3.66), at(0.72, -3.66), at(0.98, -2.9), at(1.02, -1.4), *hem, at(-1.02, -1.4),
                       at(-0.98, -2.9)], look.top, soften=0.05)  # fmt: skip
        shift = 0.42 * pose.turn
        brush.capsule([at(shift, -3.3), at(shift * 1.1 + 0.05, 0.38)], 0.07, mix(look.top, (60, 0, 20), 0.45), rim=0)
        for y in (-2.55, -1.8, -1.05):
            brush.ellipse(at(shift + 0.32, y), (0.1, 0.1), mix(look.top, (255, 240, 240), 0.7), rim=0)
        return
    brush.polygon([at(-0.62, -3.7), at(0.62, -3.7), at(1.02, -3.1), at(0.92, -1.2), at(0.9, 0.15), at(-0.9, 0.15),
                   at(-0.92, -1.2), at(-1.02, -3.1)], look.top, soften=0.24)  # fmt: skip
    if look.garment == "suit":
        brush.capsule([at(-0.84, -0.5), at(0.84, -0.5)], 0.24, look.accent, rim=0)
    if look.garment == "hoodie":
        brush.polygon([at(-0.55, -1.3), at(0.55, -1.3), at(0.62, -0.5), at(-0.62, -0.5)],
                      mix(look.top, (20, 10, 70), 0.28), soften=0.12, rim=0)  # fmt: skip
        brush.capsule([at(-0.5, -3.5), at(0, -3.25), at(0.5, -3.5)], 0.34, mix(look.top, (20, 10, 70), 0.4), rim=0)
    if look.garment in ("space", "robot"):
        brush.polygon([at(-0.6, -2.6), at(0.6, -2.6), at(0.6, -1.8), at(-0.6, -1.8)], (38, 50, 70), soften=0.12, rim=0)
        brush.ellipse(at(-0.26, -2.2), (0.14, 0.14), (242, 186, 96), rim=0)
        brush.ellipse(at(0.26, -2.2), (0.14, 0.14), (110, 226, 190), rim=0)


def _draw_scarf(brush: Brush, look: Look, pose: Pose) -> None:
    shift = 0.18 * pose.turn
    collar = [rotate((x + shift, y), pose.lean) for x, y in ((-0.55, -3.48), (-0.2, -3.3), (0.2, -3.3), (0.55, -3.48))]
    brush.capsule(collar, 0.36, look.accent, rim=0.3)
    tail = [rotate((-0.42 + shift, -3.4), pose.lean), rotate((-0.8 + shift, -2.4), pose.lean * 0.4)]
    brush.capsule(tail, 0.34, mix(look.accent, (120, 60, 0), 0.12), rim=0.3)
