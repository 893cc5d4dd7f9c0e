"""Cutting: the part of a clip between two times as a separate file, frame-exact, in an isolated process.

The file is what it measures: no seconds behind an edit list, the index in front, upright, square pixels, H.264 and AAC.
"""

from pathlib import Path

from wanstudio.media import isolated
from wanstudio.media.isolated import Work

MAX_SIDE = 2048
"""Of what is made, in pixels: beyond it a provider may refuse a clip, and an encoder needs too much memory."""
# A cut of two minutes at 1080p and 60 frames a second takes a tenth of that on two cores.
CUTTING = Work("wanstudio.media.cutting.cut_process", cpu_s=900, wall_s=900.0, slots=2)
# One at a time on a machine, and no one waits for it: what is paid for is cut meanwhile.
CONVERTING = Work(
    "wanstudio.media.cutting.cut_process", cpu_s=1800, wall_s=2400.0, slots=1, pool="converting", wait_s=0.0
)


def cut(source: Path, target: Path, start: float, end: float) -> None:
    """Writes the part from `start` to `end` (seconds as players count them) into a new file. Raises MediaError.

    It lasts as long as the handles say, to the millisecond; what was in `target` is gone. A crash leaves a part of it.
    """
    isolated.run(CUTTING, _request(source, target, (start, end)))


def convert(source: Path, target: Path, seconds: float) -> None:
    """The same with the whole of a clip of so many seconds. Raises FetchError BUSY, too, during another conversion."""
    isolated.run(CONVERTING, _request(source, target, (0.0, seconds)))


def _request(source: Path, target: Path, part: tuple[float, float]) -> dict[str, object]:
    return {"source": str(source), "target": str(target), "start": part[0], "end": part[1]}
