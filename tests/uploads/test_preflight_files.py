"""Preflight by real files: each rule of the media table by one that breaks it and one that just does not."""

import io
from random import Random
from typing import Any

import pytest
from PIL import Image

from tests.media.clips import clip
from wanstudio.keys import in_force
from wanstudio.uploads.models import Source
from wanstudio.uploads.preflight import findings
from wanstudio.uploads.queries import probe_file


def picture(kind: str, size: tuple[int, int], quality: int = 92) -> bytes:
    file = io.BytesIO()
    grain = Image.frombytes("L", (64, 64), Random(1).randbytes(64 * 64)).resize(size, Image.Resampling.NEAREST)
    grain.convert("RGB").save(file, kind, quality=quality)
    return file.getvalue()


def codes(kind: Source.Kind, file: bytes) -> list[str]:
    facts = probe_file(kind, io.BytesIO(file))[0]
    character, motion = (facts, None) if kind == Source.Kind.CHARACTER else (None, facts)
    return [each.code for each in findings(character, motion, "animate", in_force.model().inputs)]


@pytest.mark.parametrize(
    ("code", "breaking", "passing"),
    [
        ("picture_small", ("PNG", (199, 300)), ("PNG", (200, 300))),
        ("picture_large", ("PNG", (4097, 2000)), ("PNG", (4096, 2000))),
        ("picture_ratio", ("PNG", (601, 200)), ("PNG", (600, 200))),
        ("picture_webp", ("WEBP", (300, 300)), ("PNG", (300, 300))),
        ("picture_compressed", ("JPEG", (640, 640), 2), ("JPEG", (640, 640), 95)),
    ],
)
def test_rules_of_pictures_by_files(code: str, breaking: tuple[Any, ...], passing: tuple[Any, ...]) -> None:
    assert codes(Source.Kind.CHARACTER, picture(*breaking)) == [code]
    assert codes(Source.Kind.CHARACTER, picture(*passing)) == []


GOOD = clip(1.0, fps=2, size=(200, 200))
CLIPS = {
    "clip_small": (clip(1.0, fps=2, size=(198, 200)), GOOD),
    "clip_large": (clip(0.5, fps=2, size=(2050, 800)), clip(0.5, fps=2, size=(2048, 800))),
    "clip_ratio": (clip(1.0, fps=2, size=(602, 200)), clip(1.0, fps=2, size=(600, 200))),
    "clip_fps": (clip(0.2, fps=60, size=(200, 200)), clip(0.2, fps=30, size=(200, 200))),
    "clip_codec": (clip(1.0, fps=2, size=(200, 200), codec="mpeg4"), GOOD),
    "clip_drift": (clip(31.0, fps=1, size=(200, 200)), clip(30.0, fps=1, size=(200, 200))),
}


@pytest.mark.parametrize("code", CLIPS)
def test_rules_of_clips_by_files(code: str) -> None:
    breaking, passing = CLIPS[code]
    assert codes(Source.Kind.MOTION, breaking) == [code]
    assert codes(Source.Kind.MOTION, passing) == []


@pytest.mark.parametrize("behaviour", ["animate", "replace"])
def test_rule_of_both_shapes_by_files(behaviour: str) -> None:
    motion = probe_file(Source.Kind.MOTION, io.BytesIO(GOOD))[0]
    for size, found in (((300, 335), [f"ratio_{behaviour}"]), ((300, 325), [])):
        character = probe_file(Source.Kind.CHARACTER, io.BytesIO(picture("PNG", size)))[0]
        assert [each.code for each in findings(character, motion, behaviour, in_force.model().inputs)] == found
