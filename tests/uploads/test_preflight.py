"""Preflight: each rule of the media table by a pair of files that breaks it and one that just does not."""

from dataclasses import replace
from typing import Any

import pytest

from wanstudio.keys import in_force
from wanstudio.uploads.models import Facts
from wanstudio.uploads.preflight import Finding, findings
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


@pytest.mark.parametrize(("width", "differs"), [(1000, True), (990, False), (820, False), (810, True)])
def test_shapes_that_differ_are_worded_for_the_behaviour(width: int, differs: bool) -> None:
    picture = replace(PICTURE, width=width)
    assert [(each.code, each.fix) for each in found("animate", picture)] == [("ratio_animate", "replace")] * differs
    assert [(each.code, each.fix) for each in found("replace", picture)] == [("ratio_replace", "animate")] * differs


def test_only_what_is_sent_of_a_long_clip_counts() -> None:
    long, inputs = replace(CLIP, duration=60.0), in_force.model().inputs
    assert [each.code for each in findings(None, long, "animate", inputs)] == ["clip_drift"]
    assert findings(None, long, "animate", inputs, 12.0) == []


def test_warnings_come_before_hints_and_every_rule_has_its_sentence() -> None:
    levels = [finding.level for finding in found(picture=replace(PICTURE, format="WEBP", width=100))]
    assert levels == sorted(levels, key=list(Level).index)
    assert set(levels) == set(Level)
    for level, fact, consequence in PREFLIGHT.values():
        assert level in Level
        assert fact.endswith(".")
        assert consequence.endswith(".")
