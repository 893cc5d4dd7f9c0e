"""Scanning: one pass over the pictures of a clip, in an isolated process: a film strip, its cuts, and ranges without
a picture that motion could be taken from.
"""

import base64
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from wanstudio.media import isolated
from wanstudio.media.errors import MediaError, MediaProblem
from wanstudio.media.isolated import Work

# Two minutes at 1080p take a twentieth of it. One at a time: no one waits for it, and jobs need the processor.
SCANNING = Work("wanstudio.media.scanning.scan_process", cpu_s=300, wall_s=600.0, slots=1)
KINDS = ("black", "frozen", "blurred")
MAX_FOUND = 1000
MAX_COUNT, MAX_SIDE = 60, 1024


@dataclass(frozen=True)
class Range:
    """Seconds as players count them."""

    kind: str
    start: float
    end: float


@dataclass(frozen=True)
class Scanned:
    """`strip`: a JPEG of `count` pictures side by side, each `width` by `height` pixels. `cuts` in seconds."""

    strip: bytes
    width: int
    height: int
    count: int
    cuts: list[float]
    ranges: list[Range]


def scan(source: Path, seconds: float) -> Scanned:
    """What is in a clip that lasts so long. Raises MediaError, and FetchError BUSY while another clip is scanned."""
    message = isolated.run(SCANNING, {"source": str(source), "seconds": seconds})
    match message:
        case {
            "strip": str(strip),
            "size": [int(width), int(height), int(count)],
            "cuts": list(cuts),
            "ranges": list(found),
        }:
            bounded = 0 < count <= MAX_COUNT and 0 < min(width, height) <= max(width, height) <= MAX_SIDE
            ranges = [Range(kind, start, end) for kind, start, end in found if kind in KINDS]
            times = [*cuts, *(time for each in ranges for time in (each.start, each.end))]
            if bounded and len(times) <= 3 * MAX_FOUND and all(_is_time(time) for time in times):
                return Scanned(base64.b64decode(strip), width, height, count, cuts, ranges)
    # A compromised decoder can report it.
    raise MediaError(MediaProblem.UNREADABLE)


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and isfinite(value) and value >= 0
