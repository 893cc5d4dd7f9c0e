"""The sample character, the sample clip, and the pictures made from them."""

import math
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from tools.samples import scenery
from tools.samples.figure import SHIN, THIGH, Look, Pose, draw_figure, leg_joints
from tools.samples.film import write_film
from tools.samples.paint import Light

MIRA = Look(skin=(232, 170, 136), hair=(44, 28, 34), top=(208, 58, 72), legs=(46, 42, 66), garment="coat", head="bob")
WALKER = Look(
    skin=(182, 114, 80), hair=(40, 28, 28), top=(112, 120, 134), legs=(40, 40, 48), garment="shirt", head="ponytail"
)
INES = Look(
    skin=(226, 160, 126), hair=(92, 44, 44), top=(96, 100, 206), legs=(40, 32, 52), garment="hoodie", head="bun"
)
SOL = Look(skin=(132, 78, 58), hair=(38, 24, 32), top=(42, 148, 122), legs=(40, 136, 114), garment="suit", head="afro")
KIT = Look(
    skin=(226, 122, 56), hair=(0, 0, 0), top=(222, 172, 58), legs=(60, 58, 88), garment="coat", head="fox",
    shoes=(44, 42, 66), accent=(222, 172, 58),
)  # fmt: skip
OTTO = Look(
    skin=(108, 170, 188), hair=(0, 0, 0), top=(108, 170, 188), legs=(76, 118, 140), garment="robot", head="robot",
    shoes=(60, 90, 110), accent=(240, 190, 100),
)  # fmt: skip
NOVA = Look(
    skin=(240, 240, 238), hair=(0, 0, 0), top=(234, 234, 234), legs=(222, 222, 226), garment="space", head="helmet",
    shoes=(232, 130, 70), accent=(232, 138, 78),
)  # fmt: skip
STANDING = Pose(arms=((-34, 22), (34, -22)), legs=((-10, -10), (10, 10)))
DUSK_LIGHT = Light((255, 190, 120), side=1, strength=0.75)

CLIP_S = 5.0
FPS = 30
CLIP_SIZE = (720, 1280)
STRIDES = 3
STRIDE_ANGLE = 20.0
WALK_SHARE = 0.82
# The clip starts in the middle of a stride: its first frame is what most players show before they play.
START_SHARE = 0.195


def draw_all(folder: Path) -> None:
    """Writes every file of `static/samples/` into `folder`."""
    mira = draw_mira()
    mira.save(folder / "mira.png", optimize=True)
    _thumb(mira, (50, 160, 598, 708)).save(folder / "mira-thumb.jpg", quality=86)
    write_film(folder / "walk.mp4", walk_frames(), FPS, CLIP_S)
    first = next(walk_frames())
    first.resize((405, 720), Image.Resampling.LANCZOS).save(folder / "walk.jpg", quality=84)
    _thumb(first, (30, 380, 690, 1040)).save(folder / "walk-thumb.jpg", quality=86)
    _thumb(draw_result(), (90, 330, 630, 870)).save(folder / "result-thumb.jpg", quality=86)
    draw_evening().save(folder / "evening.jpg", quality=82, optimize=True, progressive=True)


def draw_mira() -> Image.Image:
    # As narrow as the clip: a sample of another shape would begin with a warning.
    picture = scenery.coral((648, 1152))
    _stand(picture, MIRA, STANDING, (324, 1056), 96, Light((255, 226, 214), strength=0.5))
    return picture


def walk_frames() -> Iterator[Image.Image]:
    """A walk to the right, a turn, and back: the last frame leads into the first."""
    background = scenery.street(CLIP_SIZE)
    unit, ground = 78, 1180
    for index in range(round(CLIP_S * FPS)):
        share = index / FPS / CLIP_S + START_SHARE
        frame = background.copy()
        _stand(
            frame, WALKER, walking(share), (CLIP_SIZE[0] / 2 + place(share) * unit, ground), unit, Light(strength=0.4)
        )
        yield frame


def place(share: float) -> float:
    """Where the walker is (units from the middle) at a share of the walk there and back: an even pace, eased."""
    half, within = divmod(share % 1.0 * 2, 1.0)
    reach = STRIDES * 2 * (THIGH + SHIN) * math.sin(math.radians(STRIDE_ANGLE)) * 0.92
    return (1 if half == 0 else -1) * reach * (_walked(within) - 0.5)


def walking(share: float) -> Pose:
    """The pose at a share (0…1, wraps) of the walk there and back."""
    half, within = divmod(share % 1.0 * 2, 1.0)
    facing = 1.0 if half == 0 else -1.0
    phase = _walked(within) * STRIDES * math.pi
    turning = max(0.0, (within - WALK_SHARE) / (1 - WALK_SHARE))
    turn = facing * math.cos(math.pi * turning)
    step = math.sin(math.pi * 2 * turning) * 12
    legs, arms = [], []
    for sign in (1, -1):
        thigh = STRIDE_ANGLE * sign * math.sin(phase)
        swinging = max(0.0, sign * math.cos(phase)) if turning == 0 else 0.0
        bend = 7 + 40 * swinging**2 * min(1.0, 8 * _walked(within) * (1 - _walked(within)))
        bend += max(0.0, sign * step) * 2
        thigh += max(0.0, sign * step)
        legs.append((turn * thigh, turn * (thigh - bend)))
        swing = -1.2 * thigh + 4
        arms.append((turn * swing, turn * (swing + 18 - 10 * sign * math.sin(phase))))
    return Pose(
        lean=turn * 3.5,
        tilt=turn * -2 + 1.5 * math.sin(phase * 2),
        turn=turn,
        arms=(arms[0], arms[1]),
        legs=(legs[0], legs[1]),
        front_arms=frozenset({0 if turn >= 0 else 1}),
    )


def _walked(within: float) -> float:
    """The share of the way that is done; eased at both ends, so that the walk starts and stops instead of snapping."""
    pace = min(1.0, within / WALK_SHARE)
    return pace - 0.35 * math.sin(2 * math.pi * pace) / (2 * math.pi)


def draw_result() -> Image.Image:
    """Mira walking at dusk: what the sample leads to, as the studio's first page promises it."""
    picture = scenery.dusk((720, 1280))
    _stand(picture, MIRA, walking(0.2), (360, 1130), 84, DUSK_LIGHT)
    return picture


def draw_evening() -> Image.Image:
    picture = scenery.dusk((1440, 1800))
    raised = Pose(lean=-2, arms=((-8, -6), (160, 172)), legs=((-6, -4), (6, 6)))
    swaying = Pose(lean=-9, tilt=4, arms=((-58, -2), (76, 158)), legs=((-12, -38), (30, 8)))
    floating = Pose(
        lean=3, tilt=6, arms=((-94, -150), (64, 140)), legs=((-20, -26), (14, 4)), front_arms=frozenset({0, 1})
    )
    leaping = Pose(lean=2, arms=((-130, -148), (128, 154)), legs=((-52, 30), (52, -32)), front_arms=frozenset({0, 1}))
    waving = Pose(arms=((-132, -146), (120, 132)), legs=((-24, -22), (12, 12)))
    prancing = Pose(
        lean=5, tilt=-2, arms=((-146, -164), (118, 158)), legs=((-14, 4), (4, 10)), front_arms=frozenset({0, 1})
    )
    _stand(picture, NOVA, floating, (340, 1600), 56, DUSK_LIGHT)
    _stand(picture, OTTO, waving, (1120, 1600), 58, DUSK_LIGHT)
    _stand(picture, SOL, leaping, (910, 1640), 57, DUSK_LIGHT, rise=1.7)
    _stand(picture, INES, swaying, (190, 1724), 60, DUSK_LIGHT)
    _stand(picture, KIT, prancing, (1250, 1716), 62, DUSK_LIGHT)
    _stand(picture, MIRA, raised, (620, 1750), 76, DUSK_LIGHT)
    return picture


def _stand(
    picture: Image.Image,
    look: Look,
    pose: Pose,
    at: tuple[float, float],
    unit: float,
    light: Light,
    *,
    rise: float = 0.0,
) -> None:
    """Draws a figure whose lower foot is on the ground at `at` (pixels), or `rise` units above it."""
    lowest = max(joint[2][1] for joint in leg_joints(pose)) + 0.37
    figure, (hip_x, hip_y) = draw_figure(look, pose, unit, light)
    scenery.shadow(picture, (at[0], at[1] - 0.1 * unit), (1.5 * unit, 0.3 * unit), 0.5 / (1 + rise))
    top = at[1] - (lowest + rise) * unit - hip_y
    picture.paste(figure, (round(at[0] - hip_x), round(top)), figure)


def _thumb(picture: Image.Image, box: tuple[int, int, int, int]) -> Image.Image:
    return picture.crop(box).resize((176, 176), Image.Resampling.LANCZOS)
