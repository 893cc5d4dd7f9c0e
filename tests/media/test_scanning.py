"""Scanning: clips labelled cut, black, frozen or none; the film strip; and clips that are no clips."""

import base64
import io
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import av
import pytest
from PIL import Image, ImageColor

from tests.media.clips import patched
from tests.media.labelled import DRAWN, SIZE, SOURCES, Frames, Labelled, defocused, encoded, generated, labelled, living
from tests.media.test_cutting import UPRIGHT, upright_again
from wanstudio.media.pictures.frames import TRANSPOSES
from wanstudio.media.scanning import sampling
from wanstudio.media.scanning.clip_scan import scan_clip
from wanstudio.media.scanning.sampling import decoded

NEAR_S = 0.35
Matrix = tuple[int, ...]
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


CORNERS = ("red", "lime", "blue", "yellow")


def quartered(matrix: Matrix) -> bytes:
    """4 s that players show as four colours, the red one at the upper left, and black from 1 to 2 s."""
    width, height = (160, 96)
    shown = Image.new("RGB", (width, height))
    for number, colour in enumerate(CORNERS):
        at = (number % 2 * width // 2, number // 2 * height // 2)
        shown.paste(colour, (*at, at[0] + width // 2, at[1] + height // 2))
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as made:
        stored = upright_again(shown, matrix)
        stream = made.add_stream("libx264", 20, {"crf": "18"})
        stream.width, stream.height, stream.pix_fmt = *stored.size, "yuv420p"
        for number in range(80):
            picture = Image.new("RGB", stored.size) if 20 <= number < 40 else stored.copy()
            # A line that moves, so that nothing else is frozen.
            line = number * 3 % (stored.width - 8)
            picture.paste("black", (line, 0, line + 8, stored.height))
            frame = av.VideoFrame.from_image(picture)  # type: ignore[no-untyped-call]
            frame.pts, frame.time_base = number, Fraction(1, 20)
            made.mux(stream.encode(frame))
        made.mux(stream.encode(None))
    one = 0x10000
    a, b, c, d = (sign * one for sign in matrix)
    return patched(file.getvalue(), "tkhd", 40, struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 0x40000000))


@pytest.mark.parametrize("matrix", [UPRIGHT, *TRANSPOSES])
def test_a_turned_or_mirrored_clip_is_scanned_as_players_show_it(matrix: Matrix) -> None:
    found: dict[str, Any] = dict(scan_clip(io.BytesIO(quartered(matrix)), 4.0))
    strip = Image.open(io.BytesIO(base64.b64decode(str(found["strip"])))).convert("RGB")
    width, height, count = found["size"]
    assert (strip.width, strip.height) == (width * count, height)
    assert width / height == pytest.approx(160 / 96, abs=0.02)
    # The last cell: the line is at an edge, or narrow beside what is looked at.
    for number, colour in enumerate(CORNERS):
        seen: list[Any] = [
            strip.getpixel((cell * width + width * (1 + 2 * (number % 2)) // 4, height * (1 + 2 * (number // 2)) // 4))
            for cell in (*range(count // 5), *range(count * 4 // 5, count))
        ]
        wanted = ImageColor.getrgb(colour)
        near = [all(abs(one - other) < 70 for one, other in zip(each, wanted, strict=True)) for each in seen]
        # Of some of them the line hides it.
        assert sum(near) > len(near) / 2, (colour, seen[:3])
    assert found["cuts"] == []
    ((kind, start, end),) = found["ranges"]
    assert (kind, start, end) == ("black", pytest.approx(1.0, abs=0.11), pytest.approx(2.0, abs=0.11))


def long_clip(rate: int, gop: str) -> bytes:
    """20 s that change all over all the time, with a cut at 7.5 s and black from 12.2 to 12.8 s."""
    random = Random(7)
    scenes = [living(random, rate), living(random, rate)]
    frames = [next(scenes[at >= 7.5 * rate]) for at in range(20 * rate)]
    for at in range(round(12.2 * rate), round(12.8 * rate)):
        frames[at] = Image.new("RGB", SIZE)
    return encoded(frames, rate, 26, options={"g": gop, "preset": "veryfast"})


@pytest.mark.parametrize("gop", ["30", "120"])
def test_of_a_clip_that_takes_too_long_the_groups_that_tell_most_are_decoded(
    gop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = long_clip(30, gop)
    monkeypatch.setattr(sampling, "AFFORDABLE_BITS", len(clip) * 8 * 0.6)
    monkeypatch.setattr(sampling, "_PIXEL_BITS", 0)
    with av.open(io.BytesIO(clip), "r") as source:
        packets = [(packet.size, packet.is_keyframe) for packet in source.demux(video=0) if packet.size]
    chosen = decoded(packets, SIZE[0] * SIZE[1], 20.0)
    assert 0.2 < sum(chosen) / len(chosen) < 0.65

    found = scanned(clip, 20.0)

    assert [kind for kind, *_ in found] == ["cut", "black"], found
    assert [at for _, *times in found for at in times] == pytest.approx([7.5, 7.5, 12.2, 12.8], abs=0.01)


def test_a_clip_that_takes_less_is_decoded_whole() -> None:
    assert all(decoded([(33_000, at % 30 == 0) for at in range(3600)], 1920 * 1080, 120.0))


@pytest.mark.parametrize(
    ("bytes_each", "size"), [(67_000, (1920, 1080)), (83_000, (1920, 1080)), (170_000, (3840, 2160))]
)
def test_so_much_is_decoded_of_two_minutes_at_the_most(bytes_each: int, size: tuple[int, int]) -> None:
    """16 and 20 Mbit/s at 1080p, and 4K, each at 30 frames a second."""
    pixels = size[0] * size[1]
    chosen = decoded([(bytes_each, at % 30 == 0) for at in range(3600)], pixels, 120.0)
    spent = sum(chosen) * (8 * bytes_each + pixels * sampling._PIXEL_BITS)
    assert 0.9 < spent / sampling.AFFORDABLE_BITS <= 1.0
