"""Preflight: each rule of the media table by a pair of files that breaks it and one that just does not."""

from dataclasses import replace
from typing import Any

import pytest

from wanstudio.keys import in_force
from wanstudio.uploads.cuts import sent_facts
from wanstudio.uploads.models import Facts
from wanstudio.uploads.preflight import Finding, Sent, findings
from wanstudio.uploads.trims import Trim
from wanstudio.uploads.words import PREFLIGHT, Level

PICTURE = Facts("JPEG", 900, 1600, size_bytes=900_000)
CLIP = Facts("mp4", 720, 1280, size_bytes=9_000_000, duration=14.2, fps=30.0, codec="h264")


def found(behaviour: str = "animate", picture: Facts | None = PICTURE, clip: Facts | None = CLIP) -> list[Finding]:
    return findings(picture, clip, behaviour, in_force.model().inputs)


def test_good_pair_has_no_finding() -> None:
    assert found() == []
    assert found("replace") == []
    assert found(picture=None, clip=None) == []


@pytest.mark.parametrize(
    ("code", "breaking", "passing"),
    [
        ("picture_small", {"width": 199, "height": 300}, {"width": 200, "height": 300}),
        ("picture_large", {"width": 2400, "height": 4097}, {"width": 2400, "height": 4096}),
        ("picture_ratio", {"width": 300, "height": 901}, {"width": 300, "height": 900}),
        ("picture_webp", {"format": "WEBP"}, {"format": "PNG"}),
        ("picture_compressed", {"size_bytes": 100_000}, {"size_bytes": 130_000}),
    ],
)
def test_rules_of_pictures(code: str, breaking: dict[str, Any], passing: dict[str, Any]) -> None:
    assert code in [finding.code for finding in found(picture=replace(PICTURE, **breaking), clip=None)]
    assert found(picture=replace(PICTURE, **passing), clip=None) == []


@pytest.mark.parametrize(
    ("code", "breaking", "passing"),
    [
        ("clip_small", {"width": 64, "height": 64}, {"width": 200, "height": 200}),
        ("clip_large", {"width": 3840, "height": 2160}, {"width": 2048, "height": 1152}),
        ("clip_ratio", {"width": 1201, "height": 400}, {"width": 1200, "height": 400}),
        ("clip_codec", {"codec": "hevc"}, {"codec": "h264"}),
        ("clip_codec", {"codec": "xyz9"}, {"codec": ""}),
        ("clip_fps", {"fps": 59.94}, {"fps": 30.003}),
        ("clip_drift", {"duration": 30.5}, {"duration": 30.0}),
    ],
)
def test_rules_of_clips(code: str, breaking: dict[str, Any], passing: dict[str, Any]) -> None:
    assert [finding.code for finding in found(picture=None, clip=replace(CLIP, **breaking))] == [code]
    assert found(picture=None, clip=replace(CLIP, **passing)) == []


def test_codec_of_what_is_encoded_anew_is_no_longer_its_own() -> None:
    """A part is cut, and a WebM is sent as MP4: only the whole of an HEVC clip in MP4 is sent as it is."""
    hevc, webm = replace(CLIP, codec="hevc", conversion="shown"), replace(CLIP, codec="vp9", conversion="sent")
    whole, part = sent_facts(hevc, None), sent_facts(hevc, Trim(1, 6))
    codes = [[each.code for each in found(clip=clip)] for clip in (whole, part, sent_facts(webm, None))]  # type: ignore[arg-type]
    assert codes == [["clip_codec"], [], []]


@pytest.mark.parametrize(("width", "differs"), [(1000, True), (990, False), (820, False), (810, True)])
def test_shapes_that_differ_are_worded_for_the_behaviour(width: int, differs: bool) -> None:
    picture = replace(PICTURE, width=width)
    assert [(each.code, each.fix) for each in found("animate", picture)] == [("ratio_animate", "replace")] * differs
    assert [(each.code, each.fix) for each in found("replace", picture)] == [("ratio_replace", "animate")] * differs


def test_only_what_is_sent_of_a_long_clip_counts() -> None:
    long, inputs = replace(CLIP, duration=60.0), in_force.model().inputs
    assert [each.code for each in findings(None, long, "animate", inputs)] == ["clip_drift"]
    assert findings(None, long, "animate", inputs, Sent(20, 32)) == []


def test_warnings_come_before_hints_and_every_rule_has_its_sentence() -> None:
    levels = [finding.level for finding in found(picture=replace(PICTURE, format="WEBP", width=100))]
    assert levels == sorted(levels, key=list(Level).index)
    assert set(levels) == set(Level)
    for level, fact, consequence in PREFLIGHT.values():
        assert level in Level
        assert fact.endswith(".")
        assert consequence.endswith(".")


def in_frames(sent: Sent, behaviour: str = "animate") -> list[Finding]:
    return findings(None, CLIP, behaviour, in_force.model().inputs, sent)


@pytest.mark.parametrize(
    ("cuts", "ranges", "code", "label", "keep"),
    [
        ([13.0], [], "clip_cut", "Cut out the last 1.2 s", (0, 13.0)),
        ([2.0], [], "clip_cut", "Cut out the first 2.0 s", (2.0, 14.2)),
        ([3.0, 9.0], [], "clip_cuts", "Keep 3.0 to 9.0 s", (3.0, 9.0)),
        ([], [("black", 0.0, 1.5)], "clip_black", "Cut out the first 1.5 s", (1.5, 14.2)),
        ([], [("black", 4.0, 5.0), ("black", 13.2, 14.2)], "clip_black", "Cut out the last 1.0 s", (0, 13.2)),
        ([], [("frozen", 12.2, 14.2)], "clip_frozen", "Cut out the last 2.0 s", (0, 12.2)),
        ([], [("frozen", 5.0, 7.0)], "clip_frozen", "", None),
        ([], [("blurred", 0.0, 2.0)], "clip_blurred", "Cut out the first 2.0 s", (2.0, 14.2)),
        ([], [("black", 0.0, 14.2)], "clip_black", "", None),
    ],
)
def test_what_is_in_the_frames_is_said_with_the_part_that_is_without_it(
    cuts: list[float], ranges: list[Any], code: str, label: str, keep: tuple[float, float] | None
) -> None:
    sent = Sent(0, 14.2, cuts, ranges)
    [finding] = in_frames(sent)
    assert (finding.code, finding.cut, finding.trim and (finding.trim.start, finding.trim.end)) == (code, label, keep)
    if keep:
        # One click is enough, but for what is in the middle.
        assert not any(each.trim for each in in_frames(replace(sent, start=keep[0], end=keep[1])))


def test_only_frames_of_the_part_that_is_sent_count() -> None:
    sent = Sent(4.0, 9.0, [2.0, 4.0, 9.0, 12.0], [("black", 0.0, 4.0), ("frozen", 9.0, 14.2), ("blurred", 3.0, 4.1)])
    assert in_frames(sent) == []
    assert [each.code for each in in_frames(replace(sent, end=10.0))] == ["clip_cut", "clip_frozen"]


def test_a_cut_is_worded_for_the_behaviour() -> None:
    animate, replaced = (in_frames(Sent(0, 14.2, [3.2]), behaviour)[0] for behaviour in ("animate", "replace"))
    assert animate.fact == "The clip has a cut at 3.2 s."
    assert animate.consequence.startswith("Wan follows one continuous shot:")
    assert animate.consequence != replaced.consequence
