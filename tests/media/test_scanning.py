"""Scanning: clips labelled cut, black, frozen or none; the film strip; and clips that are no clips."""

import io
from collections.abc import Callable
from random import Random

import pytest

from tests.media.labelled import DRAWN, SOURCES, Frames, Labelled, generated, labelled
from wanstudio.media.scanning.clip_scan import scan_clip

NEAR_S = 0.35
Scenes = tuple[Callable[[Random, int], Frames], ...]


def scanned(clip: bytes, seconds: float) -> list[tuple[str, float, float]]:
    found = scan_clip(io.BytesIO(clip), seconds)
    cuts, ranges = found["cuts"], found["ranges"]
    assert isinstance(cuts, list)
    assert isinstance(ranges, list)
    return [("cut", at, at) for at in cuts] + ranges


def is_it(made: Labelled, found: tuple[str, float, float]) -> bool:
    kind, start, end = found
    return kind == made.label and abs(start - made.start) < NEAR_S and abs(end - made.end) < NEAR_S


@pytest.mark.parametrize(("scenes", "count"), [(DRAWN, 60), (tuple(generated(name) for name in SOURCES), 24)])
def test_cuts_black_and_frozen_ranges_are_found_and_nothing_else(scenes: Scenes, count: int) -> None:
    missed, wrong, labels = [], [], 0
    for seed in range(count):
        made = labelled(seed, scenes)
        found = scanned(made.clip, made.seconds)
        right = [each for each in found if is_it(made, each)]
        labels += made.label != "none"
        if made.label != "none" and not right:
            missed.append(f"{made.note}: {made.start:.2f} to {made.end:.2f}, found {found}")
        if set(found) - set(right):
            wrong.append(f"{made.note}: {made.start:.2f} to {made.end:.2f}, found {found}")
    recall, false_alarms = 1 - len(missed) / labels, len(wrong) / count
    assert recall >= 0.95, missed
    assert false_alarms <= 0.05, wrong
