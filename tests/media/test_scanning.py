"""Scanning: clips labelled cut, black, frozen or none; the film strip; and clips that are no clips."""

import io
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.media.labelled import DRAWN, SOURCES, Frames, Labelled, defocused, generated, labelled
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


# The last ones were drawn once the detectors were finished.
@pytest.mark.parametrize(
    ("scenes", "seeds"),
    [
        (DRAWN, range(60)),
        (tuple(generated(name) for name in SOURCES), range(24)),
        ((*DRAWN, *map(generated, SOURCES)), range(2000, 2040)),
    ],
)
def test_cuts_black_and_frozen_ranges_are_found_and_nothing_else(scenes: Scenes, seeds: range) -> None:
    missed, wrong, labels = [], [], 0
    for seed in seeds:
        made = labelled(seed, scenes)
        found = scanned(made.clip, made.seconds)
        right = [each for each in found if is_it(made, each)]
        labels += made.label != "none"
        if made.label != "none" and not right:
            missed.append(f"{made.note}: {made.start:.2f} to {made.end:.2f}, found {found}")
        if set(found) - set(right):
            wrong.append(f"{made.note}: {made.start:.2f} to {made.end:.2f}, found {found}")
    recall, false_alarms = 1 - len(missed) / labels, len(wrong) / len(seeds)
    assert recall >= 0.95, missed
    assert false_alarms <= 0.05, wrong


def test_a_blurred_range_of_a_clip_with_a_varying_rate_is_found_on_its_own_times() -> None:
    made = defocused(1)
    found = scanned(made.clip, made.seconds)
    assert len(found) == 1, found
    assert is_it(made, found[0]), found


def test_the_walk_of_the_samples_has_no_finding() -> None:
    walk = Path(__file__).parents[2] / "static/samples/walk.mp4"
    assert scanned(walk.read_bytes(), 5.0) == []
