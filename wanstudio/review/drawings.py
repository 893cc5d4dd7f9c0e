"""Drawings on a frame: lines, arrows and boxes as numbers from 0 to 1 of the picture, never as markup."""

import json
from collections.abc import Sequence
from math import isfinite
from typing import TypedDict

MAX_TEXT = 30_000
MAX_SHAPES = 30
MAX_POINTS = 300
# What an arrow goes from and to, and two corners of a box; a line has more points.
KINDS = {"line": MAX_POINTS, "arrow": 2, "box": 2}
NAMES = {"line": "line at {}", "arrow": "arrow to {}", "box": "box around {}"}
_ROWS, _COLUMNS = ("top", "", "bottom"), ("left", "", "right")
MAX_NAMED = 4

Point = list[float]


class UnreadableDrawing(Exception):
    """What was posted is no drawing, or too large for one."""


class Shape(TypedDict):
    kind: str
    points: list[Point]


def read(text: str) -> list[Shape]:
    """The shapes of a posted text, with nothing else in them. Raises UnreadableDrawing for anything but a drawing."""
    if not text:
        return []
    try:
        found = json.loads(text) if len(text) <= MAX_TEXT else None
    except (ValueError, RecursionError):
        raise UnreadableDrawing from None
    if not isinstance(found, list) or len(found) > MAX_SHAPES:
        raise UnreadableDrawing
    return [_shape(each) for each in found]


def _shape(found: object) -> Shape:
    match found:
        case {"kind": str(kind), "points": [_, _, *_] as points} if len(points) <= KINDS.get(kind, 0):
            return {"kind": kind, "points": [_point(each) for each in points]}
    raise UnreadableDrawing


def _point(found: object) -> Point:
    match found:
        case [float() | int() as x, float() | int() as y] if not isinstance(x, bool) and not isinstance(y, bool):
            if isfinite(x) and isfinite(y) and 0 <= x <= 1 and 0 <= y <= 1:
                return [round(float(x), 4), round(float(y), 4)]
    raise UnreadableDrawing


def described(shapes: Sequence[Shape]) -> str:
    """A description in words: `arrow to the top left, box around the centre`; empty without shapes."""
    named = [NAMES[shape["kind"]].format(f"the {_place(shape)}") for shape in shapes[:MAX_NAMED]]
    if more := len(shapes) - len(named):
        named.append(f"{more} more")
    return ", ".join(named)


def _place(shape: Shape) -> str:
    """In thirds of the picture: where an arrow points, the middle of anything else."""
    points = shape["points"][-1:] if shape["kind"] == "arrow" else shape["points"]
    x, y = (sum(axis) / len(axis) for axis in zip(*points, strict=True))
    place = f"{_ROWS[min(2, int(y * 3))]} {_COLUMNS[min(2, int(x * 3))]}".strip()
    return place or "centre"
