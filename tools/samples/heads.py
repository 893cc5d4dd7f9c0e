"""Heads: hair, face, and the helmets, antennas and ears of those who have none."""

import math
from collections.abc import Callable

from tools.samples.figure import Look, Pose, rotate
from tools.samples.paint import Brush, Colour, Point, mix

CENTRE = (0.0, -4.72)
DARK = (38, 22, 30)


class Head:
    """Places points of a head (unit radius about 1, y down) on the tilted, turned body."""

    def __init__(self, brush: Brush, look: Look, pose: Pose) -> None:
        self.brush, self.look, self.turn = brush, look, pose.turn
        self.angle = pose.tilt + pose.lean
        self.centre = rotate(CENTRE, pose.lean)

    def at(self, x: float, y: float, *, depth: float = 0.0) -> Point:
        """`depth` 1 is the nose, 0 the ears, -1 the back of the head: how far a turn carries it."""
        moved = (self.centre[0] + x + 0.34 * self.turn * depth, self.centre[1] + y)
        return rotate(moved, self.angle, self.centre)

    def shape(self, points: list[Point], colour: Colour, *, depth: float = 0.0, soften: float = 0.0) -> None:
        self.brush.polygon([self.at(x, y, depth=depth) for x, y in points], colour, soften=soften)

    def dot(self, x: float, y: float, radius: Point, colour: Colour, *, depth: float = 1.0, rim: float = 0.0) -> None:
        self.brush.ellipse(self.at(x, y, depth=depth), radius, colour, rim=rim)

    def face(self, *, cheeks: bool = True) -> None:
        for side in (-1, 1):
            if cheeks:
                self.dot(side * 0.5, 0.34, (0.17, 0.11), mix(self.look.skin, (226, 70, 70), 0.45))
            self.dot(side * 0.31, 0.07, (0.1, 0.135), DARK)
            self.dot(side * 0.31 + 0.035, 0.02, (0.035, 0.045), (255, 255, 255))
        smile = [self.at(x / 10, 0.4 + 0.1 * math.cos(x / 10 * 6.2), depth=1) for x in range(-2, 3)]
        self.brush.capsule(smile, 0.075, (104, 30, 36), rim=0)


def draw_head(brush: Brush, look: Look, pose: Pose) -> None:
    HEADS[look.head](Head(brush, look, pose))


def arc(rx: float, ry: float, start: float, end: float, steps: int = 24) -> list[Point]:
    """Points of an ellipse around the head's middle; 0 degrees is right, 90 is up."""
    angles = [math.radians(start + (end - start) * i / steps) for i in range(steps + 1)]
    return [(rx * math.cos(a), -ry * math.sin(a)) for a in angles]


def bob(head: Head) -> None:
    hair = head.look.hair
    head.shape([(-1.02, 0.9), *arc(1.0, 1.06, 180, 0), (1.02, 0.9), (0.6, 1.02), (-0.6, 1.02)], hair, soften=0.07)
    head.dot(0, 0.12, (0.76, 0.84), head.look.skin, depth=0.35)
    head.face()
    parting = 1 if head.turn > -0.2 else -1
    fringe = [(-0.82, 0.08), *arc(0.88, 0.96, 172, 8), (0.82, -0.06), (0.5, -0.22), (0.22, -0.55), (-0.3, -0.18)]
    head.brush.polygon([head.at(x * parting, y, depth=0.25) for x, y in fringe], hair, rim=0)


def ponytail(head: Head) -> None:
    hair, behind = head.look.hair, -1 if head.turn >= 0 else 1
    tail = [(0.3, -0.82), (0.9, -0.72), (1.42, -0.1), (1.5, 0.75), (1.1, 0.3), (0.62, 0.1)]
    head.shape([(x * behind, y) for x, y in tail], hair, soften=0.12)
    head.shape([*arc(0.92, 0.98, 205, -25)], hair, soften=0.04)
    head.dot(0, 0.1, (0.8, 0.84), head.look.skin, depth=0.3, rim=0.5)
    head.face(cheeks=False)
    fringe = [*arc(0.92, 0.98, 190, -10), (0.7, -0.16), (0.1, -0.42), (-0.7, -0.16)]
    head.brush.polygon([head.at(x, y, depth=0.25) for x, y in fringe], hair, rim=0)


def bun(head: Head) -> None:
    head.dot(0, -1.15, (0.44, 0.44), head.look.hair, depth=-0.4, rim=1)
    head.shape([(-0.86, 0.34), *arc(0.9, 0.95, 180, 0), (0.86, 0.34)], head.look.hair, soften=0.05)
    head.dot(0, 0.12, (0.78, 0.82), head.look.skin, depth=0.25, rim=0.4)
    head.face()
    fringe = [*arc(0.9, 0.95, 185, -5), (0.7, -0.34), (0, -0.5), (-0.7, -0.34)]
    head.brush.polygon([head.at(x, y, depth=0.2) for x, y in fringe], head.look.hair, rim=0)


def afro(head: Head) -> None:
    head.dot(0, -0.24, (1.26, 1.22), head.look.hair, depth=-0.1, rim=1)
    head.dot(-0.74, 0.62, (0.12, 0.12), head.look.accent, depth=0)
    head.dot(0, 0.14, (0.76, 0.8), head.look.skin, depth=0.3, rim=0.3)
    head.face(cheeks=False)
    fringe = [*arc(0.8, 0.86, 175, 5), (0.5, -0.3), (-0.5, -0.3)]
    head.brush.polygon([head.at(x, y, depth=0.3) for x, y in fringe], head.look.hair, rim=0)


def fox(head: Head) -> None:
    fur, white = head.look.skin, (250, 244, 236)
    for side in (-1, 1):
        head.shape([(side * 0.2, -0.6), (side * 0.88, -1.46), (side * 0.98, -0.3)], fur, soften=0.04)
        inner = [head.at(x, y) for x, y in ((side * 0.5, -0.7), (side * 0.8, -1.14), (side * 0.82, -0.5))]
        head.brush.polygon(inner, mix(fur, (90, 20, 30), 0.55), rim=0)
    head.shape([(-1.12, 0.34), *arc(0.98, 0.9, 175, 5), (1.12, 0.34), (0.5, 0.82), (0, 0.96), (-0.5, 0.82)], fur,
               soften=0.08)  # fmt: skip
    muzzle = [(-1.06, 0.36), (-0.5, 0.26), (0, 0.42), (0.5, 0.26), (1.06, 0.36), (0.5, 0.82), (0, 0.96), (-0.5, 0.82)]
    head.brush.polygon([head.at(x, y) for x, y in muzzle], white, soften=0.05, rim=0)
    for side in (-1, 1):
        head.dot(side * 0.36, 0.06, (0.1, 0.13), DARK)
        head.dot(side * 0.36 + 0.03, 0.02, (0.035, 0.045), (255, 255, 255))
    head.dot(0, 0.42, (0.16, 0.12), DARK)


def robot(head: Head) -> None:
    head.brush.capsule([head.at(0, -0.9), head.at(0, -1.36)], 0.1, mix(head.look.top, (255, 255, 255), 0.3), rim=0)
    head.dot(0, -1.42, (0.18, 0.18), head.look.accent, depth=0)
    head.shape([(-1.02, -0.86), (1.02, -0.86), (1.02, 0.8), (-1.02, 0.8)], mix(head.look.top, (255, 255, 255), 0.22),
               soften=0.26)  # fmt: skip
    screen = [(-0.76, -0.5), (0.76, -0.5), (0.76, 0.38), (-0.76, 0.38)]
    head.brush.polygon([head.at(x, y, depth=0.3) for x, y in screen], (32, 42, 60), soften=0.18, rim=0)
    for side in (-1, 1):
        head.dot(side * 0.36, -0.06, (0.18, 0.18), (122, 238, 204), depth=0.5)


def helmet(head: Head) -> None:
    head.dot(-1.0, 0.05, (0.24, 0.26), head.look.accent, depth=0, rim=0.5)
    head.dot(0, 0, (1.08, 1.06), (240, 240, 238), depth=0, rim=1)
    visor = [(-0.72, -0.5), (0.72, -0.5), (0.76, 0.46), (-0.76, 0.46)]
    head.shape(visor, (210, 96, 62), depth=0.5, soften=0.2)
    glint = [head.at(x, y, depth=0.5) for x, y in ((-0.4, -0.28), (-0.1, -0.38), (0.2, -0.38))]
    head.brush.capsule(glint, 0.1, (255, 232, 214), rim=0)


HEADS: dict[str, Callable[[Head], None]] = {
    "bob": bob,
    "ponytail": ponytail,
    "bun": bun,
    "afro": afro,
    "fox": fox,
    "robot": robot,
    "helmet": helmet,
}
